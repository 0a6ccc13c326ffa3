import { Button, Group, Loader, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useCommand, useFloor, useRead, type PlannedTour, type Walked, type WavePlan } from "../api.ts";
import { FloorMap } from "../floor-map.tsx";
import { metres, minutes, number, span } from "../format.ts";
import { inWords } from "../in-words.ts";
import { serverNow } from "../live.ts";
import { Act, Figure, Panel, Rows, Said, State } from "../parts.tsx";
import { open, useParam } from "../url.ts";

/** The wave's tours on the floor before anyone walks them, and beside what became of them afterwards. */
export function Plan({ id, may }: { id: string; may: boolean }) {
  const plan = useRead<WavePlan>(["waves", "plan", id], `/waves/${id}/plan`);
  const walked = useRead<Walked[]>(["waves", "tours", id], `/tours?wave_id=${id}`);
  const floor = useFloor();
  const [chosen, choose] = useParam("tour");
  const tours = plan.data?.tours;
  const drawn = useMemo(() => tours ?? [], [JSON.stringify(tours?.map((x) => [x.tour, x.length_mm]))]);
  if (plan.data === undefined) return plan.error ? <Said problem={plan.error} /> : <Loader color="gray" />;
  const { data } = plan;
  const tourOf = new Map(data.orders.map((o) => [o.id, o.tour]));
  const shareOf = (w: Walked): number | undefined => tours?.find((x) => x.zone === w.zone && w.order_ids.some((i) => x.order_ids.includes(i)))?.tour;
  const actual = new Map((walked.data ?? []).map((w) => [(w.zone === "" ? tourOf.get(w.order_ids[0] ?? "") : shareOf(w)) ?? 0, w]));
  const one = data.tours?.find((x) => String(x.tour) === chosen);
  return (
    <div className="map" data-testid="wave-plan">
      {floor.data && (
        <FloorMap floor={floor.data} vehicles={[]} chosen="" onChoose={(at) => open("map", { at })} onHover={() => undefined} walks={drawn} walk={one} />
      )}
      <aside>
        <Group justify="space-between" mb="sm" wrap="nowrap">
          <Group gap="xs"><Text fw={700}>{data.name}</Text><State value={data.state} /></Group>
          <Act label={t("console.all_waves")} onClick={() => open("waves")} />
        </Group>
        {data.summary === undefined ? <Making state={data.state} /> : <Sum plan={data} walked={walked.data ?? []} />}
        {may && <Decide plan={data} />}
        {data.tours && (
          <Panel title={t(brought(data.tours) ? "console.visits" : "console.tours")}>
            <Tours tours={data.tours} actual={actual} chosen={chosen} choose={choose} released={data.state !== "planned"} />
          </Panel>
        )}
        {one && <Orders plan={data} tour={one} />}
        {data.refused.length > 0 && (
          <Panel title={t("console.not_planned", { count: data.refused.length })}>
            <Rows name="refused" rows={data.refused} id={(r) => r.id} height="220px" narrow onOpen={(r) => open("orders", { order: r.id })} columns={[
              { key: "ref", title: t("field.order"), cell: (r) => r.ref },
              { key: "why", title: t("console.why"), wrap: true, cell: (r) => inWords(r.why) },
            ]} />
          </Panel>
        )}
      </aside>
    </div>
  );
}

/** Nobody walks: pods are brought, a visit each. */
const brought = (tours: PlannedTour[] | undefined): boolean => tours?.some((x) => x.pod) ?? false;

function Making({ state }: { state: string }) {
  if (state !== "planning") return <Text c="dimmed">{t("console.no_plan")}</Text>;
  return <Group gap="xs" mb="sm"><Loader color="gray" size="sm" /><Text>{t("console.plan_is_made")}</Text></Group>;
}

function Sum({ plan, walked }: { plan: WavePlan; walked: Walked[] }) {
  const s = plan.summary!;
  const done = walked.filter((w) => w.done_at !== null);
  const expected = done.reduce((sum, w) => sum + w.expected_s, 0);
  const actual = done.reduce((sum, w) => sum + (w.actual_s ?? 0), 0);
  const ends = new Date(serverNow() + s.finish_s * 1000).toISOString();
  return (
    <div className="figures" data-testid="plan-summary">
      <Figure value={number(s.orders)} label={t("page.orders")} />
      <Figure value={number(s.tours)} label={t(brought(plan.tours) ? "console.visits" : "console.tours")} />
      <Figure value={number(s.stops)} label={t("console.stops")} />
      <Figure value={metres(s.length_mm)} label={t(brought(plan.tours) ? "console.vehicles_way" : "console.walk")} />
      <Figure value={minutes(s.time_s)} label={t("console.hands_time")} />
      <Figure value={number(s.cartons)} label={t("console.cartons")} />
      {plan.state === "planned"
        ? <Figure value={minutes(s.finish_s)} label={t("console.done_with", { hands: s.hands })} title={ends} wide />
        : !brought(plan.tours) && <Figure value={done.length === 0 ? "–" : `${minutes(actual)} / ${minutes(expected)}`} label={t("console.actual_planned", { done: done.length, of: walked.length })} wide />}
    </div>
  );
}

