import { Badge, Text } from "@mantine/core";
import { locale, t, word } from "../../lib/i18n.ts";
import { useRead } from "../api.ts";
import { number, time } from "../format.ts";
import { inWords } from "../in-words.ts";
import { Panel, Rows } from "../parts.tsx";

interface Weight {
  kind: "sku" | "carton";
  key: string;
  name: string;
  bag: boolean;
  samples: number;
  mean_g: number;
  sigma_g: number;
  drift_g: number;
  warm: boolean;
  drifts: boolean;
}

interface Opened {
  id: string;
  at: string;
  by: string;
  reason: string;
  weight_g: number;
  expected_g: number;
  tolerance_g: number;
  sscc: string;
  carton: string;
  goods: string;
}

interface Version {
  id: string;
  sku: string;
  number: number;
  carton: string;
  units_max: number;
  recipe: { material: string; qty: number }[];
  retired: boolean;
  valid: boolean;
  why: string;
  tests: { id: string; kind: string; passed: boolean; lab: string; tested_on: string; expires_on: string | null }[];
}

interface Insert {
  code: string;
  name: string;
  name_zh: string;
  sku: string;
  qty_each: number;
  active: boolean;
  takes: Record<string, unknown>;
}

/** What the pack stations have learned and found, how fragile goods are packed, and what is laid in. */
export default function PackingPage() {
  return (
    <div className="grid">
      <div className="pair">
        <Panel title={t("packing.checks")} aside={<Text size="sm" c="dimmed">{t("packing.last_30_days")}</Text>}><Checks /></Panel>
        <Panel title={t("packing.versions")}><Versions /></Panel>
      </div>
      <div className="pair">
        <Panel title={t("packing.weights")} aside={<Text size="sm" c="dimmed">{t("packing.weights_hint")}</Text>}><Weights /></Panel>
        <Panel title={t("packing.inserts")}><Inserts /></Panel>
      </div>
    </div>
  );
}

const grams = (g: number, digits = 0): string => `${number(g, digits)} g`;

function Checks() {
  const checks = useRead<Opened[]>(["pack-checks"], "/pack-station/checks", 10_000);
  return (
    <Rows
      name="pack-checks" rows={checks.data} problem={checks.error} id={(c) => c.id} height="42vh" narrow
      columns={[
        { key: "at", title: t("console.when"), cell: (c) => time(c.at) },
        { key: "goods", title: t("console.what"), wrap: true, cell: (c) => c.goods },
        { key: "off", title: t("packing.off_by"), right: true, cell: (c) => `${c.weight_g > c.expected_g ? "+" : "−"}${grams(Math.abs(c.weight_g - c.expected_g))} (± ${number(c.tolerance_g)})` },
        { key: "reason", title: t("packing.found"), wrap: true, cell: (c) => word("choice", c.reason) },
        { key: "by", title: t("console.by"), cell: (c) => c.by },
      ]}
    />
  );
}

function Versions() {
  const versions = useRead<Version[]>(["packs"], "/packs/versions", 15_000);
  return (
    <Rows
      name="packs" rows={versions.data} problem={versions.error} id={(v) => v.id} height="42vh" narrow marked={(v) => !v.valid && !v.retired}
      columns={[
        { key: "sku", title: t("packing.sku_version"), cell: (v) => `${v.sku} · ${v.number}` },
        { key: "recipe", title: t("packing.recipe"), wrap: true, cell: (v) => [v.carton, ...v.recipe.map((s) => (s.qty > 1 ? `${s.material} × ${s.qty}` : s.material))].join(" + ") },
        { key: "tests", title: t("packing.tests"), wrap: true, cell: tested },
        { key: "state", title: t("packing.standing"), wrap: true, cell: (v) => (v.valid ? <Badge variant="default" radius="sm" tt="none">{t("packing.valid")}</Badge> : <Text size="sm" {...(v.retired ? { c: "dimmed" } : { c: "red" })}>{inWords(v.why)}</Text>) },
      ]}
    />
  );
}

function Weights() {
  const weights = useRead<Weight[]>(["pack-weights"], "/pack-station/weights", 15_000);
  return (
    <Rows
      name="pack-weights" rows={weights.data} problem={weights.error} id={(w) => `${w.kind}:${w.key}`} height="42vh" narrow marked={(w) => w.drifts}
      columns={[
        { key: "name", title: t("console.what"), cell: (w) => (w.kind === "carton" ? t(w.bag ? "packing.bag" : "packing.carton", { code: w.name }) : w.name) },
        { key: "samples", title: t("packing.weighings"), right: true, cell: (w) => number(w.samples) },
        { key: "mean", title: t("packing.unit"), right: true, cell: (w) => grams(w.mean_g, 1) },
        { key: "sigma", title: t("packing.spread"), right: true, cell: (w) => (w.warm ? `± ${grams(w.sigma_g, 1)}` : t("packing.learning")) },
        { key: "drift", title: t("packing.drift"), right: true, cell: (w) => <span className={w.drifts ? "soon" : ""}>{`${w.drift_g > 0 ? "+" : ""}${grams(w.drift_g, 1)}`}</span> },
      ]}
    />
  );
}

function Inserts() {
  const inserts = useRead<Insert[]>(["pack-inserts"], "/pack-station/inserts", 30_000);
  return (
    <Rows
      name="pack-inserts" rows={inserts.data} problem={inserts.error} id={(i) => i.code} height="42vh" narrow
      columns={[
        { key: "code", title: t("console.what"), wrap: true, cell: (i) => (locale() === "zh-CN" && i.name_zh) || i.name },
        { key: "qty", title: t("console.pieces"), right: true, cell: (i) => `${number(i.qty_each)}${i.sku === "" ? "" : ` × ${i.sku}`}` },
        { key: "takes", title: t("packing.when"), wrap: true, cell: (i) => said(i.takes) },
        { key: "active", title: t("packing.standing"), cell: (i) => t(i.active ? "packing.in_use" : "packing.off") },
      ]}
    />
  );
}

/** Each kind of test with how often it was passed, where, and until when it counts. */
function tested({ tests }: Version): string {
  const counted = new Map<string, number>();
  for (const x of tests) {
    const until = x.expires_on === null ? "" : `, ${t("packing.until", { day: x.expires_on })}`;
    const said = `${word("pack_test", x.kind)} ${x.passed ? "✓" : "✗"} ${x.lab}${until}`;
    counted.set(said, (counted.get(said) ?? 0) + 1);
  }
  return [...counted].map(([said, n]) => (n > 1 ? `${n} × ${said}` : said)).join("; ");
}

/** A rule's conditions in words, all of which an order must meet. */
function said(takes: Record<string, unknown>): string {
  const parts = Object.entries(takes).flatMap(([name, value]) => {
    if (value === null || value === false || (Array.isArray(value) && value.length === 0)) return [];
    if (value === true) return [t(`packing.takes_${name}`)];
    const shown = Array.isArray(value) ? value.join(", ") : name === "value_min_cents" ? number(Number(value) / 100, 2) : String(value);
    return [t(`packing.takes_${name}`, { value: shown })];
  });
  return parts.length === 0 ? t("packing.every_order") : parts.join("; ");
}
