import { Group, SegmentedControl, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useRead } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { Ask, type Question } from "../ask.tsx";
import { number, time } from "../format.ts";
import { serverNow } from "../live.ts";
import { Act, Panel, Rows, State } from "../parts.tsx";
import { siteDay } from "../site-time.ts";
import { useParam } from "../url.ts";
import { Load, type Loadable } from "./customs-load.tsx";
import { Judged, type JudgedRow, faultField, faultWord, stated } from "./customs-order.tsx";

const VIEWS = ["held", "judged", "declarations", "filings", "tables", "overseas"] as const;

/** Whose papers do not agree, what is declared, and what everything is judged by. */
export function Customs({ me }: PageProps) {
  const [view, setView] = useParam("view", "held");
  const may = (...roles: string[]): boolean => roles.some((role) => me.roles.includes(role));
  return (
    <Stack gap="md">
      <SegmentedControl data={VIEWS.map((value) => ({ value, label: t(`customs.${value}`) }))} value={view} onChange={(to) => setView(to)} style={{ alignSelf: "start" }} />
      {(view === "held" || view === "judged") && <OrdersView held={view === "held"} lead={may("lead", "supervisor", "admin")} />}
      {view === "declarations" && <Declarations lead={may("lead", "admin")} />}
      {view === "filings" && <Filings edit={may("supervisor", "admin")} />}
      {view === "tables" && <Tables edit={may("supervisor", "admin")} />}
      {view === "overseas" && <Overseas edit={may("supervisor", "admin")} finance={may("finance", "admin")} />}
    </Stack>
  );
}

function OrdersView({ held, lead }: { held: boolean; lead: boolean }) {
  const [words, setWords] = useParam("q");
  const [chosen, choose] = useParam("order");
  const rows = useRead<JudgedRow[]>(["customs", "orders", String(held), words], `/customs/orders?held=${held}&q=${encodeURIComponent(words)}`, 5000);
  return (
    <div className="customs">
      <Panel title={t(held ? "customs.held" : "customs.judged")} aside={<TextInput data-filter aria-label={t("console.find_order")} placeholder={t("console.find_order")} w={200} value={words} onChange={(e) => setWords(e.currentTarget.value, true)} />}>
        <Rows
          name="customs-orders" rows={rows.data} problem={rows.error} id={(r) => r.order_id} onOpen={(r) => choose(r.order_id)} marked={(r) => r.order_id === chosen} narrow
          columns={[
            { key: "ref", title: t("customs.order"), cell: (r) => r.ref },
            { key: "mode", title: t("customs.mode"), cell: (r) => `${word("customs_mode", r.mode)} · ${r.country}` },
            held
              ? { key: "why", title: t("customs.held_for"), wrap: true, cell: (r) => r.faults.slice(0, 2).map((f) => <div key={f.code + f.field}>{faultWord(f)}: <b>{faultField(f)}</b>{stated(f) ? <> ({stated(f)})</> : f.code === "customs.declaration_held" && <> ({f.said})</>}</div>) }
              : { key: "ok", title: t("field.status"), cell: (r) => <State value={r.ok ? "matched" : "held"} /> },
            { key: "since", title: t("customs.since"), right: true, cell: (r) => time(held ? r.first_fault_at : r.judged_at) },
          ]}
        />
      </Panel>
      {chosen !== "" && <Judged id={chosen} lead={lead} />}
    </div>
  );
}

interface Batch {
  id: string;
  number: string;
  kind: string;
  mode: string;
  port: string;
  month: string;
  state: string;
  parcels: Record<string, number>;
  goods: number;
  created_at: string;
  created_by: string;
}

const counts = (by: Record<string, number>): string => Object.entries(by).map(([state, n]) => `${n} ${word("state", state)}`).join(", ");

