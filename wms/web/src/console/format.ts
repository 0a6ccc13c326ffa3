import { locale, t } from "../lib/i18n.ts";
import { inWords } from "./in-words.ts";
import { onSite, siteDay } from "./site-time.ts";

export const number = (value: number, digits = 0): string => value.toLocaleString(locale(), { maximumFractionDigits: digits });

/** Cents as an amount, without a currency. */
export const amount = (cents: number): string => (cents / 100).toLocaleString(locale(), { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const CLOCK: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

export const kilos = (grams: number): string => `${number(grams / 1000, 1)} kg`;

export function time(iso: string | null | undefined): string {
  if (iso === null || iso === undefined || iso === "") return "–";
  const date = new Date(iso);
  const today = siteDay(Date.now()) === siteDay(date.getTime());
  return today
    ? date.toLocaleTimeString(locale(), onSite({ ...CLOCK, second: "2-digit" }))
    : date.toLocaleString(locale(), onSite({ ...CLOCK, month: "short", day: "numeric" }));
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** What the server tells by name: instants as times, a reason in the reader's language. */
export const readable = (told: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(told).map(([name, value]) => [name, typeof value !== "string" ? value : INSTANT.test(value) ? time(value) : name === "why" ? inWords(value) : value]));

export const metres = (mm: number): string => (mm < 1e6 ? `${number(mm / 1000)} m` : `${number(mm / 1e6, 1)} km`);

/** Seconds as a person says them: 40 s, 12 min, 3 h 05 min. */
export const minutes = (seconds: number): string => (seconds < 60 ? t("console.seconds", { s: Math.round(seconds) }) : seconds < 3600 ? t("console.only_minutes", { m: Math.round(seconds / 60) }) : span(seconds * 1000));

/** A span in its two largest units, e.g. 1 h 05 min. */
export function span(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  const pad = (n: number): string => String(n).padStart(2, "0");
  if (days > 0) return t("console.days", { d: days, h: hours });
  if (seconds < 60) return t("console.seconds", { s: seconds });
  if (hours > 0) return t("console.hours", { h: hours, m: pad(minutes) });
  return t("console.minutes", { m: minutes, s: pad(seconds % 60) });
}
