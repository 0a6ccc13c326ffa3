import { Group, Modal, SegmentedControl, Text } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useRead, type Command } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { Ask, type Question } from "../ask.tsx";
import { amount, number, span, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { Act, Panel, Rows, State } from "../parts.tsx";
import { OPEN, type Part, type Warehouse, type WarehouseStock } from "../sourcing.ts";
import { open, useParam } from "../url.ts";

/** What other warehouses have as they last reported it, and the parts of orders that they send. */
export default function WarehousesPage({ me }: PageProps) {
  const [view, show] = useParam("view", "open");
  const [shown, choose] = useParam("warehouse");
  const [question, ask] = useState<Question | null>(null);
  const houses = useRead<Warehouse[]>(["sourcing", "warehouses"], "/sourcing/warehouses");
  const parts = useRead<Part[]>(["sourcing", "parts", view], `/sourcing/parts${view === "open" ? "?state=told,accepted" : ""}`);
  const may = me.roles.includes("supervisor") || me.roles.includes("integration");
  return (
    <div className="grid">
      <Panel title={t("sourcing.title")}>
        <Rows
          name="warehouses" rows={houses.data} problem={houses.error} id={(w) => w.code} onOpen={(w) => choose(w.code)} height="38vh" marked={(w) => w.active && w.stale !== ""}
          columns={[
            { key: "code", title: t("sourcing.warehouse"), cell: (w) => <b>{w.code}</b> },
            { key: "name", title: t("sourcing.name"), wrap: true, cell: (w) => [w.name, w.region].filter(Boolean).join(", ") || "–" },
            { key: "kind", title: t("sourcing.kind"), cell: (w) => `${t(`sourcing.kind_${w.kind}`)}, ${w.country}` },
            { key: "to", title: t("sourcing.sends_to"), wrap: true, cell: (w) => <Sends house={w} /> },
            { key: "age", title: t("sourcing.report"), right: true, cell: (w) => <Age house={w} /> },
            { key: "free", title: t("sourcing.free"), right: true, cell: (w) => (w.stale !== "" ? "0" : number(w.free_each)) },
            { key: "reported", title: t("sourcing.reported"), right: true, cell: (w) => `${number(w.reported_each)} / ${number(w.skus)}` },
            { key: "parts", title: t("sourcing.with_it"), right: true, cell: (w) => number((w.parts["told"] ?? 0) + (w.parts["accepted"] ?? 0)) },
            { key: "cost", title: t("sourcing.parcel"), right: true, cell: (w) => amount(w.parcel_cents) },
            { key: "days", title: t("ship.days"), right: true, cell: (w) => number(w.lead_days, 1) },
          ]}
        />
      </Panel>
      <Panel title={t("sourcing.parts")} aside={<SegmentedControl size="xs" value={view} onChange={show} data={[{ value: "open", label: t("sourcing.open") }, { value: "all", label: t("sourcing.all") }]} />}>
        <Rows
          name="parts" rows={parts.data} problem={parts.error} id={(p) => p.id} onOpen={(p) => open("orders", { order: p.order_id })} height="42vh" marked={(p) => p.state === "refused"}
          columns={[
            { key: "ref", title: t("sourcing.part"), cell: (p) => <b>{p.ref}</b> },
            { key: "order", title: t("field.order"), cell: (p) => p.order_ref },
            { key: "where", title: t("sourcing.warehouse"), cell: (p) => p.warehouse },
            { key: "state", title: t("field.status"), cell: (p) => <State value={p.state} /> },
            { key: "what", title: t("console.pieces"), wrap: true, cell: (p) => pieces(p) },
            { key: "why", title: t("console.why"), wrap: true, cell: (p) => p.answer || inWords(p.why) },
            { key: "told", title: t("console.when"), right: true, cell: (p) => time(p.told_at) },
            { key: "act", title: "", right: true, cell: (p) => may && OPEN.has(p.state) && (
              <Group gap="xs" wrap="nowrap" justify="flex-end">
                {p.state === "told" && <Act label={t("sourcing.accept")} onClick={() => ask(consent(p))} />}
                <Act danger label={t("sourcing.refuse")} onClick={() => ask(refusal(p))} />
              </Group>
            ) },
          ]}
        />
      </Panel>
      <Ask question={question} onClose={() => ask(null)} />
      <Modal opened={shown !== ""} onClose={() => choose("")} size="lg" centered title={t("sourcing.stock_of", { warehouse: shown })}>{shown !== "" && <Stock code={shown} />}</Modal>
    </div>
  );
}

export const pieces = (p: Part): string => p.lines.map((x) => `${number(x.qty_each)} × ${x.sku}`).join(", ");

const answered = (p: Part, accepted: boolean, why: string): Command => ({ path: `/sourcing/parts/${encodeURIComponent(p.ref)}/answer`, body: { channel: p.channel, accepted, why } });

const consent = (p: Part): Question => ({
  title: t("sourcing.accept"), text: t("sourcing.accept_text", { ref: p.ref, warehouse: p.warehouse }), reason: t("sourcing.who_said"),
  command: (why) => answered(p, true, why),
});

const refusal = (p: Part): Question => ({
  title: t("sourcing.refuse"), text: t("sourcing.refuse_text", { ref: p.ref, warehouse: p.warehouse }), reason: t("field.reason"), danger: true,
  command: (why) => answered(p, false, why),
});

function Sends({ house }: { house: Warehouse }) {
  if (!house.active) return <State value="stopped" />;
  const limits = [
    house.countries.length > 0 ? house.countries.join(", ") : t("sourcing.everywhere"), house.channels.join(", "),
    house.refuses.length > 0 ? t("sourcing.without", { goods: house.refuses.map((a) => word("goods", a)).join(", ") }) : "",
  ];
  return <>{limits.filter(Boolean).join("; ")}</>;
}

/** How old the report is; one that counts as none says so. */
function Age({ house }: { house: Warehouse }) {
  if (house.as_of === null) return <span className="soon">{t("sourcing.no_report")}</span>;
  const age = span(Date.now() - Date.parse(house.as_of));
  return house.stale === "" ? <>{age}</> : <span className="soon" title={house.stale}>{t("sourcing.too_old", { age, most: house.report_max_h })}</span>;
}

function Stock({ code }: { code: string }) {
  const stock = useRead<WarehouseStock[]>(["sourcing", "stock", code], `/sourcing/warehouses/${code}/stock`);
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">{t("sourcing.taken_text")}</Text>
      <Rows
        name="warehouse-stock" rows={stock.data} problem={stock.error} id={(s) => s.sku} height="60vh" narrow
        columns={[
          { key: "sku", title: "SKU", wrap: true, cell: (s) => <><b>{s.sku}</b> {s.name}</> },
          { key: "reported", title: t("sourcing.reported_each"), right: true, cell: (s) => number(s.reported_each) },
          { key: "taken", title: t("sourcing.taken"), right: true, cell: (s) => (s.taken_each > 0 ? number(s.taken_each) : "–") },
          { key: "free", title: t("sourcing.free"), right: true, cell: (s) => <b>{number(s.free_each)}</b> },
        ]}
      />
    </>
  );
}