function Declarations({ lead }: { lead: boolean }) {
  const board = useRead<{ batches: Batch[]; waiting: Record<string, Record<string, number>> }>(["customs", "batches"], "/customs/batches", 5000);
  const [question, ask] = useState<Question | null>(null);
  const [answering, setAnswering] = useState<Loadable | null>(null);
  const waiting = Object.entries(board.data?.waiting ?? {});
  const months = [...new Set((board.data?.batches ?? []).filter((b) => b.kind === "list" && b.state === "released" && b.mode === "9610").map((b) => b.month))];
  return (
    <Stack gap="md">
      <Panel title={t("customs.waiting")}>
        <Rows
          name="customs-waiting" rows={board.data && waiting} problem={board.error} id={([mode]) => mode} height="30vh"
          columns={[
            { key: "mode", title: t("customs.mode"), cell: ([mode]) => word("customs_mode", mode) },
            { key: "parcels", title: t("customs.parcels"), cell: ([, by]) => counts(by) },
            {
              key: "act", title: "", right: true, cell: ([mode, by]) => lead && (
                <Act label={t("customs.make_list")} disabled={!by["matched"] && !by["corrected"]} onClick={() => ask({ title: t("customs.make_list"), text: t("customs.make_list_text", { mode }), command: () => ({ path: "/customs/batches", body: { mode } }) })} />
              ),
            },
          ]}
        />
      </Panel>
      <Panel title={t("customs.declarations")} aside={lead && months.length > 0 ? <Group gap="xs">{months.map((month) => <Act key={month} label={t("customs.summarise", { month })} onClick={() => ask({ title: t("customs.summarise", { month }), text: t("customs.summarise_text"), command: () => ({ path: "/customs/summaries", body: { month } }) })} />)}</Group> : undefined}>
        <Rows
          name="customs-batches" rows={board.data?.batches} problem={board.error} id={(b) => b.id}
          columns={[
            { key: "number", title: t("customs.number"), cell: (b) => <b>{b.number}</b> },
            { key: "kind", title: t("customs.kind"), cell: (b) => t(`customs.kind_${b.kind}`) },
            { key: "port", title: t("customs.port"), cell: (b) => `${b.port} · ${b.month}` },
            { key: "state", title: t("field.status"), cell: (b) => <State value={b.state} /> },
            { key: "parcels", title: t("customs.parcels"), cell: (b) => (b.kind === "list" ? counts(b.parcels) : t("customs.goods_lines", { n: b.goods })) },
            { key: "at", title: t("customs.created"), right: true, cell: (b) => time(b.created_at) },
            {
              key: "act", title: "", right: true, cell: (b) => lead && (
                <Group gap="xs" justify="flex-end" wrap="nowrap">
                  <a href={`/api/v1/customs/batches/${b.id}/file?form=csv`}>CSV</a>
                  <a href={`/api/v1/customs/batches/${b.id}/file?form=xml`}>XML</a>
                  {b.state === "matched" && <Act label={t("customs.declare")} onClick={() => ask({ title: t("customs.declare"), text: t("customs.declare_text", { number: b.number }), command: () => ({ path: `/customs/batches/${b.id}/declare` }) })} />}
                  {b.kind === "list" && (b.state === "declared" || b.state === "held") && <Act label={t("customs.answers")} onClick={() => setAnswering({ kind: "answers", path: `/customs/batches/${b.id}/answers`, columns: "entry,outcome,text" })} />}
                </Group>
              ),
            },
          ]}
        />
      </Panel>
      <Ask question={question} onClose={() => ask(null)} />
      <Load what={answering} onClose={() => setAnswering(null)} />
    </Stack>
  );
}

interface Certificate {
  kind: string;
  number: string;
  valid_until: string;
}

interface FilingRow {
  sku: string;
  name: string;
  filed: boolean;
  hs_code?: string;
  version?: number;
  origin?: string;
  net_g?: number;
  name_en?: string;
  name_zh?: string;
  category?: string;
  certificates?: Certificate[];
}

function Filings({ edit }: { edit: boolean }) {
  const [words, setWords] = useParam("q");
  const rows = useRead<FilingRow[]>(["customs", "filings", words], `/customs/filings?q=${encodeURIComponent(words)}`);
  const [loading, load] = useState<Loadable | null>(null);
  const today = siteDay(serverNow());
  const what: Loadable = { kind: "filings", path: "/customs/filings", columns: "sku,hs_code,origin,net_g,name_en,name_zh,materials,use,category,unit,value_rule,value_cents,currency,certificates" };
  return (
    <Panel
      title={t("customs.filings")}
      aside={<Group gap="xs"><TextInput data-filter aria-label={t("customs.find_filing")} placeholder={t("customs.find_filing")} w={220} value={words} onChange={(e) => setWords(e.currentTarget.value, true)} />{edit && <Act label={t("customs.load_csv")} onClick={() => load(what)} />}</Group>}
    >
      <Rows
        name="customs-filings" rows={rows.data} problem={rows.error} id={(r) => r.sku} marked={(r) => !r.filed}
        columns={[
          { key: "sku", title: t("field.sku"), cell: (r) => <b>{r.sku}</b> },
          { key: "name", title: t("customs.declared_name"), wrap: true, cell: (r) => (r.filed ? `${r.name_en} · ${r.name_zh}` : <span className="soon">{t("customs.not_filed")}</span>) },
          { key: "hs", title: t("customs.hs"), cell: (r) => r.hs_code ?? "–" },
          { key: "origin", title: t("customs.origin"), cell: (r) => r.origin ?? "–" },
          { key: "net", title: t("customs.net"), right: true, cell: (r) => (r.net_g === undefined ? "–" : `${number(r.net_g)} g`) },
          { key: "category", title: t("customs.category"), cell: (r) => r.category || "–" },
          { key: "certificates", title: t("customs.certificates"), wrap: true, cell: (r) => (r.certificates ?? []).map((c) => <div key={c.kind + c.number} className={c.valid_until < today ? "late" : ""}>{c.kind} {c.number}, {t("customs.until", { day: c.valid_until })}</div>) },
          { key: "version", title: t("customs.version"), right: true, cell: (r) => r.version ?? "–" },
        ]}
      />
      <Load what={loading} onClose={() => load(null)} />
    </Panel>
  );
}

