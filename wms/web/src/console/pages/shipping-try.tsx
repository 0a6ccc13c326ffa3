import { Badge, Button, Group, NumberInput, Stack, Table, Text, TextInput, Tooltip } from "@mantine/core";
import { useState } from "react";
import { t } from "../../lib/i18n.ts";
import { useCommand } from "../api.ts";
import { number } from "../format.ts";
import { Panel, Said } from "../parts.tsx";
import { days, money, whyNot, type Offer, type Tried } from "../shipping.ts";

/** "A x 2, B" to lines; null where it cannot be read. */
function parse(content: string): { sku: string; qty_each: number }[] | null {
  const lines = content.split(/[,;\n]/).map((part) => part.trim()).filter((part) => part !== "").map((part) => /^(\S+)(?:\s*[x×*]\s*(\d{1,5}))?$/i.exec(part));
  if (lines.length === 0 || lines.some((found) => found === null)) return null;
  return lines.map((found) => ({ sku: found![1]!, qty_each: Number(found![2] ?? 1) }));
}

/** What every service would cost for a content and a destination, and why some may not carry it. */
export function TryOut() {
  const [country, setCountry] = useState("DE");
  const [postcode, setPostcode] = useState("");
  const [content, setContent] = useState("");
  const [promised, setPromised] = useState<number | string>("");
  const ask = useCommand<Tried>();
  const lines = parse(content);
  return (
    <Panel title={t("ship.try")}>
      <Stack>
        <Text size="sm" c="dimmed">{t("ship.try_hint")}</Text>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (lines === null) return;
            ask.mutate({ path: "/shipping/try", body: { country: country.toUpperCase(), postcode, lines, promised_days: promised === "" ? null : Number(promised) } });
          }}
        >
          <Group align="flex-end" gap="sm">
            <TextInput
              label={t("ship.content")} placeholder={t("ship.content_hint")} value={content} w={340} data-testid="try-content"
              onChange={(e) => setContent(e.currentTarget.value)} error={content !== "" && lines === null ? t("ship.unknown_sku") : null}
            />
            <TextInput label={t("field.country")} value={country} w={90} maxLength={2} onChange={(e) => setCountry(e.currentTarget.value.toUpperCase())} />
            <TextInput label={t("field.postcode")} value={postcode} w={120} maxLength={20} onChange={(e) => setPostcode(e.currentTarget.value)} />
            <NumberInput label={t("ship.promised")} value={promised} w={150} min={0} max={365} onChange={setPromised} />
            <Button type="submit" color="dark" disabled={lines === null || country.length !== 2} loading={ask.isPending} data-testid="try-ask">{t("ship.ask")}</Button>
          </Group>
        </form>
        <Said problem={ask.error} />
        {ask.data && <Result tried={ask.data} />}
      </Stack>
    </Panel>
  );
}

function Result({ tried }: { tried: Tried }) {
  return (
    <Stack gap="xs" data-testid="try-result">
      <Group gap="md">
        <Text fw={650} className={tried.service === "" ? "late" : ""}>{tried.service === "" ? t("ship.nothing") : tried.service}</Text>
        <Text size="sm" c="dimmed">{tried.term === "" ? t("ship.duty_none", { why: tried.term_why }) : t("ship.duty_is", { term: tried.term, why: tried.term_why })}</Text>
      </Group>
      <Offers offers={tried.offers} chosen={tried.service} currency={tried.currency} />
    </Stack>
  );
}

/** Every service with price, days and the reasons; the chosen one first. */
export function Offers({ offers, chosen, currency, narrow }: { offers: Offer[]; chosen: string; currency: string; narrow?: boolean }) {
  return (
    <Table verticalSpacing={5} data-testid="offers">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("field.service")}</Table.Th>
          {!narrow && <Table.Th>{t("field.carrier")}</Table.Th>}
          <Table.Th ta="right">{t("ship.price")}</Table.Th>
          {!narrow && <Table.Th ta="right">{t("ship.lateness")}</Table.Th>}
          {!narrow && <Table.Th ta="right">{t("ship.expected")}</Table.Th>}
          <Table.Th ta="right"><span title={t("ship.days_hint")}>{t("ship.days")}</span></Table.Th>
          <Table.Th>{t("ship.why")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {offers.map((o) => <One key={o.service} offer={o} chosen={o.service === chosen} currency={currency} narrow={narrow ?? false} />)}
      </Table.Tbody>
    </Table>
  );
}

function One({ offer: o, chosen, currency, narrow }: { offer: Offer; chosen: boolean; currency: string; narrow: boolean }) {
  const may = o.reasons.length === 0;
  const priced = o.cents > 0 || may;
  const parts = o.lines.map(([what, cents]) => `${what} ${money(cents, o.currency)}`).join("\n");
  return (
    <Table.Tr {...(may ? {} : { c: "dimmed" })} data-service={o.service}>
      <Table.Td fw={chosen ? 650 : 400} style={{ whiteSpace: "nowrap" }}>{o.service}</Table.Td>
      {!narrow && <Table.Td>{o.carrier}, {t(`ship.kind_${o.kind}`)}</Table.Td>}
      <Table.Td ta="right" className="number">
        {priced && <Tooltip label={<span style={{ whiteSpace: "pre" }}>{parts}</span>} disabled={parts === ""}><span>{money(o.cents, currency)}</span></Tooltip>}
      </Table.Td>
      {!narrow && <Table.Td ta="right" className="number">{priced && o.late_cents > 0 ? money(o.late_cents, currency) : ""}</Table.Td>}
      {!narrow && <Table.Td ta="right" className="number">{priced ? money(o.expected_cents, currency) : ""}</Table.Td>}
      <Table.Td ta="right" className="number" style={{ whiteSpace: "nowrap" }}>{days(o.days)}</Table.Td>
      <Table.Td className="wrap">
        {chosen && <Badge variant="light" color="dark" radius="sm" tt="none" mr={6}>{t("ship.chosen")}</Badge>}
        {may && !chosen && <span>{t("ship.may")} </span>}
        {may && <Text span size="sm" c="dimmed">{[o.parcels > 1 ? t("ship.parcels", { n: o.parcels }) : "", o.charged_g > 0 ? t("ship.charged", { g: number(o.charged_g) }) : ""].filter((x) => x !== "").join(", ")}</Text>}
        {o.reasons.map((r, i) => <div key={i}>{whyNot(r)}</div>)}
      </Table.Td>
    </Table.Tr>
  );
}
