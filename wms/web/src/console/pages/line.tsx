import { Text } from "@mantine/core";
import { t, word } from "../../lib/i18n.ts";
import { useRead, type LineStage, type PackLine } from "../api.ts";
import { number, span } from "../format.ts";
import { Figure, Panel, Rows, Said } from "../parts.tsx";

const GOAL = 2000;

/** Each pack line's last 15 minutes: its pace, where it is held up, what went round or out, and why. */
export default function LinePage() {
  const lines = useRead<PackLine[]>(["pack-lines"], "/pack-lines", 5_000);
  if (lines.error) return <Said problem={lines.error} />;
  if (lines.data?.length === 0) return <Text c="dimmed">{t("console.no_line")}</Text>;
  return <div className="grid">{lines.data?.map((line) => <Line key={line.code} line={line} />)}</div>;
}

function Line({ line }: { line: PackLine }) {
  const round = line.round.reduce((sum, r) => sum + r.count, 0);
  const out = line.rejected.reduce((sum, r) => sum + r.count, 0);
  const held = line.bottleneck.stage !== "";
  return (
    <Panel title={line.code} aside={<Text size="sm" c="dimmed">{t("console.last_15_min")}</Text>}>
      <div className={`neck ${held ? "held" : ""}`} role="status" data-testid={`neck-${line.code}`}>{said(line)}</div>
      <div className="figures wide">
        <Figure value={number(line.per_hour)} label={t("console.labelled_per_hour")} tone={held && line.per_hour < GOAL ? "bad" : ""} bar={line.per_hour / GOAL} title={t("console.line_goal", { goal: number(GOAL) })} />
        <Figure value={number(round)} label={t("console.went_round")} />
        <Figure value={number(out)} label={t("console.went_out")} tone={out > 0.05 * Math.max(20, line.labelled) ? "warn" : ""} />
        <Figure value={number(line.no_reads)} label={t("console.tunnel_no_reads")} />
      </div>
      <div className="line-stages" data-testid={`stages-${line.code}`}>
        {line.stages.map((s) => <Stage key={s.name} stage={s} device={{ weigh: line.dws, label: line.printer, sort: line.sorter }[s.name]} held={line.bottleneck.stage === s.name} />)}
      </div>
      <div className="bars" aria-hidden title={t("console.labelled_by_minute")}>
        {line.minutes.map((n, i) => <i key={i} style={{ height: `${(100 * n) / Math.max(1, ...line.minutes)}%` }} />)}
      </div>
      <div className="axis"><span>−15 min</span><span>{t("console.labelled_by_minute")}</span><span>{t("console.now")}</span></div>
      <div className="pair" style={{ marginTop: 14 }}>
        <Reasons title={t("console.went_round")} name={`round-${line.code}`} rows={line.round} />
        <Reasons title={t("console.went_out")} name={`out-${line.code}`} rows={line.rejected} />
      </div>
    </Panel>
  );
}

function said(line: PackLine): string {
  const { stage, why } = line.bottleneck;
  if (why === "alarm") return t("line.alarm", { alarms: Object.keys(line.alarms).map((a) => a.replaceAll("_", " ")).join(", "), device: line.sorter });
  const s = line.stages.find((one) => one.name === stage);
  if (s === undefined) return t("line.none");
  const known = { stage: word("line_stage", stage), waiting: number(s.waiting), oldest: span(1000 * s.oldest_s), pace: number(s.pace_s, 1), busy: Math.round(100 * s.busy) };
  return why === "waits" ? t("line.waits", known) : t("line.busy", known);
}

function Stage({ stage, device, held }: { stage: LineStage; device: string; held: boolean }) {
  return (
    <div className={`line-stage ${held ? "held" : ""}`}>
      <b>{word("line_stage", stage.name)}</b> <small>{device}</small>
      <div className="level"><i style={{ width: `${100 * stage.busy}%` }} /></div>
      <small>{t(stage.pace_s ? "line.stage" : "line.done", { done: number(stage.done), pace: number(stage.pace_s, 1), busy: Math.round(100 * stage.busy) })}</small>
      <small className={stage.waiting > 0 && held ? "soon" : ""}>{stage.waiting === 0 ? t("line.nothing_waits") : t("line.waiting", { waiting: number(stage.waiting), oldest: span(1000 * stage.oldest_s) })}</small>
    </div>
  );
}

function Reasons({ title, name, rows }: { title: string; name: string; rows: PackLine["round"] }) {
  return (
    <div>
      <Text fw={600} size="sm" mb={4}>{title}</Text>
      <Rows
        name={name} rows={rows} id={(r) => r.reason} height="34vh" narrow
        columns={[
          { key: "reason", title: t("console.reason"), cell: (r) => word("line_reason", r.reason) },
          { key: "count", title: t("console.parcels"), right: true, cell: (r) => number(r.count) },
        ]}
      />
    </div>
  );
}
