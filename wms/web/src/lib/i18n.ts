import { useSyncExternalStore } from "react";
import en from "./texts/en.json";
import zh from "./texts/zh-CN.json";

export type Locale = "en" | "zh-CN";
export type Params = Record<string, unknown>;

const TEXTS: Record<Locale, Record<string, string>> = { en, "zh-CN": zh };
const KEPT = "wharfinger.locale";
const listeners = new Set<() => void>();
let current: Locale = initial();

function initial(): Locale {
  const kept = localStorage.getItem(KEPT);
  if (kept === "en" || kept === "zh-CN") return kept;
  return navigator.language.startsWith("zh") ? "zh-CN" : "en";
}

export function setLocale(locale: Locale): void {
  current = locale;
  localStorage.setItem(KEPT, locale);
  document.documentElement.lang = locale;
  listeners.forEach((told) => told());
}

export const locale = (): Locale => current;

/** Re-renders its component when the language changes. */
export function useLocale(): Locale {
  return useSyncExternalStore((told) => (listeners.add(told), () => listeners.delete(told)), locale);
}

export const has = (key: string): boolean => TEXTS[current][key] !== undefined;

/** The text of a key with its {params} filled in; an unknown key is shown as it is, so that it is noticed. */
export function t(key: string, params: Params = {}): string {
  const text = TEXTS[current][key] ?? TEXTS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name: string) => say(params[name]));
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
