import { Button, Group, NumberInput, Select, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useCommand, useMethods, useRead, type PodStations, type PutWall, type Wave } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { Ask, type Question } from "../ask.tsx";
import { metres, number, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { Left, STAGES } from "../left.tsx";
import { Act, Panel, Rows, Said, State } from "../parts.tsx";
import { open, useParam } from "../url.ts";
import { Plan } from "./wave-plan.tsx";

const SHADES = ["#e3e7eb", "#d3d9df", "#c0c9d1", "#abb6c1", "#95a3b0", "#7d8d9c", "#667888", "#4d5f70"];

export default function WavesPage({ me }: PageProps) {
  const [wave] = useParam("wave");
  const may = me.roles.includes("supervisor");
  if (wave !== "") return <Plan id={wave} may={may} />;
  return <div className="grid"><Waves may={may} /><Walls /><Stations /></div>;
}

/** The put walls, slot by slot: a filled one may be packed, an outlined one still waits for a share. */
function Walls() {
  const walls = useRead<PutWall[]>(["put-walls"], "/put-walls", 5000);
  return (
    <>
      {walls.data?.map((w) => (
        <Panel key={w.wall} title={`${t("console.put_wall")} ${w.wall}`} aside={<Text size="sm" c="dimmed">{t("console.totes_before", { count: w.totes_waiting })}</Text>}>
          <div className="wall" data-testid={`wall-${w.wall}`}>
            {w.slots.map((s) => (
              <div key={s.slot} className={s.ready ? "slot ready" : s.order === "" ? "slot" : "slot waits"}>
                <small>{s.slot}</small>
                <b>{s.order || "–"}</b>
                <small>{s.order === "" ? t("console.slot_free") : s.ready ? t("console.slot_ready", { pieces: s.pieces }) : t("console.slot_waits", { pieces: s.pieces, shares: s.shares_left })}</small>
              </div>
            ))}
          </div>
        </Panel>
      ))}
    </>
  );
}

/** The stations that pods are brought to: totes as at a wall, and the pods that are called, here or leaving. */
function Stations() {
  const board = useRead<PodStations>(["goods-to-person"], "/goods-to-person", 5000);
  return (
    <>
      {board.data?.stations.map((s) => (
        <Panel key={s.station} title={`${t("console.g2p_station")} ${s.station}`} aside={<Text size="sm" c="dimmed">{t("console.g2p_waiting", { count: board.data.waiting })}</Text>}>
          <div className="wall" data-testid={`station-${s.station}`}>
            {s.totes.map((x) => (
              <div key={x.tote} className={x.order === "" ? "slot" : x.picks_left === 0 ? "slot ready" : "slot waits"}>
                <small>{x.tote}</small>
                <b>{x.order || "–"}</b>
                <small>{x.order === "" ? t(x.pieces > 0 ? "console.g2p_put_back" : "console.slot_free", { pieces: x.pieces }) : x.picks_left === 0 ? t("console.slot_ready", { pieces: x.pieces }) : t("console.g2p_tote", { pieces: x.pieces, left: x.picks_left })}</small>
              </div>
            ))}
          </div>
          <Group gap="lg" mt="sm" data-testid={`pods-${s.station}`}>
            <Text size="sm" c="dimmed">{t("console.pods")} {s.pods.length}/{s.pods_max}</Text>
            {s.pods.map((p) => (
              <Group key={p.pod} gap={6} title={inWords(p.why)}><Text size="sm" fw={600}>{p.pod}</Text><State value={p.state} />{p.picks > 0 && <Text size="sm">{t("console.g2p_picks", { count: p.picks })}</Text>}</Group>
            ))}
          </Group>
        </Panel>
      ))}
    </>
  );
}

function Waves({ may }: { may: boolean }) {
  const waves = useRead<Wave[]>(["waves"], "/waves");
  const command = useCommand();
  const [question, ask] = useState<Question | null>(null);
  return (
    <Panel title={t("page.waves")} aside={may ? <Release /> : undefined}>
      <Said problem={command.error} />
      <Rows
        name="waves"
        rows={waves.data}
        problem={waves.error}
        id={(w) => w.id}
        onOpen={(w) => open("waves", { wave: w.id })}
        columns={[
          { key: "name", title: t("console.wave"), cell: (w) => w.name },
          { key: "state", title: t("field.status"), cell: (w) => <State value={w.state} /> },
          { key: "orders", title: t("page.orders"), right: true, cell: (w) => number(w.orders) },
          { key: "walk", title: t("console.walk"), right: true, cell: (w) => (w.summary === null ? "–" : metres(w.summary.length_mm)) },
          { key: "progress", title: t("console.progress"), cell: (w) => <Share wave={w} /> },
          { key: "done", title: "%", right: true, cell: (w) => `${Math.round(100 * doneShare(w))}` },
          { key: "cutoff", title: t("console.cutoff"), right: true, cell: (w) => (w.cutoff_at === null || doneShare(w) === 1 ? "–" : <Left due={w.cutoff_at} />) },
          { key: "why", title: t("console.why"), wrap: true, cell: (w) => inWords(w.why) || "–" },
          { key: "created", title: t("console.released_at"), right: true, cell: (w) => time(w.created_at) },
          { key: "by", title: t("console.by"), cell: (w) => w.created_by },
          {
            key: "act", title: "", right: true,
            cell: (w) => may && doneShare(w) < 1 && !["done", "undone"].includes(w.state) && (
              <Group gap={6} justify="flex-end" wrap="nowrap">
                {w.state === "paused"
                  ? <Act label={t("console.resume")} onClick={() => command.mutate({ path: `/waves/${w.id}/resume` })} />
                  : <Act label={t("console.pause")} onClick={() => command.mutate({ path: `/waves/${w.id}/pause` })} />}
                <Act
                  label={t("console.undo")}
                  danger
                  onClick={() => ask({
                    title: t("console.undo_wave"), text: t("console.undo_wave_text", { name: w.name }), reason: t("field.reason"), danger: true,
                    command: (reason) => ({ path: `/waves/${w.id}/undo`, body: { reason } }),
                  })}
                />
              </Group>
            ),
          },
        ]}
      />
      <Ask question={question} onClose={() => ask(null)} />
    </Panel>
  );
}

const total = (w: Wave): number => Object.values(w.by_state).reduce((a, b) => a + b, 0);
const doneShare = (w: Wave): number => (total(w) === 0 ? 0 : ((w.by_state["shipped"] ?? 0) + (w.by_state["cancelled"] ?? 0)) / total(w));

/** The wave's orders by state, darker the further. */
function Share({ wave }: { wave: Wave }) {
  const all = total(wave) || 1;
  const parts = STAGES.filter((s) => (wave.by_state[s] ?? 0) > 0);
  return (
    <div className="share" style={{ minWidth: 180 }} role="img" aria-label={parts.map((s) => `${word("state", s)} ${wave.by_state[s]}`).join(", ")}>
      {[...parts].reverse().map((s) => (
        <i key={s} title={`${word("state", s)}: ${wave.by_state[s]}`} style={{ width: `${(100 * wave.by_state[s]!) / all}%`, background: SHADES[STAGES.indexOf(s)] }} />
      ))}
    </div>
  );
}

function Release() {
  const [name, setName] = useState("");
  const [limit, setLimit] = useState<number | string>(48);
  const [pieces, setPieces] = useState<number | string>("");
  const [method, setMethod] = useState("cluster");
  const methods = useMethods();
  const release = useCommand<{ wave_id: string | null }>();
  const plan = (draft: boolean): void => release.mutate({ path: "/waves", body: { name, limit: Number(limit), draft, method, pieces_max: Number(pieces) || 0 } }, {
    onSuccess: ({ wave_id }) => {
      setName("");
      if (draft && wave_id !== null) open("waves", { wave: wave_id });
    },
  });
  return (
    <form onSubmit={(event) => { event.preventDefault(); plan(true); }}>
      <Group gap="xs">
        <Said problem={release.error} />
        {release.data?.wave_id === null && <Text size="sm" c="dimmed">{t("console.nothing_waits")}</Text>}
        <TextInput data-filter aria-label={t("console.wave_name")} placeholder={t("console.wave_name")} required value={name} onChange={(e) => setName(e.currentTarget.value)} />
        <NumberInput aria-label={t("console.most_orders")} w={90} min={1} max={5000} value={limit} onChange={setLimit} />
        <NumberInput aria-label={t("console.most_pieces")} placeholder={t("console.most_pieces")} title={t("console.most_pieces_hint")} w={130} min={1} value={pieces} onChange={setPieces} />
        {methods.length > 1 && (
          <Select
            aria-label={t("console.method")} w={230} allowDeselect={false} value={method} onChange={(v) => setMethod(v ?? "cluster")}
            data={methods}
          />
        )}
        <Button type="submit" color="dark" loading={release.isPending} data-testid="plan-wave">{t("console.plan_wave")}</Button>
        <Button variant="default" disabled={name === ""} loading={release.isPending} onClick={() => plan(false)}>{t("console.release")}</Button>
      </Group>
    </form>
  );
}
