import { Text } from "@mantine/core";
import { t, word } from "../../lib/i18n.ts";
import { useCommand, useRead, type Labour } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { minutes, number } from "../format.ts";
import { Act, Panel, Rows, Said } from "../parts.tsx";
import { siteHour } from "../site-time.ts";

/** People that the open work needs, hour by hour; what work took against its standard. About work, not about people. */
export default function LabourPage({ me }: PageProps) {
  const board = useRead<Labour>(["labour"], "/labour", 30_000);
  const learn = useCommand<{ changed: string[] }>();
  if (board.error) return <Said problem={board.error} />;
  const b = board.data;
  return (
    <div className="grid">
      <Panel title={t("console.people_needed")}>{b && <Crews board={b} />}</Panel>
      <div className="pair">
        <Panel title={t("console.against_standard", { hours: b?.hours_shown ?? 24 })}>
          <Rows
            name="performance" rows={b?.performance} id={(p) => `${p.kind}/${p.by}`} height="40vh"
            columns={[
              { key: "kind", title: t("console.work"), cell: (p) => <Text size="sm" fw={p.by === "" ? 600 : 400}>{p.by === "" ? word("flow", p.kind) : p.by}</Text> },
              { key: "tasks", title: t("console.done_tasks"), right: true, cell: (p) => number(p.tasks) },
              { key: "expected", title: t("console.expected"), right: true, cell: (p) => minutes(p.expected_s) },
              { key: "actual", title: t("console.actual"), right: true, cell: (p) => minutes(p.actual_s) },
              { key: "median", title: t("console.median_each"), right: true, cell: (p) => `${number(p.median_s, 1)} s` },
              { key: "ratio", title: t("console.of_standard"), right: true, cell: (p) => <b className={p.ratio < 0.75 ? "soon" : ""}>{Math.round(100 * p.ratio)} %</b> },
            ]}
          />
        </Panel>
        <Panel
          title={t("console.standards")}
          aside={me.roles.includes("supervisor") ? <Act label={t("console.learn_now")} busy={learn.isPending} onClick={() => learn.mutate({ path: "/labour/learn" })} /> : undefined}
        >
          <Said problem={learn.error} />
          {learn.data && <Text size="sm" c="dimmed" mb="xs">{learn.data.changed.length === 0 ? t("console.learned_nothing") : t("console.learned", { kinds: learn.data.changed.map((k) => word("flow", k)).join(", ") })}</Text>}
          <Rows
            name="standards" rows={b?.standards} id={(s) => s.kind} height="40vh"
            columns={[
              { key: "kind", title: t("console.work"), cell: (s) => <Text size="sm" fw={600}>{word("flow", s.kind)}</Text> },
              { key: "walk", title: t("console.walk_speed"), right: true, cell: (s) => (s.kind === "pick" ? `${number(s.walk_mm_s / 1000, 2)} m/s` : "–") },
              { key: "stop", title: t("console.per_stop"), right: true, cell: (s) => `${number(s.stop_s, 1)} s` },
              { key: "piece", title: t("console.per_piece"), right: true, cell: (s) => `${number(s.piece_s, 1)} s` },
              { key: "fixed", title: t("console.per_tour"), right: true, cell: (s) => (s.fixed_s > 0 ? `${number(s.fixed_s)} s` : "–") },
              { key: "samples", title: t("console.timings"), right: true, cell: (s) => (s.samples === 0 ? <span title={t("console.not_timed")}>–</span> : number(s.samples)) },
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}

function Crews({ board }: { board: Labour }) {
  if (board.crews.length === 0) return <Text c="dimmed">{t("console.no_work")}</Text>;
  const hours = board.crews[0]!.plan.map((h) => siteHour(Date.parse(board.started_at) + h.start_h * 3_600_000));
  const most = Math.max(1, ...board.crews.flatMap((c) => c.plan.map((h) => h.people)));
  return (
    <div className="crews" role="table" aria-label={t("console.people_needed")} data-testid="crews">
      <div role="row" className="crew head">
        <span role="columnheader">{t("console.work")}</span><span role="columnheader">{t("console.hours_of_work")}</span>
        {hours.map((h, i) => <span role="columnheader" key={i}>{String(h).padStart(2, "0")}</span>)}
      </div>
      {board.crews.map((c) => (
        <div role="row" className="crew" key={`${c.kind}/${c.zone}`}>
          <span role="rowheader"><b>{word("flow", c.kind)}</b> {c.zone}</span>
          <span role="cell">{number(c.hours, 1)} h</span>
          {c.plan.map((h) => (
            <span role="cell" key={h.start_h} className="cell" style={{ background: h.people === 0 ? "#f1f3f4" : `rgb(23 70 176 / ${0.15 + (0.6 * h.people) / most})`, color: h.people / most > 0.5 ? "#fff" : "#1c2126" }}>{h.people || ""}</span>
          ))}
        </div>
      ))}
      <div role="row" className="crew total">
        <span role="rowheader">{t("console.all_together")}</span>
        <span role="cell">{number(board.crews.reduce((sum, c) => sum + c.hours, 0), 1)} h</span>
        {board.together.map((n, i) => <span role="cell" key={i} className="cell">{n || ""}</span>)}
      </div>
    </div>
  );
}
