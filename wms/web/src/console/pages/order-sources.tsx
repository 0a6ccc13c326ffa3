import { Anchor, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { t } from "../../lib/i18n.ts";
import { useRead, type Order } from "../api.ts";
import { amount, number, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { State } from "../parts.tsx";
import type { Sourcing } from "../sourcing.ts";
import { pieces } from "./warehouses.tsx";

/** What of an order other warehouses send, why, and what spoke for and against each of them. */
export function Sources({ order }: { order: Order }) {
  const [all, showAll] = useState(false);
  const read = useRead<Sourcing>(["orders", "sources", order.id], `/sourcing/orders/${order.id}`);
  const choice = read.data?.choice ?? null;
  const parts = read.data?.parts ?? [];
  if (choice === null && parts.length === 0) return null;
  return (
    <Stack gap={6} data-testid="sources">
      {choice !== null && (
        <Group gap="md" align="baseline">
          <Text size="sm"><b>{t(`sourcing.decided_${choice.kind}`)}</b> {inWords(choice.why)}</Text>
          {choice.considered.length > 0 && <Anchor component="button" size="sm" onClick={() => showAll(!all)} aria-expanded={all}>{t("sourcing.considered")}</Anchor>}
        </Group>
      )}
      {choice !== null && all && choice.considered.map(([code, why]) => <Text key={code} size="sm" c="dimmed"><b>{code}</b> {inWords(why)}</Text>)}
      {parts.map((p) => (
        <div key={p.id}>
          <Group gap="sm">
            <Anchor size="sm" href="?page=warehouses&view=all">{p.ref}</Anchor>
            <State value={p.state} />
            <Text size="sm">{pieces(p)}</Text>
            <Text size="sm" c="dimmed">{t("sourcing.part_facts", { warehouse: p.warehouse, cost: amount(p.cents), days: number(p.lead_days, 1), at: time(p.told_at) })}</Text>
          </Group>
          {p.answer !== "" && <Text size="sm" c="dimmed">{p.answer}</Text>}
          {p.back_as !== null && <Anchor size="sm" href={`?page=orders&order=${p.back_as}`}>{t("sourcing.back_as", { ref: p.ref })}</Anchor>}
        </div>
      ))}
    </Stack>
  );
}
