import { Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { t, word } from "../../lib/i18n.ts";
import { useRead, type Trace } from "../api.ts";
import { time } from "../format.ts";
import { Panel, Rows } from "../parts.tsx";
import { useParam } from "../url.ts";

type Entry = Record<string, unknown>;

const said = (value: unknown): string => (value === null || value === undefined ? "" : String(value));

/** All that happened to one thing: who moved what, when, why, by which request. */
export default function HistoryPage() {
  const [asked, ask] = useParam("q");
  const [typed, setTyped] = useState(asked);
  return (
    <Panel
      title={t("page.history")}
      aside={
        <form onSubmit={(event) => { event.preventDefault(); ask(typed.trim()); }}>
          <TextInput data-filter aria-label={t("console.find_anything")} placeholder={t("console.find_anything")} w={360} value={typed} onChange={(e) => setTyped(e.currentTarget.value)} />
        </form>
      }
    >
      {asked === "" ? <Text c="dimmed">{t("console.history_hint")}</Text> : <Found asked={asked} />}
    </Panel>
  );
}

function Found({ asked }: { asked: string }) {
  const trace = useRead<Trace>(["trace", asked], `/trace?${new URLSearchParams({ q: asked })}`);
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">{trace.data?.means.map((m) => `${word("place", m.kind)} ${m.code}`).join(" · ")}</Text>
      <Rows
        name="history"
        rows={trace.data?.entries}
        problem={trace.error}
        id={(e) => `${said(e["type"])}${said(e["id"])}`}
        columns={[
          { key: "at", title: t("console.when"), cell: (e) => time(said(e["at"])) },
          { key: "what", title: t("console.what"), cell: what },
          { key: "sku", title: t("field.sku"), cell: (e) => said(e["sku"]) },
          { key: "qty", title: t("console.pieces"), right: true, cell: (e) => said(e["qty_each"]) },
          { key: "from", title: t("field.from"), cell: (e) => said(e["from_place"]) },
          { key: "to", title: t("field.to"), cell: (e) => said(e["to_place"]) },
          { key: "actor", title: t("console.by"), cell: (e) => said(e["actor"]) },
          { key: "cause", title: t("console.cause"), cell: (e) => <Text size="xs" c="dimmed" maw={340} truncate title={said(e["request_id"])}>{said(e["cause"])}</Text> },
        ]}
      />
    </>
  );
}

function what(entry: Entry) {
  if (entry["type"] === "event") return word("fact", said(entry["name"] ?? entry["cause"]).replace(/\.v\d+$/, ""));
  if (entry["type"] === "unit_move") return t("console.unit_moved");
  return word("moved", said(entry["reason"]));
}
