import { Button, Group, SegmentedControl, Text } from "@mantine/core";
import { useState } from "react";
import { t } from "../../lib/i18n.ts";
import { useRead } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { Ask, type Question } from "../ask.tsx";
import { number, time } from "../format.ts";
import { serverNow } from "../live.ts";
import { Act, Panel, Rows, State } from "../parts.tsx";
import { GOAL_PCT, type Month, type ReturnPolicy, type ReturnRow, type ReturnsBoard, type Scrap, type Stray, type Suspicion } from "../returns.ts";
import { money } from "../shipping.ts";
import { siteDay } from "../site-time.ts";
import { useParam } from "../url.ts";
import { Load, type Loadable } from "./customs-load.tsx";
import { OneReturn, Pictures } from "./returns-one.tsx";
import { FindOrder } from "./returns-shelf.tsx";

const OPEN = "held,labelling,authorised,at_bench";
const COLUMNS = "countries,value_min_cents,value_max_cents,weight_max_g,families,reasons,days_max,method,address,restock_pct,label_cents,service,house_label";

/** What a person must decide stands first; then the returns, then what they cost. */
export default function ReturnsPage({ me }: PageProps) {
  const [view, show] = useParam("view", "open");
  const [chosen, choose] = useParam("return", "");
  const rows = useRead<ReturnRow[]>(["returns", view], `/returns${view === "open" ? `?state=${OPEN}` : ""}`);
  const board = useRead<ReturnsBoard>(["returns", "board"], "/returns/board");
  const [question, ask] = useState<Question | null>(null);
  const [finding, find] = useState<Stray | null>(null);
  const b = board.data;
  const share = b && b.now.value_cents > 0 ? (100 * b.now.cost_cents) / b.now.value_cents : null;
  const boss = me.roles.includes("supervisor");
  const decide = (b?.flags.length ?? 0) + (b?.scrap.length ?? 0);
  return (
    <div className="grid">
      <div className="tiles">
        <Tile value={number(Object.values(b?.by_state ?? {}).reduce((sum, n) => sum + n, 0))} label={t("returns.open")} />
        <Tile value={number(b?.by_state["at_bench"] ?? 0)} label={t("returns.on_bench")} />
        <Tile value={number(b?.shelf.length ?? 0)} label={t("returns.on_shelf")} />
        <Tile value={number(b?.mending ?? 0)} label={t("returns.mending")} />
        <Tile value={number(decide)} label={t("returns.to_review")} tone={decide > 0 ? "warn" : ""} />
        <Tile value={share === null ? "–" : `${number(share, 1)} %`} label={t("returns.cost_share")} tone={share !== null && share > GOAL_PCT ? "bad" : ""} />
      </div>
      {(b?.flags.length ?? 0) > 0 && <Flags flags={b!.flags} currency={b!.currency} may={boss || me.roles.includes("finance")} ask={ask} open={choose} />}
      {(b?.scrap.length ?? 0) > 0 && <ScrapPanel scrap={b!.scrap} may={boss} ask={ask} open={choose} />}
      <Panel title={t("page.returns")} aside={<SegmentedControl size="xs" value={view} onChange={show} data={[{ value: "open", label: t("returns.open") }, { value: "all", label: t("returns.all") }]} />}>
        <Rows
          name="returns" rows={rows.data} problem={rows.error} id={(r) => r.id} onOpen={(r) => choose(r.id)} height="46vh" marked={(r) => r.state === "held"}
          columns={[
            { key: "number", title: t("returns.number"), cell: (r) => <b>{r.number}</b> },
            { key: "order", title: t("field.order"), cell: (r) => r.order_ref },
            { key: "state", title: t("field.status"), cell: (r) => <State value={r.state} /> },
            { key: "method", title: t("returns.method"), cell: (r) => (r.hold_code !== "" ? t(`error.${r.hold_code}`) : t(`returns.way_${r.method}`)) },
            { key: "reason", title: t("field.reason"), cell: (r) => t(`returns.for_${r.reason}`) },
            { key: "pieces", title: t("returns.pieces"), right: true, cell: (r) => (r.method === "keep" || r.state === "refused" ? "–" : `${number(r.received_each)} / ${number(r.qty_each)}`) },
            { key: "refund", title: t("returns.refund"), right: true, cell: (r) => (r.refund_cents > 0 ? money(r.refund_cents, r.currency) : "–") },
            { key: "cost", title: t("returns.cost"), right: true, cell: (r) => (r.cost_cents > 0 ? money(r.cost_cents, b?.currency ?? r.currency) : "–") },
            { key: "until", title: t("returns.until"), right: true, cell: (r) => (r.state === "authorised" ? time(r.expires_at) : time(r.closed_at)) },
          ]}
        />
      </Panel>
      <Shelf shelf={b?.shelf} boss={boss} ask={ask} find={find} />
      <Panel title={t("returns.by_month")}><Months months={b?.months ?? []} currency={b?.currency ?? "USD"} /></Panel>
      <Policy may={boss || me.roles.includes("admin")} />
      <Ask question={question} onClose={() => ask(null)} />
      <FindOrder stray={finding} onClose={() => find(null)} />
      <OneReturn id={chosen} currency={b?.currency ?? "USD"} may={boss || me.roles.includes("lead")} onClose={() => choose("")} />
    </div>
  );
}

