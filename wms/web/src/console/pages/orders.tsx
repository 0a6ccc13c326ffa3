import { Button, Drawer, Group, SegmentedControl, Select, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useCommand, useRead, type Order, type OrderRow, type Orders, type Promised } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { Ask, type Question } from "../ask.tsx";
import { number, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { Left, STAGES } from "../left.tsx";
import { Act, Panel, Rows, Said, State } from "../parts.tsx";
import { useParam } from "../url.ts";
import { Change } from "./order-change.tsx";
import { Route } from "./order-route.tsx";
import { Sources } from "./order-sources.tsx";
import { Verdict, why } from "./release.tsx";

const STATES = [...STAGES, "backordered", "cancelled"];

export default function OrdersPage({ me }: PageProps) {
  const [state, setState] = useParam("state");
  const [words, setWords] = useParam("q");
  const [chosen, choose] = useParam("order");
  const query = new URLSearchParams({ limit: "200", state, q: words });
  const orders = useRead<Orders>(["orders", "list", state, words], `/orders?${query}`);
  const by = orders.data?.by_state ?? {};
  return (
    <Panel
      title={t("page.orders")}
      aside={
        <Group>
          <Select
            aria-label={t("field.status")} placeholder={t("console.all_states")} clearable w={220} value={state === "" ? null : state}
            onChange={(to) => setState(to ?? "")} data={STATES.map((s) => ({ value: s, label: `${t(`state.${s}`)} (${number(by[s] ?? 0)})` }))}
          />
          <TextInput data-filter aria-label={t("console.find_order")} placeholder={t("console.find_order")} w={220} value={words} onChange={(e) => setWords(e.currentTarget.value, true)} />
        </Group>
      }
    >
      <Rows
        name="orders"
        rows={orders.data?.orders}
        problem={orders.error}
        id={(o) => o.id}
        onOpen={(o) => choose(o.id)}
        columns={[
          { key: "ref", title: t("field.order"), cell: (o) => o.ref },
          { key: "state", title: t("field.status"), cell: (o) => <Group gap={6} wrap="nowrap"><State value={o.state} />{o.holds.length > 0 && <State value="held" />}{o.cancel_requested && o.state !== "cancelled" && <State value="cancelled" />}</Group> },
          { key: "lines", title: t("console.lines"), right: true, cell: (o) => number(o.lines) },
          { key: "qty", title: t("console.pieces"), right: true, cell: (o) => number(o.qty_each) },
          { key: "picked", title: t("console.picked"), right: true, cell: (o) => number(o.picked_each) },
          { key: "short", title: t("console.short"), right: true, cell: (o) => (o.short_each > 0 ? <span className="soon">{number(o.short_each)}</span> : "0") },
          { key: "cartons", title: t("console.cartons"), cell: (o) => o.cartons.map(shippedIn).join(", ") },
          { key: "carrier", title: t("field.carrier"), cell: (o) => `${o.service !== "" ? o.service : o.carrier} ${o.country}` },
          { key: "priority", title: t("console.priority"), right: true, cell: (o) => o.priority },
          { key: "cutoff", title: t("console.cutoff"), right: true, cell: (o) => <Cutoff order={o} /> },
          { key: "accepted", title: t("console.accepted_at"), right: true, cell: (o) => time(o.accepted_at) },
        ]}
      />
      <Drawer opened={chosen !== ""} onClose={() => choose("")} position="right" size={620} title={t("field.order")}>
        {chosen !== "" && <Detail id={chosen} roles={me.roles} />}
      </Drawer>
    </Panel>
  );
}

/** A carton's code, or that goods ship in their own container. */
const shippedIn = (carton: string): string => (carton === "" ? t("console.own_container") : carton);

function Cutoff({ order }: { order: OrderRow }) {
  return ["shipped", "cancelled"].includes(order.state) ? <>{time(order.shipped_at)}</> : <Left due={order.cutoff_at} />;
}

function Detail({ id, roles }: { id: string; roles: string[] }) {
  const order = useRead<Order>(["orders", "one", id], `/orders/${id}`);
  const cartons = useRead<{ code: string; bag: boolean }[]>(["cartons"], "/catalog/cartons", 60_000);
  const bags = new Set(cartons.data?.filter((c) => c.bag).map((c) => c.code));
  const [question, ask] = useState<Question | null>(null);
  const o = order.data;
  if (o === undefined) return <Said problem={order.error} />;
  const may = (roles.includes("integration") || roles.includes("supervisor")) && !["shipped", "cancelled"].includes(o.state);
  return (
    <Stack data-testid="order">
      <Group justify="space-between">
        <Group><Title order={2} size="h3">{o.ref}</Title><State value={o.state} /></Group>
        {may && (
          <Group gap={6}>
            <Change order={o} />
            <Act
              label={t("console.cancel_order")}
              danger
              onClick={() => ask({
                title: t("console.cancel_order"), text: t(`console.cancel_effect_${effect(o.state)}`), reason: t("field.reason"), danger: true,
                command: (reason) => ({ path: `/orders/${id}/cancel`, body: { reason } }),
              })}
            />
          </Group>
        )}
      </Group>
      <Text size="sm" c="dimmed">
        {[o.channel, o.carrier, ...Object.values(o.destination).map(String), word("policy", o.short_policy)].filter((x) => x !== "").join(" · ")}
      </Text>
      {!["shipped", "cancelled"].includes(o.state) && <Truck id={id} />}
      <Route order={o} />
      <Sources order={o} />
      {may && <Priority order={o} />}
      <Table verticalSpacing={5} data-testid="lines">
        <Table.Thead><Table.Tr><Table.Th>{t("field.sku")}</Table.Th><Table.Th>{t("field.name")}</Table.Th><Table.Th ta="right">{t("console.pieces")}</Table.Th><Table.Th ta="right">{t("console.picked")}</Table.Th><Table.Th ta="right">{t("console.short")}</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {o.lines.map((x) => (
            <Table.Tr key={x.id}><Table.Td>{x.sku}</Table.Td><Table.Td>{x.name}</Table.Td><Table.Td ta="right">{x.qty_each}</Table.Td><Table.Td ta="right">{x.picked_each}</Table.Td><Table.Td ta="right" className={x.short_each > x.elsewhere_each ? "soon" : ""}>{x.elsewhere_each > 0 ? t("sourcing.short", { n: x.short_each, elsewhere: x.elsewhere_each }) : x.short_each}</Table.Td></Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Title order={3} size="h5">{t("console.why")}</Title>
      <div className="why" data-testid="why">
        {o.why.map((w, i) => [<time key={`t${i}`}>{time(w.at)}</time>, <span key={`w${i}`}><b>{word("step", w.step)}</b> {inWords(w.why)}</span>])}
      </div>
      {o.parcels.length > 0 && (
        <>
          <Title order={3} size="h5">{t("console.cartons")}</Title>
          <Text size="sm" data-testid="cartons">{o.parcels.map((p) => `${bags.has(p.carton) ? t("packing.bag", { code: p.carton }) : shippedIn(p.carton)} (${number(p.expected_g)} g)`).join(", ")}</Text>
        </>
      )}
      <Ask question={question} onClose={() => ask(null)} />
    </Stack>
  );
}

/** Will it make its truck, and if not why. */
function Truck({ id }: { id: string }) {
  const promise = useRead<Promised>(["promises", id], `/promises/${id}`, 10_000);
  if (promise.data === undefined) return <Said problem={promise.error} />;
  return (
    <Group gap="xs" data-testid="promise">
      <Verdict value={promise.data.verdict} />
      <Left due={promise.data.cutoff_at} />
      <Text size="sm" c="dimmed">{why(promise.data)}</Text>
    </Group>
  );
}

const effect = (state: string): string =>
  ["accepted", "backordered"].includes(state) ? "drop" : ["released", "picking"].includes(state) ? "stop" : ["picked", "packed"].includes(state) ? "divert" : "pull";

function Priority({ order }: { order: Order }) {
  const change = useCommand();
  return (
    <Group>
      <Text size="sm">{t("console.priority")}</Text>
      <SegmentedControl
        size="xs"
        value={String(order.priority)}
        disabled={change.isPending}
        onChange={(to) => change.mutate({ method: "PATCH", path: `/orders/${order.id}`, body: { priority: Number(to) } })}
        data={["1", "3", "5", "7", "9"].includes(String(order.priority)) ? ["1", "3", "5", "7", "9"] : [String(order.priority), "1", "3", "5", "7", "9"]}
      />
      <Said problem={change.error} />
      <Button size="xs" variant="subtle" onClick={() => void navigator.clipboard.writeText(location.href)}>{t("console.copy_link")}</Button>
    </Group>
  );
}
