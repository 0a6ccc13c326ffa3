import { tFull, word } from "../lib/i18n.ts";
import type { Incident } from "./api.ts";
import { readable } from "./format.ts";
import { inWords } from "./in-words.ts";

/** What happened, in the reader's language where the incident's detail allows it, else as the server said it. */
export function told(incident: Incident): string {
  const { kind, subject } = incident;
  const detail = readable(incident.detail);
  const control = detail["control"];
  if (typeof control === "string") return tFull("incident.control", { ...detail, name: word("control", control) }) ?? subject;
  const said = (value: unknown): unknown => (typeof value === "string" ? inWords(word("choice", value)) : value);
  return tFull(`incident.${kind}`, { ...detail, reason: said(detail["reason"]) }) ?? subject;
}
