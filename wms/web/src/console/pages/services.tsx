import { Anchor, Group, Modal, Text } from "@mantine/core";
import { useState } from "react";
import { locale, t } from "../../lib/i18n.ts";
import { useRead } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { Ask, type Question } from "../ask.tsx";
import { number, time } from "../format.ts";
import { Act, Panel, Rows, State } from "../parts.tsx";

interface WorkOrder {
  id: string;
  ref: string;
  name: string;
  name_zh: string;
  kind: string;
  sku: string;
  owner: string;
  place: string;
  qty_each: number;
  done_each: number;
  state: string;
  station: string;
  why: string;
  photos: number;
  standard_min: number;
}

interface Line {
  sku: string;
  fnsku: string;
  prep: string[];
  qty_each: number;
  prepared_each: number;
  boxed_each: number;
}

interface Shipment {
  id: string;
  ref: string;
  owner: string;
  centre: string;
  state: string;
  why: string;
  departed_at: string | null;
  lines: Line[];
  boxes: { code: string; state: string; carton: string; weight_g: number; pallet: string }[];
  differences: { fnsku: string; short: number; why: string }[];
}

interface Act_ {
  owner: string;
  kind: string;
  qty: number;
  unit: string;
}

const named = (x: { name: string; name_zh: string }): string => (locale() === "zh-CN" && x.name_zh) || x.name;
const sum = (lines: Line[], field: "qty_each" | "prepared_each" | "boxed_each"): string => number(lines.reduce((n, x) => n + x[field], 0));

/** Work orders at the service stations, shipments to marketplaces, and what owners may be charged for. */
export default function ServicesPage({ me }: PageProps) {
  const orders = useRead<WorkOrder[]>(["vas"], "/value-added/orders", 5000);
  const shipments = useRead<Shipment[]>(["fba"], "/fba/shipments", 5000);
  const acts = useRead<Act_[]>(["acts"], "/value-added/acts", 30_000);
  const [question, ask] = useState<Question | null>(null);
  const [photos, showPhotos] = useState<WorkOrder | null>(null);
  const may = me.roles.includes("supervisor") || me.roles.includes("admin");
  return (
    <div className="grid">
      <Panel title={t("services.orders")}>
        <Rows
          name="work-orders" rows={orders.data} problem={orders.error} id={(w) => w.id} height="38vh" marked={(w) => w.why !== "" && w.state !== "done" && w.state !== "cancelled"}
          columns={[
            { key: "ref", title: t("field.ref"), cell: (w) => <b>{w.ref}</b> },
            { key: "name", title: t("field.recipe"), wrap: true, cell: named },
            { key: "sku", title: t("field.sku"), cell: (w) => w.sku },
            { key: "owner", title: t("services.owner"), cell: (w) => w.owner },
            { key: "place", title: t("field.location"), cell: (w) => w.station || w.place },
            { key: "done", title: t("services.done"), right: true, cell: (w) => `${number(w.done_each)} / ${number(w.qty_each)}` },
            { key: "min", title: t("services.standard"), right: true, cell: (w) => number(w.standard_min, 1) },
            { key: "state", title: t("field.status"), cell: (w) => <State value={w.state} /> },
            { key: "acts", title: "", right: true, cell: (w) => (
              <Group gap="xs" justify="flex-end" wrap="nowrap">
                {w.photos > 0 && <Act label={t("services.photos", { count: w.photos })} onClick={() => showPhotos(w)} />}
                {may && (w.state === "open" || w.state === "working") && <Act danger label={t("lib.cancel")} onClick={() => ask({ title: t("services.cancel", { ref: w.ref }), text: t("services.cancel_hint"), reason: t("field.reason"), danger: true, command: (reason) => ({ path: `/value-added/orders/${w.id}/cancel`, body: { reason } }) })} />}
              </Group>
            ) },
          ]}
        />
      </Panel>
      <Panel title={t("services.shipments")}>
        <Rows
          name="fba" rows={shipments.data} problem={shipments.error} id={(s) => s.id} height="34vh"
          columns={[
            { key: "ref", title: t("field.shipment"), cell: (s) => <b>{s.ref}</b> },
            { key: "centre", title: t("services.centre"), cell: (s) => s.centre },
            { key: "owner", title: t("services.owner"), cell: (s) => s.owner },
            { key: "units", title: t("services.units"), right: true, cell: (s) => `${sum(s.lines, "prepared_each")} / ${sum(s.lines, "boxed_each")} / ${sum(s.lines, "qty_each")}` },
            { key: "boxes", title: t("services.boxes"), right: true, cell: (s) => number(s.boxes.filter((b) => b.state !== "emptied").length) },
            { key: "kg", title: "kg", right: true, cell: (s) => number(s.boxes.reduce((g, b) => g + b.weight_g, 0) / 1000, 1) },
            { key: "differences", title: t("services.differences"), wrap: true, cell: (s) => s.differences.map((d) => `${d.fnsku} −${d.short} (${t(`services.${d.why}`)})`).join(", ") || "–" },
            { key: "state", title: t("field.status"), cell: (s) => <State value={s.state} /> },
            { key: "acts", title: "", right: true, cell: (s) => (
              <Group gap="xs" justify="flex-end" wrap="nowrap">
                {s.boxes.length > 0 && <Anchor size="sm" href={`/api/v1/fba/shipments/${s.id}/box-content.csv`}>CSV</Anchor>}
                {may && s.state === "open" && <Act label={t("services.depart")} onClick={() => ask(leaving(s))} />}
              </Group>
            ) },
          ]}
        />
      </Panel>
      {may && <Panel title={t("services.acts")} aside={<Text size="sm" c="dimmed">{t("packing.last_30_days")}</Text>}><Acts acts={acts.data} /></Panel>}
      <Ask question={question} onClose={() => ask(null)} />
      {photos !== null && <Photos order={photos} onClose={() => showPhotos(null)} />}
    </div>
  );
}

