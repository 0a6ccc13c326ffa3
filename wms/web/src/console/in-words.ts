import { locale, type Locale } from "../lib/i18n.ts";
import zh from "./in-words.zh-CN.json";

/** What the server says in sentences: the English sentence is the key, its {words} what was filled in. */
const BOOKS: Partial<Record<Locale, Record<string, string>>> = { "zh-CN": zh };

interface Phrase {
  shape: RegExp;
  names: string[];
  text: string;
}
const read = new Map<Locale, Phrase[]>();

/** `{why}` is a sentence itself and may hold several parts; any other word lies within one. */
function phrase(english: string, text: string): Phrase {
  const shape = english
    .split(/(\{\w+\})/)
    .map((part) => (part === "{why}" ? "(.+)" : /^\{\w+\}$/.test(part) ? "((?:(?!; ).)+?)" : part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")))
    .join("");
  return { shape: new RegExp(`^${shape}$`), names: [...english.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!), text };
}

/** The phrases of a language, those with most words of their own first. */
function phrases(): Phrase[] {
  const known = read.get(locale());
  if (known) return known;
  const own = (english: string): number => english.replace(/\{\w+\}/g, "").length;
  const book = Object.entries(BOOKS[locale()] ?? {}).sort(([a], [b]) => own(b) - own(a));
  const made = book.map(([english, text]) => phrase(english, text));
  read.set(locale(), made);
  return made;
}

/** A sentence in the reader's language; parts of it that no phrase fits stay as the server said them. */
export function inWords(sentence: string): string {
  for (const { shape, names, text } of phrases()) {
    const found = shape.exec(sentence);
    if (found) {
      const words = Object.fromEntries(names.map((name, i) => [name, name === "why" ? inWords(found[i + 1]!) : found[i + 1]!]));
      return text.replace(/\{(\w+)\}/g, (_, name: string) => words[name] ?? "");
    }
  }
  const parts = sentence.split("; ");
  return parts.length > 1 && phrases().length > 0 ? parts.map(inWords).join("；") : sentence;
}
