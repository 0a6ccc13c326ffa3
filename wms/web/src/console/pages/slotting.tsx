import { Button, Checkbox, Group, Loader, NumberInput, SegmentedControl, Select, Stack, Switch, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useCommand, useFloor, useRead } from "../api.ts";
import type { PageProps } from "../app.tsx";
import type { Spot, Walk } from "../floor-canvas.ts";
import { FloorMap } from "../floor-map.tsx";
import { metres, minutes, number, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { Figure, Panel, Rows, Said, State } from "../parts.tsx";
import { useParam } from "../url.ts";

interface Proposal {
  id: string;
  state: string;
  created_at: string;
  planned_at: string | null;
  budget: number;
  horizon_days: number;
  lane_size: number;
  before_mm?: number;
  after_mm?: number;
  saved_mm?: number;
  reach_saved_mm?: number;
  saved_h?: number;
  walk_mm?: number;
  refused?: Record<string, number>;
  why_none?: string;
}

interface Move {
  id: string;
  group: number;
  seq: number;
  sku: string;
  name: string;
  qty_each: number;
  from: string;
  to: string;
  saving_mm: number;
  walk_mm: number;
  net_mm: number;
  why: string;
  state: string;
  ended_why: string;
}

interface Proposed extends Proposal {
  /** Location to picks a day before and after. */
  heat: Record<string, [number, number]>;
  moves: Move[];
}

interface Policy {
  budget: number;
  horizon_days: number;
  peak: boolean;
  lane_size: number;
  lane: { skus: number; lines: number; change_pct: number | null } | null;
}

/** From seldom to often: one hue, darker with every step, told apart without colour sight. */
const HEAT = ["#fdf0d5", "#f9d59b", "#f2ae5c", "#dd7f2b", "#b2530f", "#7a3103"];

/** Picks on the floor before and after, what moving would save, and the moves to approve. */
export default function SlottingPage({ me }: PageProps) {
  const list = useRead<Proposal[]>(["slotting", "proposals"], "/slotting/proposals", 5000);
  const [asked, ask] = useParam("proposal");
  if (list.data === undefined) return list.error ? <Said problem={list.error} /> : <Loader color="gray" />;
  const id = asked !== "" ? asked : list.data[0]?.id ?? "";
  const may = me.roles.includes("supervisor");
  return <Shown key={id} id={id} list={list.data} ask={ask} may={may} />;
}

interface ShownProps {
  id: string;
  list: Proposal[];
  ask: (id: string) => void;
  may: boolean;
}

function Shown({ id, list, ask, may }: ShownProps) {
  const floor = useFloor();
  const read = useRead<Proposed>(["slotting", "proposal", id || "none"], id === "" ? "/slotting/proposals" : `/slotting/proposals/${id}`, 5000);
  const [when, setWhen] = useState("after");
  const [hovered, hover] = useState<Spot | undefined>();
  const [chosen, choose] = useState("");
  const data = id === "" ? undefined : read.data;
  const heat = data?.heat;
  const kept = JSON.stringify(heat ?? {});
  const shade = useMemo(() => shades(JSON.parse(kept) as Proposed["heat"], when === "after" ? 1 : 0), [kept, when]);
  const move = data?.moves.find((m) => m.id === chosen);
  const way = useMemo(() => wayOf(floor.data?.locations ?? [], move), [floor.data, move?.id]);
  return (
    <div className="map slotting" data-testid="slotting">
      <div className="sheet">
        {floor.data && <FloorMap floor={floor.data} vehicles={[]} chosen={move?.to ?? ""} onChoose={(at) => choose(data?.moves.find((m) => m.to === at || m.from === at)?.id ?? "")} onHover={hover} shade={shade} walk={way} />}
        <div className="legend">
          <SegmentedControl size="xs" value={when} onChange={setWhen} aria-label={t("console.picks_by_place")} data={[{ value: "before", label: t("console.before") }, { value: "after", label: t("console.after") }]} />
          <span>{t("console.seldom")}</span>
          {HEAT.map((color) => <i key={color} style={{ background: color }} />)}
          <span>{t("console.often")}</span>
          <small data-testid="spot">{said(hovered, heat)}</small>
        </div>
      </div>
      <aside>
        <Stack gap="sm">
          <Head list={list} id={id} ask={ask} may={may} />
          {data && <Sum data={data} />}
          {data && data.moves.length > 0 && <Moves key={data.state} data={data} may={may} chosen={chosen} choose={choose} />}
          <Rules may={may} />
        </Stack>
      </aside>
    </div>
  );
}

/** Colour of a spot by the picks of all its levels; one scale for before and after, so that they may be compared. */
function shades(heat: Proposed["heat"], side: 0 | 1): (spot: Spot) => string | undefined {
  const sums = (spot: Spot, at: 0 | 1): number => spot.places.reduce((sum, p) => sum + (heat[p.code]?.[at] ?? 0), 0);
  const most = Math.max(1e-9, ...Object.values(heat).flat());
  return (spot) => {
    const picks = sums(spot, side);
    return picks <= 0 ? undefined : HEAT[Math.min(HEAT.length - 1, Math.floor(Math.sqrt(picks / most) * (HEAT.length - 0.01)))];
  };
}

function said(spot: Spot | undefined, heat: Proposed["heat"] | undefined): string {
  if (spot === undefined || heat === undefined) return t("console.heat_hint");
  return spot.places.filter((p) => heat[p.code] !== undefined).map((p) => `${p.code} ${number(heat[p.code]![0], 1)} → ${number(heat[p.code]![1], 1)}`).join(" · ") || spot.places.map((p) => p.code).join(" · ");
}

function wayOf(places: { code: string; x_mm: number; y_mm: number }[], move: Move | undefined): Walk | undefined {
  const [from, to] = [move?.from, move?.to].map((code) => places.find((p) => p.code === code));
  if (from === undefined || to === undefined) return undefined;
  return { path: [[from.x_mm, from.y_mm], [to.x_mm, to.y_mm]], at: [] };
}

function Head({ list, id, ask, may }: ShownProps) {
  const command = useCommand<{ proposal_id: string }>();
  return (
    <div>
      <Group align="end" wrap="nowrap" grow preventGrowOverflow={false}>
        {list.length > 0 && (
          <Select label={t("console.proposal")} value={id} onChange={(value) => value !== null && ask(value)} allowDeselect={false}
            data={list.map((p) => ({ value: p.id, label: `${time(p.created_at)} · ${word("state", p.state)}` }))} />
        )}
        {may && <Button color="dark" data-testid="propose" loading={command.isPending} onClick={() => command.mutate({ path: "/slotting/proposals" }, { onSuccess: (made) => ask(made.proposal_id) })}>{t("console.propose")}</Button>}
      </Group>
      <Said problem={command.error} />
      {list.length === 0 && <Text c="dimmed" mt="sm">{t("console.no_proposal")}</Text>}
    </div>
  );
}

function Sum({ data }: { data: Proposed }) {
  if (data.saved_mm === undefined) {
    if (data.state !== "planning") return null;
    return <Group gap="xs"><Loader color="gray" size="sm" /><Text>{t("console.proposal_is_made")}</Text></Group>;
  }
  if (data.moves.length === 0) return <Text>{inWords(data.why_none ?? "")}</Text>;
  const before = data.before_mm ?? 0;
  return (
    <div className="figures" data-testid="slotting-sum">
      <Figure value={metres(data.saved_mm)} label={t("console.saved_a_day")} />
      <Figure value={minutes(3600 * (data.saved_h ?? 0))} label={t("console.hands_a_day")} title={t("console.of_it_reach", { reach: metres(data.reach_saved_mm ?? 0) })} />
      <Figure value={before > 0 ? `−${number((100 * data.saved_mm) / before, 1)} %` : "–"} label={t("console.of_walk", { walk: metres(before) })} />
      <Figure value={number(data.moves.length)} label={t("console.moves_of", { budget: data.budget })} />
      <Figure value={metres(data.walk_mm ?? 0)} label={t("console.moves_walk")} />
      <Figure value={data.saved_mm > 0 ? number((data.walk_mm ?? 0) / data.saved_mm, 1) : "–"} label={t("console.paid_back")} />
    </div>
  );
}

function Moves({ data, may, chosen, choose }: { data: Proposed; may: boolean; chosen: string; choose: (id: string) => void }) {
  const command = useCommand();
  const groups = useMemo(() => [...new Set(data.moves.map((m) => m.group))], [data.id, data.moves.length]);
  const [left, setLeft] = useState<number[]>([]);
  const asked = groups.filter((g) => !left.includes(g));
  const open = data.state === "planned" && may;
  const count = data.moves.filter((m) => asked.includes(m.group)).length;
  return (
    <Panel title={t("console.moves")} aside={<State value={data.state} />}>
      <Said problem={command.error} />
      {open && (
        <Group mb="sm" grow>
          <Button variant="default" loading={command.isPending} onClick={() => command.mutate({ path: `/slotting/proposals/${data.id}/dismiss` })}>{t("console.discard")}</Button>
          <Button color="dark" data-testid="approve-moves" loading={command.isPending} disabled={count === 0} onClick={() => command.mutate({ path: `/slotting/proposals/${data.id}/approve`, body: { groups: asked } })}>{t("console.approve_moves", { count })}</Button>
        </Group>
      )}
      <Rows
        name="moves" rows={data.moves} id={(m) => m.id} height="46vh" narrow marked={(m) => m.id === chosen} onOpen={(m) => choose(m.id === chosen ? "" : m.id)}
        columns={[
          { key: "sku", title: t("field.sku"), cell: (m) => <Text fw={600} size="sm">{m.sku}</Text> },
          ...(open ? [{ key: "take", title: "", cell: (m: Move) => m.seq === 1 && (
            <span onClick={(event) => event.stopPropagation()}>
              <Checkbox size="xs" color="dark" aria-label={t("console.take_group", { group: m.group })} checked={!left.includes(m.group)} onChange={(e) => setLeft(e.currentTarget.checked ? left.filter((g) => g !== m.group) : [...left, m.group])} />
            </span>
          ) }] : []),
          { key: "way", title: t("console.from_to"), wrap: true, cell: (m) => <><b>{m.from}</b> → <b>{m.to}</b><br /><small className="whys">{inWords(m.why)}{m.ended_why !== "" && <em> · {inWords(m.ended_why)}</em>}</small></> },
          { key: "saving", title: t("console.m_a_day"), right: true, cell: (m) => number(m.saving_mm / 1000, 1) },
          ...(open ? [] : [{ key: "state", title: t("field.status"), cell: (m: Move) => <State value={m.state} /> }]),
        ]}
      />
    </Panel>
  );
}

function Rules({ may }: { may: boolean }) {
  const policy = useRead<Policy>(["slotting", "policy"], "/slotting/policy", 30_000);
  const command = useCommand();
  if (policy.data === undefined) return null;
  const now = policy.data;
  const save = (change: Partial<Policy>): void => {
    const { budget, horizon_days, peak, lane_size } = { ...now, ...change };
    command.mutate({ method: "PUT", path: "/slotting/policy", body: { budget, horizon_days, peak, lane_size } });
  };
  const field = (name: "budget" | "horizon_days" | "lane_size", max: number): React.ReactNode => (
    <NumberInput key={`${name}${now[name]}`} label={t(`console.slot_${name}`)} size="xs" min={1} max={max} defaultValue={now[name]} disabled={!may} onBlur={(e) => {
      const value = Number(e.currentTarget.value);
      if (value >= 1 && value <= max && value !== now[name]) save({ [name]: value });
    }} />
  );
  return (
    <Panel title={t("console.slot_rules")}>
      <Said problem={command.error} />
      <Group grow mb="sm">{field("budget", 2000)}{field("horizon_days", 180)}{field("lane_size", 1000)}</Group>
      <Switch color="dark" label={t("console.slot_peak")} data-testid="peak" checked={now.peak} disabled={!may || command.isPending} onChange={(e) => save({ peak: e.currentTarget.checked })} />
      <Text size="sm" c="dimmed" mt={6}>{lane(now)}</Text>
    </Panel>
  );
}

function lane(now: Policy): string {
  if (now.lane === null) return t("console.slot_peak_hint", { count: now.lane_size });
  if (now.lane.change_pct === null) return t("console.lane_no_picks", { count: now.lane.skus });
  return t("console.lane_change", { change: number(now.lane.change_pct, 1), lines: now.lane.lines });
}
