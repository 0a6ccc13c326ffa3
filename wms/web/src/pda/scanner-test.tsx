import { useEffect, useState } from "react";
import { t } from "../lib/i18n.ts";
import type { RawEvent, Scan } from "../lib/scanner.ts";
import { play } from "../lib/sound.ts";
import { withHandlers } from "./input.ts";

const visible = (code: string): string => code.replace(/[\x00-\x1f]/g, (c) => `<${c.charCodeAt(0).toString(16).padStart(2, "0")}>`);

/** Shows what the scanner really sends: by which path, with which gaps. For whoever sets up devices. */
export function ScannerTest() {
  const [scans, setScans] = useState<Scan[]>([]);
  const [raw, setRaw] = useState<RawEvent[]>([]);
  useEffect(
    () =>
      withHandlers({
        scan: (one) => {
          play("ok");
          setScans((all) => [one, ...all].slice(0, 8));
        },
        raw: (event) => setRaw((all) => [event, ...all].slice(0, 40)),
      }),
    [],
  );
  return (
    <section className="body">
      <h1 className="prompt">{t("lib.scan_anything")}</h1>
      <div className="list">
        {scans.map((one) => (
          <div key={one.at} className="item" data-testid="scan">
            <strong>{visible(one.code)}</strong>
            <span>{t(`path.${one.path}`)} · {one.code.length}</span>
          </div>
        ))}
      </div>
      <pre className="raw grow">
        {raw.map((e, i) => `${e.type} ${visible(e.key)} +${Math.round(e.at - (raw[i + 1]?.at ?? e.at))} ms`).join("\n")}
      </pre>
      <div className="row">
        {(["ok", "error", "queued"] as const).map((sound) => (
          <button key={sound} className="secondary" onClick={() => play(sound)}>{t(`sound.${sound}`)}</button>
        ))}
      </div>
    </section>
  );
}