function Tile({ value, label, tone = "" }: { value: string; label: string; tone?: string }) {
  return <div className={`tile ${tone}`}><b>{value}</b><small>{label}</small></div>;
}

interface Deciding {
  may: boolean;
  ask: (question: Question) => void;
  open: (id: string) => void;
}

function Flags({ flags, currency, may, ask, open }: Deciding & { flags: Suspicion[]; currency: string }) {
  const judge = (f: Suspicion, approve: boolean): void => ask({
    title: t(approve ? "returns.confirm" : "returns.clear"), text: t(approve ? "returns.confirm_text" : "returns.clear_text", { number: f.number }),
    reason: t("field.reason"), danger: approve, command: (note) => ({ path: `/returns/flags/${f.id}/review`, body: { approve, note } }),
  });
  return (
    <Panel title={t("returns.flags")}>
      <Rows
        name="return-flags" rows={flags} id={(f) => f.id} height="30vh" onOpen={(f) => open(f.rma_id)}
        columns={[
          { key: "number", title: t("returns.number"), cell: (f) => <b>{f.number}</b> },
          { key: "order", title: t("field.order"), cell: (f) => f.order },
          { key: "buyer", title: t("returns.buyer"), cell: (f) => <code>{f.buyer === "" ? "–" : f.buyer.slice(0, 8)}</code> },
          { key: "why", title: t("returns.why"), wrap: true, cell: (f) => f.reasons.map((r) => because(r, currency)).join("; ") },
          { key: "at", title: t("console.when"), right: true, cell: (f) => time(f.at) },
          {
            key: "act", title: "", right: true,
            cell: (f) => may && (
              <Group gap={6} justify="flex-end" wrap="nowrap">
                <Act label={t("returns.clear")} onClick={() => judge(f, false)} />
                <Act danger label={t("returns.confirm")} onClick={() => judge(f, true)} />
              </Group>
            ),
          },
        ]}
      />
    </Panel>
  );
}

const because = (r: Suspicion["reasons"][number], currency: string): string =>
  t(`returns.flag_${r.code}`, r.code === "value" ? { value: money(Number(r["value_cents"]), currency), limit: money(Number(r["limit_cents"]), currency) } : r);

function ScrapPanel({ scrap, may, ask, open }: Deciding & { scrap: Scrap[] }) {
  const decide = (s: Scrap, approve: boolean): void => ask({
    title: t(approve ? "console.approve" : "returns.keep_it"), reason: t("field.reason"), danger: approve,
    text: t(approve ? "returns.scrap_text" : "returns.keep_text", { qty: s.qty_each, sku: s.sku, value: money(s.value_cents, s.currency) }),
    command: (note) => ({ path: `/returns/items/${s.id}/scrap`, body: { approve, note } }),
  });
  return (
    <Panel title={t("returns.scrap")}>
      <Rows
        name="return-scrap" rows={scrap} id={(s) => s.id} height="24vh" onOpen={(s) => open(s.rma_id)}
        columns={[
          { key: "number", title: t("returns.number"), cell: (s) => <b>{s.number}</b> },
          { key: "sku", title: "SKU", cell: (s) => `${number(s.qty_each)} × ${s.sku}` },
          { key: "value", title: t("console.value"), right: true, cell: (s) => money(s.value_cents, s.currency) },
          { key: "reason", title: t("field.reason"), cell: (s) => t(`choice.${s.reason}`) },
          { key: "by", title: t("console.by"), cell: (s) => s.graded_by },
          {
            key: "act", title: "", right: true,
            cell: (s) => may && (
              <Group gap={6} justify="flex-end" wrap="nowrap">
                <Act label={t("returns.keep_it")} onClick={() => decide(s, false)} />
                <Act danger label={t("console.approve")} onClick={() => decide(s, true)} />
              </Group>
            ),
          },
        ]}
      />
    </Panel>
  );
}