interface TableRow {
  kind: string;
  state: string;
  fields: string[];
  rows: number;
  valid_from: string | null;
  valid_until: string | null;
  source: string;
  versions: number;
  unverified: number;
}

function Tables({ edit }: { edit: boolean }) {
  const rows = useRead<TableRow[]>(["customs", "tables"], "/customs/tables");
  const [loading, load] = useState<Loadable | null>(null);
  return (
    <Panel title={t("customs.tables")}>
      <Rows
        name="customs-tables" rows={rows.data} problem={rows.error} id={(r) => r.kind} marked={(r) => r.state === "expired"}
        columns={[
          { key: "kind", title: t("customs.table"), cell: (r) => <b>{word("customs_table", r.kind)}</b> },
          { key: "state", title: t("field.status"), cell: (r) => <State value={r.state} /> },
          { key: "rows", title: t("customs.rows"), right: true, cell: (r) => number(r.rows) },
          { key: "valid", title: t("customs.valid"), cell: (r) => (r.valid_from === null ? "–" : `${r.valid_from} – ${r.valid_until ?? "∞"}`) },
          { key: "source", title: t("customs.source"), wrap: true, cell: (r) => <>{r.source || "–"}{r.unverified > 0 && <div className="soon">{t("customs.unverified_rows", { n: r.unverified })}</div>}</> },
          { key: "act", title: "", right: true, cell: (r) => edit && <Act label={t("customs.load_csv")} onClick={() => load({ kind: r.kind, path: `/customs/tables/${r.kind}`, columns: r.fields.join(","), dated: true })} /> },
        ]}
      />
      <Load what={loading} onClose={() => load(null)} />
    </Panel>
  );
}

interface SoldRow {
  declaration: string;
  item: number;
  sku: string;
  country: string;
  exported_on: string | null;
  qty_each: number;
  sold_each: number;
  left_each: number;
  settled_each: number;
  last_sold_at: string | null;
}

function Overseas({ edit, finance }: { edit: boolean; finance: boolean }) {
  const rows = useRead<SoldRow[]>(["customs", "sold"], "/customs/sold");
  const [loading, load] = useState<Loadable | null>(null);
  const [question, ask] = useState<Question | null>(null);
  const items: Loadable = { kind: "items", path: "/customs/items", columns: "declaration,item,sku,country,qty_each,value_cents,currency,exported_on" };
  const sales: Loadable = { kind: "sales", path: "/customs/sales", columns: "ref,sku,qty_each,sold_on" };
  return (
    <Panel title={t("customs.sold_report")} aside={<Group gap="xs"><a href="/api/v1/customs/sold.csv">CSV</a>{edit && <><Act label={t("customs.load_items")} onClick={() => load(items)} /><Act label={t("customs.load_sales")} onClick={() => load(sales)} /></>}</Group>}>
      <Rows
        name="customs-sold" rows={rows.data} problem={rows.error} id={(r) => `${r.declaration}/${r.item}/${r.sku}`} marked={(r) => r.declaration === ""}
        columns={[
          { key: "declaration", title: t("customs.declaration_item"), cell: (r) => (r.declaration === "" ? <span className="soon">{t("customs.undeclared")}</span> : <b>{r.declaration} / {r.item}</b>) },
          { key: "sku", title: t("field.sku"), cell: (r) => r.sku },
          { key: "country", title: t("customs.country"), cell: (r) => r.country || "–" },
          { key: "exported", title: t("customs.exported"), cell: (r) => r.exported_on ?? "–" },
          { key: "qty", title: t("customs.declared_each"), right: true, cell: (r) => number(r.qty_each) },
          { key: "sold", title: t("customs.sold_each"), right: true, cell: (r) => number(r.sold_each) },
          { key: "left", title: t("customs.left_each"), right: true, cell: (r) => number(r.left_each) },
          { key: "settled", title: t("customs.settled_each"), right: true, cell: (r) => number(r.settled_each) },
          { key: "last", title: t("customs.last_sold"), right: true, cell: (r) => time(r.last_sold_at) },
          { key: "act", title: "", right: true, cell: (r) => finance && r.declaration !== "" && r.sold_each > r.settled_each && <Act label={t("customs.settle")} onClick={() => ask({ title: t("customs.settle"), text: t("customs.settle_text", { n: r.sold_each - r.settled_each }), command: () => ({ path: "/customs/settlements", body: { declaration: r.declaration, item: r.item } }) })} /> },
        ]}
      />
      <Load what={loading} onClose={() => load(null)} />
      <Ask question={question} onClose={() => ask(null)} />
    </Panel>
  );
}

export default Customs;