function leaving(s: Shipment): Question {
  const command = (why: string): { path: string; body: unknown } => ({ path: `/fba/shipments/${s.id}/depart`, body: { why } });
  if (s.differences.length === 0) return { title: t("services.depart"), text: t("services.depart_all", { ref: s.ref, centre: s.centre }), command };
  const short = s.differences.map((d) => `${d.fnsku} −${d.short}`).join(", ");
  return { title: t("services.depart"), text: t("services.depart_short", { ref: s.ref, short }), reason: t("field.reason"), command };
}

function Acts({ acts }: { acts: Act_[] | undefined }) {
  const found = new Map<string, Act_>();
  for (const a of acts ?? []) {
    const key = `${a.owner} ${a.kind} ${a.unit}`;
    found.set(key, { ...a, qty: a.qty + (found.get(key)?.qty ?? 0) });
  }
  return (
    <Rows
      name="acts" rows={acts === undefined ? undefined : [...found.values()]} id={(a) => `${a.owner} ${a.kind} ${a.unit}`} height="30vh"
      columns={[
        { key: "owner", title: t("services.owner"), cell: (a) => a.owner },
        { key: "kind", title: t("console.what"), cell: (a) => a.kind },
        { key: "qty", title: t("services.quantity"), right: true, cell: (a) => number(a.qty) },
        { key: "unit", title: t("services.unit"), cell: (a) => t(`services.unit_${a.unit}`) },
      ]}
    />
  );
}

function Photos({ order, onClose }: { order: WorkOrder; onClose: () => void }) {
  const photos = useRead<{ id: string; at: string; by: string }[]>(["vas", order.id, "photos"], `/value-added/orders/${order.id}/photos`);
  return (
    <Modal opened onClose={onClose} size="xl" title={`${order.ref} · ${named(order)}`}>
      <div className="photos">
        {photos.data?.map((p) => (
          <figure key={p.id}>
            <img src={`/api/v1/value-added/photos/${p.id}`} alt="" />
            <figcaption>{p.by}, {time(p.at)}</figcaption>
          </figure>
        ))}
      </div>
    </Modal>
  );
}
