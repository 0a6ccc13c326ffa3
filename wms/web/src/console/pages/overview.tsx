import { Group, Text } from "@mantine/core";
import type { Problem } from "../../lib/http.ts";
import { t, tFull, word } from "../../lib/i18n.ts";
import { useFloor, useRead, type Control, type Device, type Fleet, type Incident, type Orders, type Dock } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { FloorMap } from "../floor-map.tsx";
import { number, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { told } from "../incident.ts";
import { Left, STAGES } from "../left.tsx";
import { serverNow, type Live } from "../live.ts";
import { Panel, Rows, State } from "../parts.tsx";
import { Spark } from "../spark.tsx";
import { open } from "../url.ts";

const BUCKET_MS = 5 * 60_000;
const BUCKETS = 12;

/** Is all well, and if not, where to look first. */
export default function Overview({ live }: PageProps) {
  const orders = useRead<Orders>(["orders", "overview"], "/orders?limit=1");
  const shipped = useRead<Orders>(["orders", "shipped"], "/orders?state=shipped&limit=500");
  const incidents = useRead<Incident[]>(["incidents", "open"], "/incidents?state=open");
  const controls = useRead<Control[]>(["controls"], "/controls");
  return (
    <div className="grid">
      <div><Tiles orders={orders.data} shipped={shipped.data} incidents={incidents.data} /></div>
      <div className="columns">
        <div>
          <Panel title={t("console.orders_by_state")}><Stages by={orders.data?.by_state ?? {}} /></Panel>
          <div className="pair">
            <Panel title={t("console.shipped_rate")} aside={<Text size="sm" c="dimmed">{t("console.last_hour")}</Text>}><Rate orders={shipped.data} /></Panel>
            <Panel title={t("console.most_urgent")}><Urgent rows={incidents.data} /></Panel>
          </div>
          <Panel title={t("console.controls")}><Controls rows={controls.data} problem={controls.error} /></Panel>
        </div>
        <div>
          <Panel title={t("page.map")}><MiniMap /></Panel>
          <Panel title={t("console.happening")}><Feed live={live} /></Panel>
        </div>
      </div>
    </div>
  );
}

function MiniMap() {
  const floor = useFloor();
  const fleet = useRead<Fleet>(["fleet"], "/fleet", 1000);
  if (floor.data === undefined) return null;
  return (
    <div className="mini">
      <FloorMap floor={floor.data} vehicles={fleet.data?.vehicles ?? []} chosen="" onChoose={(at) => open("map", { at })} onHover={() => undefined} />
    </div>
  );
}

/** What the fact is about: the first of its fields that a person would name it by. */
function subject(data: Record<string, unknown>): string {
  const name = ["ref", "subject", "sku", "tote", "sscc", "cart", "carrier", "device", "name"].find((field) => typeof data[field] === "string" && data[field] !== "" && !String(data[field]).includes(":"));
  const value = name === undefined ? "" : String(data[name]);
  return /^\d{14,}$/.test(value) ? `…${value.slice(-6)}` : value;
}

function Feed({ live }: { live: Live }) {
  return (
    <div className="feed" data-testid="feed">
      {live.facts.slice(0, 14).map((fact) => (
        <div key={fact.id}>
          <time>{time(fact.at)}</time>
          <b>{word("fact", fact.name.replace(/\.v\d+$/, ""))} <Text span size="sm">{subject(fact.data)}</Text></b>
          <span>{fact.actor}</span>
        </div>
      ))}
      {live.facts.length === 0 && <Text c="dimmed">{t("console.quiet")}</Text>}
    </div>
  );
}

interface TilesProps {
  orders: Orders | undefined;
  shipped: Orders | undefined;
  incidents: Incident[] | undefined;
}

function Tiles({ orders, shipped, incidents }: TilesProps) {
  const fleet = useRead<Fleet>(["fleet"], "/fleet", 5000);
  const devices = useRead<Device[]>(["devices"], "/devices");
  const dock = useRead<Dock>(["dock"], "/dock/manifests");
  const by = orders?.by_state ?? {};
  const under = STAGES.slice(0, -1).reduce((sum, state) => sum + (by[state] ?? 0), 0);
  const hour = (shipped?.orders ?? []).filter((o) => o.shipped_at !== null && Date.parse(o.shipped_at) > serverNow() - 3_600_000);
  const parcels = hour.reduce((sum, o) => sum + Math.max(o.cartons.length, 1), 0);
  const late = (incidents ?? []).filter((i) => Date.parse(i.due_at) < serverNow()).length;
  const ill = (devices.data ?? []).filter((d) => !["online", "ok"].includes(d.state)).length;
  const stuck = (fleet.data?.vehicles ?? []).filter((v) => !v.may_drive).length;
  const waiting = Object.values(dock.data?.waiting ?? {}).reduce((a, b) => a + b, 0);
  return (
    <div className="tiles">
      <Tile page="orders" value={number(under)} label={t("console.open_orders")} />
      <Tile page="orders" filters={{ state: "shipped" }} value={number(parcels)} label={t("console.parcels_hour")} />
      <Tile page="dock" value={number(waiting)} label={t("console.parcels_waiting")} />
      <Tile page="incidents" value={number(incidents?.length ?? 0)} label={late > 0 ? t("console.incidents_late", { count: late }) : t("console.open_incidents")} tone={late > 0 ? "bad" : incidents?.length ? "warn" : ""} />
      <Tile page="devices" value={devices.data === undefined ? "–" : `${devices.data.length - ill}/${devices.data.length}`} label={t("console.devices_ok")} tone={ill > 0 ? "bad" : ""} />
      <Tile page="map" value={fleet.data === undefined ? "–" : `${fleet.data.vehicles.length - stuck}/${fleet.data.vehicles.length}`} label={t("console.vehicles_ready")} tone={stuck > 0 ? "warn" : ""} />
    </div>
  );
}

function Tile({ page, filters, value, label, tone = "" }: { page: string; filters?: Record<string, string>; value: string; label: string; tone?: string }) {
  return <button className={`tile ${tone}`} onClick={() => open(page, filters)}><b>{value}</b><small>{label}</small></button>;
}

function Stages({ by }: { by: Record<string, number> }) {
  const aside = ["backordered", "cancelled"].filter((s) => (by[s] ?? 0) > 0);
  return (
    <>
      <div className="stages" data-testid="stages">
        {STAGES.map((state) => (
          <button key={state} className={(by[state] ?? 0) > 0 ? "stage on" : "stage"} onClick={() => open("orders", { state })}>
            <b>{number(by[state] ?? 0)}</b>
            <small>{t(`state.${state}`)}</small>
          </button>
        ))}
      </div>
      <Group mt="sm" gap="sm" mih={26}>
        {aside.map((state) => (
          <button key={state} className="rowlink" onClick={() => open("orders", { state })}><Group gap={6}><State value={state} /><Text fw={650}>{number(by[state]!)}</Text></Group></button>
        ))}
        {aside.length === 0 && <Text c="dimmed" size="sm">{t("console.nothing_aside")}</Text>}
      </Group>
    </>
  );
}

function Rate({ orders }: { orders: Orders | undefined }) {
  const now = serverNow();
  const counts = Array.from({ length: BUCKETS }, () => 0);
  for (const order of orders?.orders ?? []) {
    const age = Math.floor((now - Date.parse(order.shipped_at ?? "")) / BUCKET_MS);
    if (age >= 0 && age < BUCKETS) counts[BUCKETS - 1 - age]!++;
  }
  const most = Math.max(...counts, 1);
  return (
    <>
      <div className="bars" role="img" aria-label={t("console.shipped_rate")}>
        {counts.map((n, i) => <i key={i} style={{ height: `${(n / most) * 100}%` }} title={String(n)} />)}
      </div>
      <div className="axis"><span>−60 min</span><span>{t("console.most", { count: most })}</span><span>{t("console.now")}</span></div>
    </>
  );
}

function Controls({ rows, problem }: { rows: Control[] | undefined; problem: Problem | null }) {
  return (
    <Rows
      name="controls"
      rows={rows === undefined ? undefined : [...rows].sort((a, b) => rank(a) - rank(b))}
      problem={problem}
      id={(c) => c.id}
      height="340px"
      narrow
      marked={(c) => c.state === "out"}
      columns={[
        { key: "measure", title: t("console.measure"), wrap: true, cell: (c) => <span title={c.action}>{tFull(`control.${c.id}`, {}) ?? c.measure}</span> },
        { key: "value", title: t("console.value"), right: true, wrap: true, cell: (c) => c.shown },
        { key: "limit", title: t("console.limit"), wrap: true, cell: (c) => c.limit },
        { key: "trend", title: t("console.trend"), cell: (c) => <Spark values={c.trend.map(([, value]) => value)} /> },
        { key: "state", title: t("field.status"), cell: (c) => <span title={inWords(c.why)}><State value={c.state} /></span> },
        { key: "owner", title: t("console.who"), cell: (c) => word("role", c.owner) },
      ]}
    />
  );
}

/** What is out comes first, what cannot be judged last. */
const RANK: Record<string, number> = { out: 0, ok: 1 };
const rank = (control: Control): number => RANK[control.state] ?? 2;

function Urgent({ rows }: { rows: Incident[] | undefined }) {
  return (
    <Rows
      name="urgent"
      rows={rows?.slice(0, 3)}
      id={(i) => i.id}
      height="150px"
      narrow
      onOpen={(i) => open("incidents", { incident: i.id })}
      columns={[
        { key: "subject", title: t("console.incident"), cell: (i) => <Text size="sm" fw={600} maw={230} truncate title={told(i)}>{told(i)}</Text> },
        { key: "left", title: t("console.time_left"), right: true, cell: (i) => <Left due={i.due_at} /> },
      ]}
    />
  );
}
