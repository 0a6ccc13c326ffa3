import { has, locale, t } from "../lib/i18n.ts";
import type { Card, Progress, Step } from "./cards.ts";
import { scan } from "./store.ts";

/** Which shown field a step is about, where its id is not the field's own name. */
const ABOUT: Record<string, string> = { drop: "location", slot: "location", label: "sscc", from: "location", to: "to", qty: "sku", place: "location" };
const HIDDEN = new Set(["placed", "bag", "done", "of", "x_mm", "y_mm", "name", "name_zh", "fragile", "max", "left", "slot"]);
/** What comes first where there is room for little. */
const FIRST = ["qty", "sku", "tote", "location", "lot", "order"];

const WHEN_KNOWN = new Set(["weight_g", "damaged", "received", "part", "parts"]);

const text = (value: unknown): string => (value === undefined || value === null ? "" : typeof value === "number" ? value.toLocaleString(locale()) : String(value));
const shown = (card: Card, step: Step): Record<string, unknown> => ({ ...card.show, ...step.show });

export function nameOf(card: Card, step: Step): string {
  const all = shown(card, step);
  return locale() === "zh-CN" && text(all["name_zh"]) !== "" ? text(all["name_zh"]) : text(all["name"]);
}

export function aboutField(card: Card, step: Step): string {
  const all = shown(card, step);
  const wanted = ABOUT[step.id] ?? step.id.split(":")[0] ?? "";
  if (text(all[wanted]) !== "") return wanted;
  return step.kind === "scan" || step.kind === "confirm" || step.kind === "photo" ? "" : ["location", "sku"].find((f) => text(all[f]) !== "") ?? "";
}

/** The one thing to look for, readable at arm's length. */
export function Hero({ card, step }: { card: Card; step: Step }) {
  const all = shown(card, step);
  const field = aboutField(card, step);
  if (field === "") return null;
  const value = text(all[field]);
  const long = /^\d{14,}$/.test(value);
  const size = value.length > 16 ? "small" : value.length > 11 ? "middle" : "";
  return (
    <div className={`hero ${field}`} data-testid="hero">
      <div>
        <small>{field === "carton" && all["bag"] === true ? t("field.bag") : has(`field.${field}`) ? t(`field.${field}`) : ""}</small>
        {field === "sku" && text(all["qty"]) !== "" && <b className="times">× {text(all["qty"])}</b>}
        {field === "tote" && text(all["slot"]) !== "" && <b className="times">{t("field.slot_n", { slot: all["slot"] })}</b>}
      </div>
      {long ? <strong><em>{value.slice(0, -6)}</em>{value.slice(-6)}</strong> : <strong className={size}>{value}</strong>}
      {field === "sku" && <p>{nameOf(card, step)}</p>}
    </div>
  );
}

/** How to do it, the words to pass on, or why it cannot be done: text that came with the step. */
export function Hint({ card, step }: { card: Card; step: Step }) {
  const all = shown(card, step);
  const code = text(all["why_code"]);
  if (code !== "" && has(`error.${code}`)) return <p className="hint why" role="alert">{t(`error.${code}`, all["why_params"] as Record<string, unknown>)}</p>;
  const how = (locale() === "zh-CN" && text(all["text_zh"])) || text(all["text"]);
  const words = all["beside"] === "gift_card" ? `“${text(all["name"])}”` : how;
  return words === "" ? null : <p className="hint">{words}</p>;
}

/** Of a long number people read the end. */
const brief = (value: string): string => (/^\d{14,}$/.test(value) ? `…${value.slice(-6)}` : value);

/** The other fields, small; those that have no name on the screens stay away. */
export function Details({ card, step, short, few }: { card: Card; step: Step; short?: boolean; few?: boolean }) {
  const all = shown(card, step);
  const about = aboutField(card, step);
  const told = new Set([about, step.kind === "quantity" || about === "sku" ? "qty" : ""]);
  const rank = (n: string): number => (FIRST.includes(n) ? FIRST.indexOf(n) : FIRST.length);
  const names = Object.keys(all).sort((a, b) => rank(a) - rank(b)).filter((n) => !told.has(n) && !HIDDEN.has(n) && has(`field.${n}`) && text(all[n]) !== "" && !(all[n] === 0 && WHEN_KNOWN.has(n)) && typeof all[n] !== "object");
  const name = about === "sku" || text(all["beside"]) !== "" ? "" : nameOf(card, step);
  return (
    <dl className={short ? "details short" : "details"}>
      {name !== "" && !short && <div className="wide"><dt>{t("field.name")}</dt><dd>{name}</dd></div>}
      {names.slice(0, short || few ? 2 : 4).map((n) => (
        <div key={n}><dt>{t(`field.${n}`)}</dt><dd>{typeof all[n] === "boolean" ? t(all[n] ? "lib.yes" : "lib.no") : brief(text(all[n]))}</dd></div>
      ))}
    </dl>
  );
}

const rows = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value.filter((x) => typeof x === "object" && x !== null) : []) as Record<string, unknown>[];

/** What was meant to go into a parcel that cannot be opened. */
export function LeftOut({ card }: { card: Card }) {
  const names = rows(card.show["left_out"]).map((x) => (x["kind"] === "paper" ? (locale() === "zh-CN" && text(x["name_zh"])) || text(x["name"]) : t(`pack.left_${text(x["kind"])}`)));
  return names.length === 0 ? null : <p className="hint" data-testid="left-out">{t("pack.left_out", { names: names.join(locale() === "zh-CN" ? "、" : ", ") })}</p>;
}

/** Lists that come with a card: what is announced, and what may be tapped where a code will not scan. */
export function Lists({ card, step }: { card: Card; step: Step }) {
  const all = shown(card, step);
  const zh = locale() === "zh-CN";
  const codes = ["stations", "notices", "totes"].flatMap((n) => (Array.isArray(all[n]) ? (all[n] as unknown[]) : []));
  const taps = codes.map((c) => (typeof c === "string" ? { code: c, about: "" } : { code: text((c as Record<string, unknown>)["ref"]), about: text((c as Record<string, unknown>)["supplier"]) }));
  const lines = rows(all["lines"]).filter((x) => x["sku"] !== undefined);
  if (taps.length + lines.length === 0) return null;
  return (
    <div className="lists">
      {taps.map(({ code, about }) => (
        <button key={code} className="item" data-testid={`code-${code}`} onClick={() => scan(code)}><strong>{code}</strong>{about !== "" && <span>{about}</span>}</button>
      ))}
      {lines.map((x, i) => (
        <div key={i} className="line">
          <span><b>{text(x["sku"])}</b> {(zh && text(x["name_zh"])) || text(x["name"])}</span>
          <b>{x["announced"] === undefined ? text(x["qty"]) : `${text(x["received"])}/${text(x["announced"])}`}</b>
        </div>
      ))}
    </div>
  );
}

/** One bar per step: done, now, to come. */
export function Trail({ card, progress }: { card: Card; progress: Progress }) {
  if (card.steps.length < 2 || card.steps.length > 12) return null;
  return (
    <ol className="trail" aria-label={t("lib.progress", { n: progress.step + 1, of: card.steps.length })}>
      {card.steps.map((step, i) => <li key={step.id} className={i < progress.step ? "done" : i === progress.step ? "now" : ""} />)}
    </ol>
  );
}
