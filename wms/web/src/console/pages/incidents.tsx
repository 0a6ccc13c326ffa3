import { Group, SegmentedControl, Text } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useCommand, useRead, type Incident } from "../api.ts";
import { Ask, type Question } from "../ask.tsx";
import { readable, time } from "../format.ts";
import { told } from "../incident.ts";
import { Left } from "../left.tsx";
import { Act, Panel, Rows, Said, State, type Column } from "../parts.tsx";
import { useParam } from "../url.ts";

const detail = (i: Incident): string =>
  Object.entries(readable(i.detail)).filter(([, v]) => v !== null && typeof v !== "object").map(([k, v]) => `${word("field", k)}: ${String(v)}`).join(" · ");

export default function IncidentsPage() {
  const [state, setState] = useParam("state", "open");
  const [chosen] = useParam("incident");
  const incidents = useRead<Incident[]>(["incidents", state], `/incidents?state=${state}`);
  const command = useCommand();
  const [question, ask] = useState<Question | null>(null);
  const columns: Column<Incident>[] = [
    { key: "left", title: t(state === "open" ? "console.time_left" : "console.resolved_at"), cell: (i) => (state === "open" ? <Left due={i.due_at} /> : time(i.resolved_at)) },
    { key: "subject", title: t("console.incident"), wrap: true, cell: (i) => <><Text size="sm" fw={600}>{told(i)}</Text><Text size="xs" c="dimmed" maw={400} truncate>{detail(i)}</Text></> },
    { key: "kind", title: t("console.kind"), cell: (i) => word("kind", i.kind) },
    { key: "owner", title: t("console.who"), cell: (i) => <>{word("role", i.owner)}{i.level > 0 && <Text size="xs" className="soon">{t("console.escalated", { count: i.level })}</Text>}</> },
    { key: "opened", title: t("console.opened"), right: true, cell: (i) => time(i.opened_at) },
    { key: "state", title: t("field.status"), cell: (i) => <><State value={i.state} />{i.acknowledged_by && <Text size="xs" c="dimmed">{i.acknowledged_by}</Text>}</> },
  ];
  if (state === "open") {
    columns.push({
      key: "act", title: "", right: true,
      cell: (i) => (
        <Group gap={6} justify="flex-end" wrap="nowrap">
          {i.state === "open" && <Act label={t("console.acknowledge")} onClick={() => command.mutate({ path: `/incidents/${i.id}/acknowledge` })} />}
          <Act
            label={t("console.resolve")}
            onClick={() => ask({
              title: t("console.resolve"), text: told(i), reason: t("console.how_resolved"),
              command: (resolution) => ({ path: `/incidents/${i.id}/resolve`, body: { resolution } }),
            })}
          />
        </Group>
      ),
    });
  } else {
    columns.push({ key: "how", title: t("console.how_resolved"), wrap: true, cell: (i) => <>{i.resolution}<Text size="xs" c="dimmed">{i.resolved_by}</Text></> });
  }
  return (
    <Panel
      title={t("page.incidents")}
      aside={<SegmentedControl size="xs" value={state} onChange={(to) => setState(to)} data={[{ value: "open", label: t("state.open") }, { value: "resolved", label: t("state.resolved") }]} />}
    >
      <Said problem={command.error} />
      <Rows name="incidents" rows={incidents.data} problem={incidents.error} id={(i) => i.id} columns={columns} marked={(i) => i.id === chosen} />
      <Ask question={question} onClose={() => ask(null)} />
    </Panel>
  );
}
