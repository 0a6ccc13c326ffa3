import { Group } from "@mantine/core";
import { useState } from "react";
import { t } from "../../lib/i18n.ts";
import { useRead, type Dock } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { Ask, type Question } from "../ask.tsx";
import { kilos, number, time } from "../format.ts";
import { Act, Panel, Rows, State } from "../parts.tsx";

export default function DockPage({ me }: PageProps) {
  const dock = useRead<Dock>(["dock"], "/dock/manifests");
  const [question, ask] = useState<Question | null>(null);
  const may = me.roles.includes("lead");
  const waiting = Object.entries(dock.data?.waiting ?? {});
  return (
    <div className="grid">
      <div className="tiles">
        {waiting.map(([carrier, count]) => <div key={carrier} className="tile"><b>{number(count)}</b><small>{t("console.wait_for", { carrier })}</small></div>)}
        {waiting.length === 0 && <div className="tile"><b>0</b><small>{t("console.parcels_waiting")}</small></div>}
      </div>
      <div>
        <Panel title={t("console.manifests")}>
          <Rows
            name="manifests"
            rows={dock.data?.manifests}
            problem={dock.error}
            id={(m) => m.id}
            height="calc(100vh - 330px)"
            columns={[
              { key: "carrier", title: t("field.carrier"), cell: (m) => <b>{m.carrier}</b> },
              { key: "state", title: t("field.status"), cell: (m) => <State value={m.state} /> },
              { key: "parcels", title: t("console.parcels"), right: true, cell: (m) => number(m.parcels) },
              { key: "weight", title: t("console.weight"), right: true, cell: (m) => kilos(m.weight_g) },
              { key: "opened", title: t("console.opened"), right: true, cell: (m) => time(m.opened_at) },
              { key: "closed", title: t("console.closed"), right: true, cell: (m) => time(m.closed_at) },
              { key: "by", title: t("console.by"), cell: (m) => m.closed_by || "–" },
              {
                key: "act", title: "", right: true,
                cell: (m) => may && m.state === "open" && (
                  <Group justify="flex-end">
                    <Act
                      label={t("console.close_manifest")}
                      disabled={m.parcels === 0}
                      onClick={() => ask({
                        title: t("console.close_manifest"), text: t("console.close_text", { carrier: m.carrier, parcels: m.parcels }),
                        command: () => ({ path: `/dock/manifests/${encodeURIComponent(m.carrier)}/close` }),
                      })}
                    />
                  </Group>
                ),
              },
            ]}
          />
        </Panel>
      </div>
      <Ask question={question} onClose={() => ask(null)} />
    </div>
  );
}
