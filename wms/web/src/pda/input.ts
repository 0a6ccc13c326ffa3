/** Hands scans and hardware keys to whoever asked for them last: a screen that listens, else the card under way. */
import type { RawEvent, Scan } from "../lib/scanner.ts";
import { back, scan } from "./store.ts";

interface Handlers {
  scan?: (scan: Scan) => void;
  key?: (key: string) => void;
  raw?: (event: RawEvent) => void;
}

const stack: Handlers[] = [];

export function withHandlers(handlers: Handlers): () => void {
  stack.push(handlers);
  return () => void stack.splice(stack.indexOf(handlers), 1);
}

const last = <K extends keyof Handlers>(name: K): Handlers[K] | undefined => stack.findLast((h) => h[name] !== undefined)?.[name];

export function handScan(one: Scan): void {
  const taken = last("scan");
  if (taken !== undefined) taken(one);
  else scan(one.code);
}

export function handKey(key: string): void {
  const taken = last("key");
  if (taken !== undefined) taken(key);
  if (taken === undefined || key === "F1") if (key === "Escape" || key === "F1") void back();
}

export const handRaw = (event: RawEvent): void => last("raw")?.(event);
