import { Text } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useCommand, useRead, type Claim, type Command } from "../api.ts";
import { Ask, type Question } from "../ask.tsx";
import { number, span, time } from "../format.ts";
import { Act, Panel, Rows, Said, State } from "../parts.tsx";

const takeBack = (c: Claim): Command =>
  c.kind === "pick" ? { path: `/tours/${c.id}/leave` } : { path: "/work/release", body: { kind: c.kind, holder: c.holder } };

/** Who holds what: at the change of shift, and when somebody went without a word. */
export default function ShiftPage() {
  const claims = useRead<Claim[]>(["claims"], "/claims");
  const command = useCommand();
  const [question, ask] = useState<Question | null>(null);
  return (
    <Panel title={t("page.shift")}>
      <Said problem={command.error} />
      <Rows
        name="claims"
        rows={claims.data}
        problem={claims.error}
        id={(c) => `${c.kind}:${c.id}:${c.holder}`}
        marked={(c) => c.idle}
        columns={[
          { key: "holder", title: t("console.who"), cell: (c) => <Text fw={600} size="sm">{c.holder}</Text> },
          { key: "kind", title: t("console.holds"), cell: (c) => <>{word("flow", c.kind)} {c.unit}</> },
          { key: "state", title: t("field.status"), cell: (c) => <State value={c.state} /> },
          { key: "tasks", title: t("console.tasks_left"), right: true, cell: (c) => number(c.tasks) },
          { key: "last", title: t("console.last_at"), cell: (c) => c.last_at || "–" },
          { key: "since", title: t("console.held_since"), right: true, cell: (c) => time(c.since) },
          { key: "idle", title: t("console.idle_for"), right: true, cell: (c) => <Text size="sm" className={c.idle ? "soon" : ""}>{span(c.idle_s * 1000)}</Text> },
          {
            key: "act", title: "", right: true,
            cell: (c) => (
              <Act
                label={t("console.take_back")}
                onClick={() => ask({ title: t("console.take_back"), text: t("console.take_back_text", { holder: c.holder }), command: () => takeBack(c) })}
              />
            ),
          },
        ]}
      />
      <Ask question={question} onClose={() => ask(null)} />
    </Panel>
  );
}
