import { Group, Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { locale, t } from "../../lib/i18n.ts";
import { useCommand, useRead } from "../api.ts";
import { Ask, type Question } from "../ask.tsx";
import { number, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { Act, Rows, Said, State } from "../parts.tsx";
import type { Return } from "../returns.ts";
import { money } from "../shipping.ts";

/** One return: what was decided and why, what came, what was wrong, what it comes to. */
export function OneReturn({ id, currency, may, onClose }: { id: string; currency: string; may: boolean; onClose: () => void }) {
  return <Modal opened={id !== ""} onClose={onClose} size="xl" centered title={t("page.returns")}>{id !== "" && <Body id={id} currency={currency} may={may} />}</Modal>;
}

function Body({ id, currency, may }: { id: string; currency: string; may: boolean }) {
  const [question, ask] = useState<Question | null>(null);
  const command = useCommand();
  const one = useRead<Return>(["returns", "one", id], `/returns/${id}`);
  const r = one.data;
  if (r === undefined) return <Said problem={one.error} />;
  const name = (x: Return["lines"][number]): string => (locale() === "zh-CN" && x.name_zh) || x.name;
  return (
    <Stack gap="sm" data-testid="one-return">
      <Group>
        <Text fw={700} size="lg">{t("returns.one", { number: r.number })}</Text>
        <State value={r.state} />
        <Text>{t("field.order")} {r.order_ref}</Text>
        <Text>{r.hold_code !== "" ? t(`error.${r.hold_code}`) : t(`returns.way_${r.method}`)}</Text>
        {r.label && <a href={`/api/v1/returns/${r.id}/label`} target="_blank" rel="noreferrer">{t("template.return")}</a>}
      </Group>
      {r.carrier_label !== null && (
        <Text c={r.carrier_label.state === "refused" ? "red.9" : ""}>
          {t(r.carrier_label.state === "bought" ? "returns.carrier_label" : `returns.carrier_label_${r.carrier_label.state}`, { ...r.carrier_label, price: money(r.carrier_label.price_cents, r.carrier_label.price_currency) })}
        </Text>
      )}
      {may && OPEN.has(r.state) && (
        <Group>
          {r.state === "held" && <Act label={t("returns.try_again")} busy={command.isPending} onClick={() => command.mutate({ path: `/returns/${r.id}/decide`, body: {} })} />}
          <Act danger label={t("returns.cancel")} onClick={() => ask({
            title: t("returns.cancel"), text: t("returns.cancel_text", { number: r.number }), reason: t("field.reason"), danger: true,
            command: (note) => ({ path: `/returns/${r.id}/cancel`, body: { note } }),
          })} />
        </Group>
      )}
      <Said problem={command.error} />
      <Ask question={question} onClose={() => ask(null)} />
      <Group gap="xl">
        <Text>{t("returns.refund")}: <b>{money(r.refund_cents, r.currency)}</b></Text>
        <Text>{t("returns.cost")}: <b>{money(r.cost_cents, currency)}</b></Text>
        {r.advised_at !== null ? <Text c="dimmed">{t("returns.advised", { at: time(r.advised_at) })}</Text> : r.flag === "open" && r.state === "closed" && <Text c="orange" fw={600}>{t("returns.kept_back")}</Text>}
      </Group>
      <Rows
        name="return-lines" rows={r.lines} id={(x) => x.id} height="26vh" narrow
        columns={[
          { key: "sku", title: "SKU", wrap: true, cell: (x) => <><b>{x.sku}</b> {name(x)}</> },
          { key: "reason", title: t("field.reason"), cell: (x) => t(`returns.for_${x.reason}`) },
          { key: "pieces", title: t("returns.pieces"), right: true, cell: (x) => `${number(x.received_each)} / ${number(x.qty_each)}` },
          { key: "value", title: t("console.value"), right: true, cell: (x) => money(x.value_cents, r.currency) },
        ]}
      />
      {r.items.length > 0 && (
        <Rows
          name="return-items" rows={r.items} id={(x) => x.id} height="26vh" narrow
          columns={[
            { key: "sku", title: "SKU", cell: (x) => `${number(x.qty_each)} × ${x.sku}` },
            { key: "grade", title: t("field.grade"), cell: (x) => <b>{x.grade || "–"}</b> },
            { key: "to", title: t("returns.finish"), cell: (x) => t(`returns.outcome_${x.outcome}`) },
            { key: "reason", title: t("field.reason"), cell: (x) => (x.reason === "" ? "–" : t(`choice.${x.reason}`)) },
            { key: "serials", title: "S/N", cell: (x) => x.serials.join(", ") || "–" },
            { key: "by", title: t("console.by"), cell: (x) => x.graded_by || "–" },
          ]}
        />
      )}
      {r.findings.map((f) => <Text key={`${f.kind} ${f.at}`} c="red.9">{t(`returns.found_${f.kind}`)}: {f.what} ({f.by}, {time(f.at)})</Text>)}
      {r.photos.length > 0 && <Pictures ids={r.photos.map((p) => p.id)} />}
      {r.why.map((w) => <Text key={w.at + w.step} size="sm" c="dimmed">{time(w.at)} {inWords(w.why)}</Text>)}
    </Stack>
  );
}

/** Nothing has come of it yet. */
const OPEN = new Set(["held", "labelling", "authorised"]);

export function Pictures({ ids }: { ids: string[] }) {
  if (ids.length === 0) return "–";
  return (
    <Group gap={4} wrap="nowrap">
      {ids.map((id) => (
        <a key={id} href={`/api/v1/returns/photos/${id}`} target="_blank" rel="noreferrer" onClick={(event) => event.stopPropagation()}>
          <img src={`/api/v1/returns/photos/${id}`} alt={t("returns.photos")} height={32} style={{ display: "block", maxWidth: 64, objectFit: "cover", borderRadius: 3 }} />
        </a>
      ))}
    </Group>
  );
}
