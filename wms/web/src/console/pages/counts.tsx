import { Group } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useRead, type Variance } from "../api.ts";
import { Ask, type Question } from "../ask.tsx";
import { number, time } from "../format.ts";
import { Act, Panel, Rows, State } from "../parts.tsx";
import { has } from "../../lib/i18n.ts";

const FIRST = ["location", "place", "sku", "name", "system_each", "counted_each", "recounted_each", "difference_each", "value_cents", "state"];

/** Nothing is posted to the ledger before finance has said yes; who counted may not approve. */
export default function CountsPage() {
  const variances = useRead<Variance[]>(["counts"], "/counting/variances");
  const [question, ask] = useState<Question | null>(null);
  const decide = (row: Variance, approve: boolean): void =>
    ask({
      title: t(approve ? "console.approve" : "console.reject"), text: [row["location"] ?? row["place"], row["sku"]].filter(Boolean).join(" · "),
      reason: t("field.reason"), danger: !approve,
      command: (reason) => ({ path: `/counting/variances/${row.id}/decide`, body: { approve, reason } }),
    });
  const names = Object.keys(variances.data?.[0] ?? {}).filter((n) => n !== "id" && (has(`field.${n}`) || FIRST.includes(n)));
  const rank = (n: string): number => (FIRST.includes(n) ? FIRST.indexOf(n) : FIRST.length);
  return (
    <Panel title={t("page.counts")}>
      <Rows
        name="counts"
        rows={variances.data}
        problem={variances.error}
        id={(v) => v.id}
        columns={[
          ...names.sort((a, b) => rank(a) - rank(b)).map((name) => ({
            key: name, title: word("field", name), right: typeof variances.data?.[0]?.[name] === "number", cell: (v: Variance) => show(name, v[name]),
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

function show(name: string, value: unknown) {
  if (value === null || value === undefined || value === "") return "–";
  if (name === "state" || name === "status") return <State value={String(value)} />;
  if (name.endsWith("_at")) return time(String(value));
  if (name.endsWith("_cents") && typeof value === "number") return number(value / 100, 2);
  if (typeof value === "number") return name.startsWith("difference") && value !== 0 ? <span className="soon">{value > 0 ? `+${number(value)}` : number(value)}</span> : number(value);
  return String(value);
}
