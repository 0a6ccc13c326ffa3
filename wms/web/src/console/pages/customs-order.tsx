import { Group, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { has, locale, t, word } from "../../lib/i18n.ts";
import { useRead } from "../api.ts";
import { Ask, type Question } from "../ask.tsx";
import { number, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { Act, Missing, Panel, State } from "../parts.tsx";

export interface Fault {
  code: string;
  field: string;
  said: string;
  difference: Record<string, unknown>;
}

export interface JudgedRow {
  order_id: string;
  ref: string;
  country: string;
  mode: string;
  why: string;
  ok: boolean;
  faults: Fault[];
  unverified: string[];
  estimate: { currency?: string; duty_cents?: number; vat_cents?: number; why?: string[] };
  judged_at: string;
  first_fault_at: string | null;
}

interface Whole extends JudgedRow {
  papers: Record<string, Record<string, unknown>>;
  parcels: { parcel_id: string; sscc: string; tracking: string; state: string; gross_g: number; contents: Record<string, number>; answer: string }[];
  documents: { id: string; kind: string; number: string; made_on: string; keep_until: string; legal_hold: string }[];
  holds: { parcel_id: string; asks: string; opened_at: string; due_at: string; answered_at: string | null }[];
}

const MONEY = new Set(["total", "value"]);

const money = (cents: number): string => (cents / 100).toLocaleString(locale(), { minimumFractionDigits: 2, maximumFractionDigits: 2 });

function shown(field: string, value: unknown): string {
  const name = field.split(/[@ ]/)[0] ?? "";
  if (typeof value === "number" && MONEY.has(name)) return money(value);
  if (typeof value === "number" && name.endsWith("_g")) return `${number(value)} g`;
  return value === undefined || value === "" ? "–" : String(value);
}

/** Which field, paper or SKU is at fault. */
export function faultField(f: Fault): string {
  const [name = "", sku = ""] = f.field.split(" ");
  const said = has(`customs_field.${name}`) ? t(`customs_field.${name}`) : has(`customs_paper.${name}`) ? t(`customs_paper.${name}`) : word("customs_table", name).replace("destination.", "");
  return `${said} ${sku}`.trim();
}

export const faultWord = (f: Fault): string => word("customs_fault", f.code.replace("customs.", ""));
export const stated = (f: Fault): string =>
  Object.entries(f.difference).map(([paper, value]) => `${word("customs_paper", paper)} ${shown(f.field, value)}`).join(" · ");

/** An order's papers side by side: what differs is marked; its documents, parcels and what customs asks. */
export function Judged({ id, lead }: { id: string; lead: boolean }) {
  const order = useRead<Whole>(["customs", "order", id], `/customs/orders/${id}`, 5000);
  const [question, ask] = useState<Question | null>(null);
  if (order.error) return <Missing problem={order.error} />;
  const o = order.data;
  if (o === undefined) return null;
  const wrong = new Set(o.faults.map((f) => f.field));
  const names = Object.keys(o.papers);
  const keys = [...new Set(names.flatMap((name) => Object.keys(o.papers[name] ?? {})))].sort((a, b) => Number(wrong.has(b.replace("@", " "))) - Number(wrong.has(a.replace("@", " "))) || Number(a.includes("@")) - Number(b.includes("@")) || a.localeCompare(b));
  const packed = o.parcels.length > 0;
  const open = o.holds.filter((h) => h.answered_at === null);
  return (
    <Panel
      title={o.ref}
      aside={lead && (
        <Group gap="xs">
          <Act label={t("customs.judge_again")} onClick={() => ask({ title: t("customs.judge_again"), command: () => ({ path: `/customs/orders/${id}/judge` }) })} />
          {open.length > 0 && <Act label={t("customs.send_papers")} onClick={() => ask({ title: t("customs.send_papers"), text: t("customs.send_papers_text"), command: () => ({ path: `/customs/orders/${id}/answer` }) })} />}
          {o.parcels.some((p) => p.state === "declared" || p.state === "held") && <Act danger label={t("customs.correct")} onClick={() => ask({ title: t("customs.correct"), text: t("customs.correct_text"), reason: t("customs.reason"), danger: true, command: (reason) => ({ path: `/customs/orders/${id}/correct`, body: { reason } }) })} />}
        </Group>
      )}
    >
      <Stack gap="sm">
        <Group gap="xs"><b>{word("customs_mode", o.mode)}</b><Text size="sm" c="dimmed">{inWords(o.why)}</Text></Group>
        {open.map((h) => <Text key={h.parcel_id} className="late">{t("customs.asks", { asks: h.asks, due: time(h.due_at) })}</Text>)}
        {o.faults.map((f) => (
          <div key={f.code + f.field + f.said} data-testid="fault">
            <b className="soon">{faultWord(f)}: {faultField(f)}</b>
            <Text size="sm">{stated(f) || f.said}</Text>
            {has(`customs_mend.${f.code.replace("customs.", "")}`) && <Text size="sm" c="dimmed">{t(`customs_mend.${f.code.replace("customs.", "")}`)}</Text>}
          </div>
        ))}
        {o.ok && <Text size="sm">{t("customs.agree")}</Text>}
        {o.unverified.length > 0 && <Text size="sm" c="dimmed">{t("customs.unverified", { documents: o.unverified.map((d) => word("customs_paper", d)).join(", ") })}</Text>}
        {o.estimate.currency && <Text size="sm">{t("customs.estimate", { duty: money(o.estimate.duty_cents ?? 0), vat: money(o.estimate.vat_cents ?? 0), currency: o.estimate.currency })}</Text>}
        {keys.length > 0 && (
          <Table.ScrollContainer minWidth={0} maxHeight="34vh" scrollAreaProps={{ viewportProps: { tabIndex: 0, "aria-label": t("customs.papers") } }}>
            <Table stickyHeader verticalSpacing={3} horizontalSpacing={6} fz="sm" className="papers" data-testid="papers" aria-label={t("customs.papers")}>
              <Table.Thead><Table.Tr><Table.Th>{t("customs.field")}</Table.Th>{names.map((n) => <Table.Th key={n}>{word("customs_paper", n)}</Table.Th>)}</Table.Tr></Table.Thead>
              <Table.Tbody>
                {keys.map((key) => {
                  const [field = "", sku = ""] = key.split("@");
                  return (
                    <Table.Tr key={key} className={wrong.has(`${field} ${sku}`.trim()) ? "marked" : ""}>
                      <Table.Td>{word("customs_field", field)}{sku && <> <Text span c="dimmed" size="sm">{sku}</Text></>}</Table.Td>
                      {names.map((n) => <Table.Td key={n}>{o.papers[n]?.[key] === undefined ? "" : shown(field, o.papers[n]?.[key])}</Table.Td>)}
                    </Table.Tr>
                  );
                })}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
        {o.parcels.map((p) => <Group key={p.parcel_id} gap="xs"><State value={p.state} /><Text size="sm">{p.tracking || p.sscc} · {number(p.gross_g)} g · {Object.entries(p.contents).map(([sku, n]) => `${n} × ${sku}`).join(", ")}{p.answer && ` · ${p.answer}`}</Text></Group>)}
        {lead && o.papers["invoice"] && (
          <Group gap="md" data-testid="documents">
            <b>{t("customs.documents")}</b>
            <a href={`/api/v1/customs/orders/${id}/documents/invoice`}>{t("customs.invoice")}</a>
            {packed && <a href={`/api/v1/customs/orders/${id}/documents/packing_list`}>{t("customs.packing_list")}</a>}
            {packed && <a href={`/api/v1/customs/orders/${id}/bundle`}>{t("customs.bundle")}</a>}
            {(["cn22", "cn23"] as const).map((kind) => <span key={kind}>{kind.toUpperCase().replace("CN", "CN ")}: <a href={`/api/v1/customs/orders/${id}/documents/${kind}?size=a4`}>A4</a> <a href={`/api/v1/customs/orders/${id}/documents/${kind}?size=label`}>{t("customs.label")}</a></span>)}
          </Group>
        )}
        {o.documents.map((d) => <Text key={d.id} size="sm" c="dimmed">{d.number}: {t("customs.kept", { from: d.made_on, until: d.keep_until })}{d.legal_hold && ` · ${t("customs.legal_hold")}: ${d.legal_hold}`}</Text>)}
      </Stack>
      <Ask question={question} onClose={() => ask(null)} />
    </Panel>
  );
}
