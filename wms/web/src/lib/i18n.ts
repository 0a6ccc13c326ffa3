import { useSyncExternalStore } from "react";

export type Locale = "en" | "zh-CN";
export type Params = Record<string, unknown>;

/** Where the texts of each language are loaded from; each app gives its own part of them. */
export type Sources = Record<Locale, () => Promise<{ default: Record<string, string> }>>;

const KEPT = "wharfinger.locale";
const listeners = new Set<() => void>();
let current: Locale = initial();
let texts: Record<string, string> = {};
let sources: Sources;
let refusals: Sources | undefined;
let version = 0;
let asked: Locale | null = null;

function initial(): Locale {
  const kept = localStorage.getItem(KEPT);
  if (kept === "en" || kept === "zh-CN") return kept;
  return navigator.language.startsWith("zh") ? "zh-CN" : "en";
}

/** To be awaited before the first render. Texts of refusals may be kept apart, to be loaded when the first is met. */
export async function startTexts(from: Sources, later?: Sources): Promise<void> {
  sources = from;
  refusals = later;
  await load(current);
}

export async function setLocale(locale: Locale): Promise<void> {
  localStorage.setItem(KEPT, locale);
  await load(locale);
}

async function load(locale: Locale): Promise<void> {
  texts = (await sources[locale]()).default;
  current = locale;
  asked = null;
  document.documentElement.lang = locale;
  tell();
}

function tell(): void {
  version += 1;
  listeners.forEach((told) => told());
}

/** The text of a key. A refusal that is not here yet is fetched, and shown as soon as it is. */
function look(key: string): string | undefined {
  const found = texts[key];
  if (found === undefined && refusals !== undefined && asked !== current && key.startsWith("error.")) void fetchRefusals(refusals[current]);
  return found;
}

async function fetchRefusals(source: Sources[Locale]): Promise<void> {
  const wanted = (asked = current);
  try {
    const more = (await source()).default;
    if (current !== wanted) return;
    texts = { ...more, ...texts };
    tell();
  } catch {
    if (asked === wanted) asked = null; // no network: the next look asks again
  }
}

export const locale = (): Locale => current;

/** Re-renders its component when the language or the texts change. */
export function useLocale(): Locale {
  useSyncExternalStore((told) => (listeners.add(told), () => listeners.delete(told)), () => version);
  return current;
}

export const has = (key: string): boolean => look(key) !== undefined;

/** The text of a key with its {params} filled in; an unknown key is shown as it is, so that it is noticed. */
export function t(key: string, params: Params = {}): string {
  const text = look(key) ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name: string) => say(params[name]));
}

/** The text of a key, or null where there is none or one of its {params} is not given. */
export function tFull(key: string, params: Params): string | null {
  const wanted = [...(look(key)?.matchAll(/\{(\w+)\}/g) ?? [])].map((found) => found[1]!);
  return has(key) && wanted.every((name) => params[name] !== undefined && params[name] !== "") ? t(key, params) : null;
}

/** The text of `prefix.value` where there is one, else the value itself. */
export const word = (prefix: string, value: string): string => (has(`${prefix}.${value}`) ? t(`${prefix}.${value}`) : value);

function say(value: unknown): string {
  if (value === undefined || value === null || value === "") return "–";
  if (typeof value === "number") return value.toLocaleString(current);
  if (Array.isArray(value)) return value.map(say).join(", ");
  if (typeof value === "object") {
    return Object.entries(value)
      .map(([name, part]) => `${name}: ${say(part)}`)
      .join(", ");
  }
  return String(value);
}