function Decide({ plan }: { plan: WavePlan }) {
  const command = useCommand();
  if (plan.state !== "planned") return null;
  return (
    <div>
      <Said problem={command.error} />
      <Group grow>
      <Button variant="default" loading={command.isPending} onClick={() => command.mutate({ path: `/waves/${plan.id}/undo`, body: { reason: "plan discarded" } }, { onSuccess: () => open("waves") })}>{t("console.discard")}</Button>
      <Button color="dark" loading={command.isPending} data-testid="confirm-wave" onClick={() => command.mutate({ path: `/waves/${plan.id}/confirm` })}>{t("console.release_plan")}</Button>
    </Group>
    </div>
  );
}

interface ToursProps {
  tours: PlannedTour[];
  actual: Map<number, Walked>;
  chosen: string;
  choose: (tour: string) => void;
  released: boolean;
}

const SHOWN = 60;

function Tours({ tours, actual, chosen, choose, released }: ToursProps) {
  const [all, setAll] = useState(false);
  return (
    <>
      <Rows
        name="tours" rows={all ? tours : tours.slice(0, SHOWN)} id={(x) => String(x.tour)} height="38vh" narrow
        marked={(x) => String(x.tour) === chosen} onOpen={(x) => choose(String(x.tour) === chosen ? "" : String(x.tour))}
        columns={[
          { key: "tour", title: "#", cell: (x) => x.tour },
          ...(tours.some((x) => x.zone) ? [{ key: "zone", title: t("console.zone"), cell: (x: PlannedTour) => x.zone }] : []),
          ...(tours.some((x) => x.pod) ? [{ key: "pod", title: t("console.pod"), cell: (x: PlannedTour) => x.pod }] : []),
          { key: "orders", title: t("page.orders"), right: true, cell: (x) => number(x.orders) },
          { key: "stops", title: t("console.stops"), right: true, cell: (x) => (actual.has(x.tour) ? `${actual.get(x.tour)!.stops_done}/${actual.get(x.tour)!.stops}` : number(x.stops)) },
          { key: "length", title: "m", right: true, cell: (x) => number(x.length_mm / 1000) },
          { key: "time", title: t("console.planned_time"), right: true, cell: (x) => minutes(x.time_s) },
          ...(brought(tours) ? [] : [released
            ? { key: "actual", title: t("console.actual_time"), right: true, cell: (x: PlannedTour) => <Actual walked={actual.get(x.tour)} /> }
            : { key: "ends", title: t("console.ends_after"), right: true, cell: (x: PlannedTour) => minutes(x.ends_s) }]),
        ]}
      />
      {!all && tours.length > SHOWN && <Act label={t("console.show_all", { count: tours.length })} onClick={() => setAll(true)} />}
    </>
  );
}

function Actual({ walked }: { walked: Walked | undefined }) {
  if (walked === undefined) return <>–</>;
  if (walked.actual_s === null) return <>{word("state", walked.state)}</>;
  const late = walked.actual_s > 1.25 * walked.expected_s;
  return <span className={late ? "soon" : ""}>{walked.done_at === null ? `${span(walked.actual_s * 1000)} …` : minutes(walked.actual_s)}</span>;
}

function Orders({ plan, tour }: { plan: WavePlan; tour: PlannedTour }) {
  return (
    <Panel title={t("console.tour_orders", { tour: tour.tour })}>
      <Rows name="tour-orders" rows={plan.orders.filter((o) => (tour.order_ids.length > 0 ? tour.order_ids.includes(o.id) : o.tour === tour.tour))} id={(o) => o.id} height="200px" narrow onOpen={(o) => open("orders", { order: o.id })} columns={[
        { key: "ref", title: t("field.order"), cell: (o) => o.ref },
        { key: "state", title: t("field.status"), cell: (o) => <State value={o.state} /> },
      ]} />
    </Panel>
  );
}