function Shelf({ shelf, boss, ask, find }: { shelf: Stray[] | undefined; boss: boolean; ask: (q: Question) => void; find: (s: Stray) => void }) {
  const days = (s: Stray): number => Math.ceil((Date.parse(s.due_at) - Date.now()) / 86_400_000);
  return (
    <Panel title={t("returns.shelf")}>
      <Rows
        name="shelf" rows={shelf} id={(s) => s.id} height="30vh" marked={(s) => days(s) <= 0}
        columns={[
          { key: "number", title: t("returns.number"), cell: (s) => <b>{s.number}</b> },
          { key: "marks", title: t("returns.marks"), wrap: true, cell: (s) => s.marks },
          { key: "photo", title: t("returns.photos"), cell: (s) => <Pictures ids={s.photos} /> },
          { key: "at", title: t("console.received_on"), right: true, cell: (s) => time(s.at) },
          { key: "due", title: t("returns.may_go"), right: true, cell: (s) => (days(s) > 0 ? t("returns.days_left", { days: days(s) }) : <b className="soon">{t("returns.due")}</b>) },
          {
            key: "act", title: "", right: true,
            cell: (s) => (
              <Group gap={6} justify="flex-end" wrap="nowrap">
                <Act label={t("returns.find")} onClick={() => find(s)} />
                {boss && days(s) <= 0 && <Act danger label={t("returns.dispose")} onClick={() => ask({
                  title: t("returns.dispose"), text: t("returns.dispose_text", { number: s.number }), reason: t("field.reason"), danger: true,
                  command: (note) => ({ path: `/returns/shelf/${s.id}/dispose`, body: { note } }),
                })} />}
              </Group>
            ),
          },
        ]}
      />
    </Panel>
  );
}

/** A bar a month against the line of the goal. */
function Months({ months, currency }: { months: Month[]; currency: string }) {
  if (months.length === 0) return <Text c="dimmed">{t("returns.no_months")}</Text>;
  const most = Math.max(GOAL_PCT * 1.5, ...months.map((m) => m.share_pct ?? 0));
  const [height, step, left] = [150, 84, 10];
  const y = (pct: number): number => height - (pct / most) * (height - 20);
  const width = Math.max(360, left * 2 + months.length * step);
  return (
    <svg width="100%" viewBox={`0 0 ${width} ${height + 40}`} style={{ maxWidth: width, display: "block" }} role="img" aria-label={t("returns.by_month")} data-testid="months">
      {months.map((m, i) => {
        const pct = m.share_pct ?? 0;
        const x = left + i * step;
        return (
          <g key={m.month}>
            <title>{`${m.month}: ${money(m.cost_cents, currency)} ÷ ${money(m.value_cents, currency)}`}</title>
            <rect x={x + 14} y={y(pct)} width={step - 28} height={height - y(pct)} fill={pct > GOAL_PCT ? "#e03131" : "#8795a1"} rx={2} />
            <text x={x + step / 2} y={y(pct) - 5} textAnchor="middle" fontSize={13} fontWeight={600} fill="#1c2126">{number(pct, 1)} %</text>
            <text x={x + step / 2} y={height + 16} textAnchor="middle" fontSize={12} fill="#566370">{m.month}</text>
            <text x={x + step / 2} y={height + 32} textAnchor="middle" fontSize={11} fill="#566370">n = {number(m.returns)}</text>
          </g>
        );
      })}
      <line x1={0} x2={width} y1={y(GOAL_PCT)} y2={y(GOAL_PCT)} stroke="#1c2126" strokeDasharray="5 4" />
      <text x={width - 4} y={y(GOAL_PCT) - 5} textAnchor="end" fontSize={12} fill="#1c2126">{t("returns.goal", { goal: GOAL_PCT })}</text>
      <line x1={0} x2={width} y1={height} y2={height} stroke="#c3cad1" />
    </svg>
  );
}

function Policy({ may }: { may: boolean }) {
  const policies = useRead<ReturnPolicy[]>(["returns", "policies"], "/returns/policies");
  const [what, load] = useState<Loadable | null>(null);
  const today = siteDay(serverNow());
  const valid = policies.data?.some((p) => p.valid_from <= today && (p.valid_until === null || p.valid_until >= today)) ?? true;
  return (
    <Panel
      title={t("returns.policy")}
      aside={may && <Button size="xs" variant="default" onClick={() => load({ kind: "returns", path: "/returns/policies", columns: COLUMNS, dated: true })}>{t("returns.load_policy")}</Button>}
    >
      {!valid && <Text c="red.9" fw={600} mb="xs">{t("returns.no_valid_policy")}</Text>}
      <Rows
        name="policies" rows={policies.data} problem={policies.error} id={(p) => p.id} height="20vh"
        columns={[
          { key: "from", title: t("returns.policy"), cell: (p) => t("returns.loaded_rows", { rows: p.rows.length, from: p.valid_from }) },
          { key: "until", title: t("returns.until"), cell: (p) => p.valid_until ?? "–" },
          { key: "at", title: t("console.when"), right: true, cell: (p) => time(p.loaded_at) },
        ]}
      />
      <Load what={what} onClose={() => load(null)} />
    </Panel>
  );
}
