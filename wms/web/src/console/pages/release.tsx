import { ActionIcon, Button, Group, Modal, NumberInput, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { t, tFull, word } from "../../lib/i18n.ts";
import { useCommand, useMethods, useRead, type ChannelFilter, type Promised, type ReleaseBoard, type ReleaseChannel, type Trucks } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { minutes, number, time } from "../format.ts";
import { Left } from "../left.tsx";
import { Figure, Panel, Rows, Said, State } from "../parts.tsx";
import { open } from "../url.ts";

/** What flows to the floor by itself, what holds it back, and which trucks are at risk. */
export default function ReleasePage({ me }: PageProps) {
  const board = useRead<ReleaseBoard>(["release"], "/release-channels", 5000);
  const trucks = useRead<Trucks>(["promises"], "/promises", 10_000);
  const may = me.roles.includes("supervisor");
  return (
    <div className="grid">
      {board.data && <FloorRoom board={board.data} />}
      <Channels board={board.data} problem={board.error} may={may} />
      <div className="columns">
        <div><Panel title={t("console.trucks")}><TruckRows trucks={trucks.data} /></Panel></div>
        <div><Panel title={t("console.at_risk")}><AtRisk rows={trucks.data?.at_risk} /></Panel></div>
      </div>
    </div>
  );
}

function FloorRoom({ board: { floor, room, pace } }: { board: ReleaseBoard }) {
  const held = room.reason !== "";
  return (
    <Panel title={t("console.floor_now")}>
      <div className="figures wide">
        <Figure value={held ? t("console.full") : number(room.orders)} label={held ? t(`console.held_${room.reason}`, { now: room.now, limit: room.limit }) : t("console.room_for")} tone={held ? "warn" : ""} />
        <Figure value={number(floor.under_way)} label={t("console.under_way_of", { limit: 2 * Math.max(floor.carts_total, 1) * floor.slots })} bar={floor.under_way / (2 * Math.max(floor.carts_total, 1) * floor.slots)} />
        <Figure value={number(floor.picked)} label={t("console.waits_for_bench", { count: floor.benches })} />
        <Figure value={number(floor.carts_to_move)} label={t("console.carts_to_move")} />
        <Figure value={pace.per_h > 0 ? number(pace.per_h) : "–"} label={t("console.orders_per_h")} />
        <Figure value={minutes(pace.pick_s)} label={t("console.pick_takes")} />
        <Figure value={minutes(pace.pack_s)} label={t("console.pack_takes")} />
      </div>
    </Panel>
  );
}

function Channels({ board, problem, may }: { board: ReleaseBoard | undefined; problem: ReturnType<typeof useRead>["error"]; may: boolean }) {
  const command = useCommand();
  const [edited, edit] = useState<ReleaseChannel | null>(null);
  const put = (c: ReleaseChannel, change: Partial<ReleaseChannel>): void => command.mutate(save({ ...c, ...change }));
  return (
    <Panel title={t("console.channels")} aside={may ? <Button onClick={() => edit(FRESH)}>{t("console.new_channel")}</Button> : undefined}>
      <Said problem={command.error} />
      <Rows
        name="channels" rows={board?.channels} problem={problem} id={(c) => c.code} height="40vh"
        columns={[
          { key: "seq", title: t("console.sequence"), right: true, cell: (c) => c.seq },
          { key: "code", title: t("console.channel"), cell: (c) => <Text fw={600} size="sm">{c.code}</Text> },
          { key: "mode", title: t("console.mode"), cell: (c) => (c.mode === "wave" ? t("console.mode_wave_lead", { minutes: c.lead_min }) : t("console.mode_stream")) },
          { key: "takes", title: t("console.takes"), wrap: true, cell: (c) => takes(c.filter) },
          { key: "waiting", title: t("console.waiting"), right: true, cell: (c) => number(c.waiting) },
          { key: "under", title: t("console.under_way"), right: true, cell: (c) => (c.wip_max > 0 ? `${number(c.under_way)} / ${number(c.wip_max)}` : number(c.under_way)) },
          { key: "cutoff", title: t("console.cutoff"), right: true, cell: (c) => (c.next_cutoff_at === null ? "–" : <Left due={c.next_cutoff_at} />) },
          {
            key: "state", title: t("field.status"),
            cell: (c) => may
              ? <SegmentedControl size="xs" aria-label={t("field.status")} value={c.state} onChange={(to) => put(c, to === "asleep" ? { state: "asleep", wakes_at: inAnHour() } : { state: to as ReleaseChannel["state"] })}
                  data={["open", "locked", "asleep"].map((s) => ({ value: s, label: s === "asleep" && c.wakes_at !== null ? t("console.asleep_until", { time: time(c.wakes_at) }) : t(`console.channel_${s}`) }))} />
              : <State value={c.state} />,
          },
          { key: "act", title: "", right: true, cell: (c) => may && <ActionIcon variant="default" aria-label={t("console.change")} onClick={() => edit(c)}>✎</ActionIcon> },
        ]}
      />
      <Modal opened={edited !== null} onClose={() => edit(null)} title={edited?.code || t("console.new_channel")} centered>
        {edited && <Edit channel={edited} onDone={() => edit(null)} />}
      </Modal>
    </Panel>
  );
}

const FRESH: ReleaseChannel = { code: "", seq: 50, mode: "stream", state: "open", wakes_at: null, filter: {}, wip_max: 0, lead_min: 0, method: "cluster", waiting: 0, under_way: 0, next_cutoff_at: null };
const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

const save = ({ code, seq, mode, state, wakes_at, filter, wip_max, lead_min, method }: ReleaseChannel) =>
  ({ method: "PUT" as const, path: `/release-channels/${encodeURIComponent(code)}`, body: { seq, mode, state, wakes_at, filter, wip_max, lead_min, method } });

function takes(f: ChannelFilter): string {
  const parts = [f.carriers, f.channels, f.countries, f.zones].flatMap((x) => (x === undefined ? [] : [x.join(", ")]));
  if (f.priority_max !== undefined) parts.push(t("console.priority_to", { priority: f.priority_max }));
  if (f.lines_max !== undefined) parts.push(t("console.lines_to", { lines: f.lines_max }));
  return parts.length === 0 ? t("console.takes_all") : parts.join(" · ");
}

const words = (text: string): string[] => text.split(",").map((x) => x.trim()).filter((x) => x !== "");

function Edit({ channel, onDone }: { channel: ReleaseChannel; onDone: () => void }) {
  const [c, set] = useState(channel);
  const methods = useMethods();
  const command = useCommand();
  const filter = (change: ChannelFilter): void => set({ ...c, filter: { ...c.filter, ...change } });
  const list = (name: "carriers" | "channels" | "countries" | "zones") => (
    <TextInput key={name} label={t(`console.filter_${name}`)} placeholder={t("console.takes_all")} defaultValue={(c.filter[name] ?? []).join(", ")} onChange={(e) => filter({ [name]: words(e.currentTarget.value) })} />
  );
  const limit = (name: "priority_max" | "lines_max") => (
    <NumberInput label={t(`console.filter_${name}`)} min={name === "lines_max" ? 1 : 0} value={c.filter[name] ?? ""} onChange={(v) => { const { [name]: _, ...rest } = c.filter; set({ ...c, filter: v === "" ? rest : { ...rest, [name]: Number(v) } }); }} />
  );
  return (
    <form onSubmit={(event) => { event.preventDefault(); command.mutate(save(c), { onSuccess: onDone }); }}>
      <Stack gap="xs">
        <Group grow>
          <TextInput label={t("console.channel")} required disabled={channel.code !== ""} value={c.code} onChange={(e) => set({ ...c, code: e.currentTarget.value })} maxLength={60} pattern="[A-Za-z0-9_\-]+" />
          <NumberInput label={t("console.sequence")} min={0} value={c.seq} onChange={(v) => set({ ...c, seq: Number(v) })} />
        </Group>
        <Group grow>
          <Select label={t("console.mode")} allowDeselect={false} value={c.mode} onChange={(v) => set({ ...c, mode: v as ReleaseChannel["mode"] })} data={[{ value: "stream", label: t("console.mode_stream") }, { value: "wave", label: t("console.mode_wave") }]} />
          {c.mode === "wave"
            ? <NumberInput label={t("console.lead_min")} min={1} value={c.lead_min || ""} onChange={(v) => set({ ...c, lead_min: Number(v) })} />
            : <NumberInput label={t("console.wip_max")} min={0} value={c.wip_max} onChange={(v) => set({ ...c, wip_max: Number(v) })} />}
        </Group>
        <Select label={t("console.method")} allowDeselect={false} value={c.method} onChange={(v) => set({ ...c, method: v as ReleaseChannel["method"] })} data={methods} />
        <Group grow>{list("carriers")}{list("countries")}</Group>
        <Group grow>{list("channels")}{list("zones")}</Group>
        <Group grow>{limit("priority_max")}{limit("lines_max")}</Group>
        <Said problem={command.error} />
        <Group justify="space-between">
          {channel.code !== "" ? <Button variant="outline" color="red" onClick={() => command.mutate({ method: "DELETE", path: `/release-channels/${encodeURIComponent(c.code)}` }, { onSuccess: onDone })}>{t("console.delete")}</Button> : <span />}
          <Button type="submit" color="dark" loading={command.isPending} data-testid="save-channel">{t("console.save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}

function TruckRows({ trucks }: { trucks: Trucks | undefined }) {
  return (
    <Rows
      name="trucks" rows={trucks?.trucks} id={(x) => `${x.carrier}/${x.cutoff_at}`} height="42vh"
      columns={[
        { key: "carrier", title: t("field.carrier"), cell: (x) => <Text fw={600} size="sm">{x.carrier}</Text> },
        { key: "cutoff", title: t("console.cutoff"), right: true, cell: (x) => time(x.cutoff_at) },
        { key: "left", title: t("console.left"), right: true, cell: (x) => <Left due={x.cutoff_at} /> },
        { key: "bar", title: t("console.progress"), cell: (x) => <Verdicts {...x} /> },
        { key: "makes", title: t("console.verdict_makes"), right: true, cell: (x) => number(x.makes) },
        { key: "tight", title: t("console.verdict_tight"), right: true, cell: (x) => (x.tight > 0 ? <span className="soon">{number(x.tight)}</span> : "0") },
        { key: "misses", title: t("console.verdict_misses"), right: true, cell: (x) => (x.misses > 0 ? <span className="late">{number(x.misses)}</span> : "0") },
      ]}
    />
  );
}

function Verdicts({ makes, tight, misses }: { makes: number; tight: number; misses: number }) {
  const all = makes + tight + misses || 1;
  return (
    <div className="share" style={{ minWidth: 160 }} aria-hidden="true">
      <i style={{ width: `${(100 * makes) / all}%`, background: "#7d8d9c" }} />
      <i style={{ width: `${(100 * tight) / all}%`, background: "#f08c00" }} />
      <i style={{ width: `${(100 * misses) / all}%`, background: "#c92a2a" }} />
    </div>
  );
}

function AtRisk({ rows }: { rows: Promised[] | undefined }) {
  return (
    <Rows
      name="at-risk" rows={rows} id={(p) => p.order_id} height="42vh" narrow onOpen={(p) => open("orders", { order: p.order_id })}
      columns={[
        { key: "ref", title: t("field.order"), cell: (p) => p.ref },
        { key: "verdict", title: "", cell: (p) => <Verdict value={p.verdict} /> },
        { key: "why", title: t("console.why"), wrap: true, cell: (p) => why(p) },
      ]}
    />
  );
}

export function Verdict({ value }: { value: Promised["verdict"] }) {
  return <span className={value === "misses" ? "late" : value === "tight" ? "soon" : ""}>{t(`console.verdict_${value}`)}</span>;
}

/** What takes the time, the longest first. */
export const why = (p: Promised): string =>
  p.reasons.slice(0, 3).map((r) => tFull(`promise.${r.code}`, { time: r.seconds === null ? "–" : minutes(r.seconds), count: r.count }) ?? word("promise", r.code)).join(" · ");
