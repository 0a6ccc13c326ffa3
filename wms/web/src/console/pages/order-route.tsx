import { Alert, Anchor, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useRead, type Order } from "../api.ts";
import { time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { State } from "../parts.tsx";
import { money, type CarrierLabel, type Choice } from "../shipping.ts";
import { Offers } from "./shipping-try.tsx";

/** How the order goes: its holds, service and duty term with what was judged, and its carrier labels. */
export function Route({ order }: { order: Order }) {
  const [open, setOpen] = useState(false);
  const read = useRead<{ choice: Choice | null; labels: CarrierLabel[] }>(["orders", "route", order.id], `/shipping/orders/${order.id}`);
  const choice = read.data?.choice ?? null;
  const labels = read.data?.labels ?? [];
  if (choice === null && order.holds.length === 0 && labels.length === 0) return null;
  return (
    <Stack gap={6} data-testid="route">
      {order.holds.map((hold) => (
        <Alert key={hold.kind} color="orange" variant="light" p="xs" data-testid={`hold-${hold.kind}`}>
          <Text size="sm">{t("ship.held_for", { kind: word("hold", hold.kind), why: inWords(hold.why) })}</Text>
          {hold.fields.length > 0 && <Text size="sm" c="dimmed">{t("ship.missing", { fields: hold.fields.map((f) => word("paper", f)).join(", ") })}</Text>}
        </Alert>
      ))}
      {choice !== null && (
        <Group gap="md">
          {choice.service !== "" && <Text size="sm"><b>{choice.service}</b> {money(choice.cents, choice.currency)}{choice.fixed_service !== "" ? `, ${t("ship.fixed")}` : ""}</Text>}
          <Text size="sm">{choice.term === "" ? t("ship.duty_none", { why: inWords(choice.term_why) }) : t("ship.duty_is", { term: choice.term, why: inWords(choice.term_why) })}</Text>
          <Anchor component="button" size="sm" onClick={() => setOpen(!open)} aria-expanded={open}>{t("ship.offers")}</Anchor>
        </Group>
      )}
      {choice !== null && open && (
          <div>
            <Offers offers={choice.offers} chosen={choice.service} currency={choice.currency} narrow />
            <Text size="xs" c="dimmed">{t("ship.judged", { at: time(choice.judged_at) })}</Text>
          </div>
      )}
      {labels.map((label) => (
        <Group key={label.id} gap="sm">
          <Text size="sm">{t("ship.by_label")}</Text>
          <State value={label.state} />
          {label.tracking !== "" && <Anchor size="sm" href={`?page=shipping&view=labels&q=${label.tracking}`}>{label.tracking}</Anchor>}
          {label.why !== "" && <Text size="sm" c="dimmed">{inWords(label.why)}</Text>}
        </Group>
      ))}
    </Stack>
  );
}
