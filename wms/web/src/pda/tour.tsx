import { t } from "../lib/i18n.ts";
import type { Card } from "./cards.ts";
import { useInput } from "./hooks.ts";
import { Icon } from "./icons.tsx";

const SHOWN = 3;
const text = (value: unknown): string => (value === undefined || value === null ? "" : String(value));

/** Stops still to come, in walking order; the card at work is the first. */
export const stopsOf = (cards: Card[] | null): Card[] => (cards ?? []).filter((c) => text(c.show["location"]) !== "");

/** What comes after this stop, at a glance; a tap shows all of it. */
export function Ahead({ cards, current, onOpen }: { cards: Card[] | null; current: Card; onOpen: () => void }) {
  const next = stopsOf(cards).filter((c) => c.id !== current.id);
  if (next.length === 0) return null;
  return (
    <button className="ahead" data-testid="ahead" onClick={onOpen} aria-label={t("lib.all_stops", { count: next.length + 1 })}>
      <small>{t("lib.then")}</small>
      <span>{next.slice(0, SHOWN).map((c) => text(c.show["location"])).join("  ›  ")}{next.length > SHOWN ? "  …" : ""}</span>
    </button>
  );
}

/** The whole tour as a list, next stop first. */
export function Tour({ cards, current, onClose }: { cards: Card[] | null; current: Card; onClose: () => void }) {
  useInput({ key: (key) => (key === "Escape" || key === "Enter" ? onClose() : undefined) });
  const stops = stopsOf(cards);
  return (
    <section className="body">
      <h1 className="prompt">{t("lib.all_stops", { count: stops.length })}</h1>
      <ol className="stops" data-testid="stops">
        {stops.map((c) => (
          <li key={c.id} className={c.id === current.id ? "now" : ""}>
            <strong>{text(c.show["location"])}</strong>
            <span>{text(c.show["sku"])}{text(c.show["qty"]) !== "" && <b> × {text(c.show["qty"])}</b>}</span>
          </li>
        ))}
      </ol>
      <button className="primary quiet" data-testid="close-stops" onClick={onClose}><Icon name="back" size={28} /> {t("lib.back")}</button>
    </section>
  );
}
