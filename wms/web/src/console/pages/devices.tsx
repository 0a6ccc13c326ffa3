import { t, word } from "../../lib/i18n.ts";
import { useRead, type Device, type Fleet } from "../api.ts";
import type { PageProps } from "../app.tsx";
import { number, span, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { Panel, Rows, State } from "../parts.tsx";
import { Checks } from "./checks.tsx";

/** Health is what was heard and when; silence is shown as unknown, never as well. */
export default function DevicesPage({ me, live }: PageProps) {
  const devices = useRead<Device[]>(["devices"], "/devices", 5000);
  const fleet = useRead<Fleet>(["fleet"], "/fleet", 5000);
  return (
    <div className="grid">
      <div>
        <Panel title={t("page.devices")}>
          <Rows
            name="devices"
            rows={devices.data}
            problem={devices.error}
            id={(d) => `${d.gateway}/${d.device}`}
            height="46vh"
            columns={[
              { key: "device", title: t("console.device"), cell: (d) => <b>{d.device}</b> },
              { key: "family", title: t("console.kind"), cell: (d) => word("family", d.family) },
              { key: "gateway", title: t("console.gateway"), cell: (d) => d.gateway },
              { key: "state", title: t("field.status"), cell: (d) => <State value={d.state} /> },
              { key: "detail", title: t("console.detail"), wrap: true, cell: (d) => d.detail || "–" },
              { key: "seen", title: t("console.last_heard"), right: true, cell: (d) => time(d.last_seen) },
              { key: "age", title: t("console.age"), right: true, cell: (d) => span(d.age_s * 1000) },
            ]}
          />
        </Panel>
      </div>
      <Checks me={me} live={live} />
      <div>
        <Panel title={t("console.vehicles")}>
          <Rows
            name="vehicles"
            rows={fleet.data?.vehicles}
            problem={fleet.error}
            id={(v) => v.device}
            height="30vh"
            columns={[
              { key: "device", title: t("console.device"), cell: (v) => <b>{v.device}</b> },
              { key: "state", title: t("field.status"), cell: (v) => <State value={v.may_drive ? "ready" : "stopped"} /> },
              { key: "why", title: t("console.why_not"), wrap: true, cell: (v) => (v.why_not.length > 0 ? <span className="soon">{v.why_not.map(inWords).join(" · ")}</span> : "–") },
              { key: "battery", title: t("console.battery"), right: true, cell: (v) => `${number(v.battery_pct)} %` },
              { key: "node", title: t("console.at_node"), cell: (v) => v.last_node || "–" },
              { key: "mode", title: t("console.mode"), cell: (v) => v.mode || "–" },
              { key: "seen", title: t("console.last_heard"), right: true, cell: (v) => time(v.seen_at) },
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}
