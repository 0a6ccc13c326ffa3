import { Group } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { locale, t } from "../../lib/i18n.ts";
import { useRead, type Variance } from "../api.ts";
import { Ask, type Question } from "../ask.tsx";
import { number } from "../format.ts";
import { Left } from "../left.tsx";
import { Act, Panel, Rows } from "../parts.tsx";

const COLUMNS = ["location", "sku", "system_each", "counted_each", "recount_each", "delta_each", "value_delta_cents", "held_each", "counters", "due_at"];

/** Nothing is posted to the ledger before finance has said yes; who counted may not approve. */
export default function CountsPage() {
  const variances = useRead<Variance[]>(["counts"], "/counting/variances");
  const [question, ask] = useState<Question | null>(null);
  const decide = (row: Variance, approve: boolean): void =>
    ask({
      title: t(approve ? "console.approve" : "console.reject"), text: [row["location"], row["sku"]].filter(Boolean).join(" · "),
      reason: t("field.reason"), danger: !approve,
      command: (reason) => ({ path: `/counting/variances/${row.id}/decide`, body: { approve, reason } }),
    });
  return (
    <Panel title={t("page.counts")}>
      <Rows
        name="counts"
        rows={variances.data}
        problem={variances.error}
        id={(v) => v.id}
        columns={[
          ...COLUMNS.map((name) => ({
            key: name, title: t(`field.${name}`), wrap: name === "sku", right: /_(each|cents)$/.test(name),
            cell: (v: Variance) => CELLS[name]?.(v) ?? show(name, v[name]),
          })),
          {
            key: "act", title: "", right: true,
            cell: (v) => (
              <Group gap={6} justify="flex-end" wrap="nowrap">
                <Act label={t("console.approve")} onClick={() => decide(v, true)} />
                <Act label={t("console.reject")} danger onClick={() => decide(v, false)} />
              </Group>
            ),
          },
        ]}
      />
      <Ask question={question} onClose={() => ask(null)} />
    </Panel>
  );
}

const CELLS: Record<string, (v: Variance) => ReactNode> = {
  sku: (v) => (
    <>
      {String(v["sku"])}
      <div className="small">{nameOf(v)}</div>
    </>
  ),
  delta_each: (v) => <Delta row={v} />,
};

const nameOf = (v: Variance): string => String((locale() === "zh-CN" && v["name_zh"]) || v["name"]);

/** The difference, and of goods known by their serials which they are. */
function Delta({ row }: { row: Variance }) {
  const named = (["missing", "extra"] as const).filter((name) => row[name].length > 0);
  return (
    <>
      {show("delta_each", row["delta_each"])}
      {named.map((name) => <div key={name} className="small" data-testid={`serials-${name}`}>{t(`console.serials_${name}`, { serials: row[name] })}</div>)}
    </>
  );
}

function show(name: string, value: unknown) {
  if (value === null || value === undefined || value === "") return "–";
  if (name === "due_at") return <Left due={String(value)} />;
  if (name.endsWith("_cents") && typeof value === "number") return number(value / 100, 2);
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "number") return name.startsWith("delta") && value !== 0 ? <span className="soon">{value > 0 ? `+${number(value)}` : number(value)}</span> : number(value);
  return String(value);
}
