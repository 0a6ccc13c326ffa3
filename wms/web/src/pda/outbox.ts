/** Sends what was done, in order, exactly once: each event keeps its key until the server has answered it. */
import { readOutbox } from "../lib/db.ts";
import { Problem, request } from "../lib/http.ts";
import { uuid7 } from "../lib/uuid7.ts";
import type { Answer, Answers, Card } from "./cards.ts";

export interface Entry {
  seq?: number;
  key: string;
  path: string;
  body: { answers: Answers; scanned_at: string };
  card: string;
  flow: string;
  /** What a person recognises it by, e.g. location and article. */
  label: string;
  offline: boolean;
  operator: string;
  state: "pending" | "rejected" | "settled";
  code?: string;
  params?: Record<string, unknown>;
}

export type Outcome =
  | { kind: "answered"; answer: Answer }
  | { kind: "refused"; status: number; code: string; params: Record<string, unknown> }
  | { kind: "later"; online: boolean }
  | { kind: "sign_in" };

const TIMEOUT_MS = 4000;
const RETRY = new Set([0, 408, 425, 429]);
const PAUSE_MAX_MS = 30_000;

export function entryOf(card: Card, answers: Answers, operator: string): Entry {
  const part = (name: string): string => String(card.show[name] ?? card.steps[0]?.show[name] ?? "");
  return {
    key: uuid7(),
    path: card.submit,
    body: { answers, scanned_at: new Date().toISOString() },
    card: card.id,
    flow: card.flow,
    label: [part("location"), part("sku"), part("order")].filter((s) => s !== "").join(" · "),
    offline: card.offline,
    operator,
    state: "pending",
  };
}

async function send(entry: Entry): Promise<Outcome> {
  try {
    const { body } = await request<Answer>("POST", entry.path, entry.body, { key: entry.key, timeoutMs: TIMEOUT_MS });
    return { kind: "answered", answer: body };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 401) return { kind: "sign_in" };
    if (RETRY.has(error.status)) return { kind: "later", online: error.status !== 0 };
    if (error.status >= 500 || error.code === "common.in_flight") return { kind: "later", online: true };
    return { kind: "refused", status: error.status, code: error.code, params: error.params };
  }
}

/** Runs `settle` on the outcome of each pending event, oldest first, until none is left or one must wait. */
export class Sender {
  private running = false;
  private again = false;
  private pause = 0;
  private notBefore = 0;

  constructor(private readonly settle: (entry: Entry, outcome: Outcome) => Promise<void>) {}

  /** `now`: forget the pause that a failing server earned. */
  async flush(now = false): Promise<void> {
    if (now) this.pause = this.notBefore = 0;
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = true;
    try {
      do {
        this.again = false;
        // Absent without HTTPS; then one tab is the rule, as the device profile says.
        if (navigator.locks === undefined) await this.drain();
        else await navigator.locks.request("wharfinger-outbox", () => this.drain());
      } while (this.again);
    } finally {
      this.running = false;
    }
  }

  private async drain(): Promise<void> {
    while (Date.now() >= this.notBefore) {
      const next = (await readOutbox<Entry>()).find((e) => e.state === "pending");
      if (next === undefined) return;
      const outcome = await send(next);
      await this.settle(next, outcome);
      if (outcome.kind === "later" && outcome.online) {
        this.pause = Math.min(Math.max(this.pause * 2, 500), PAUSE_MAX_MS);
        this.notBefore = Date.now() + this.pause;
      }
      if (outcome.kind === "later" || outcome.kind === "sign_in") return;
      this.pause = 0;
    }
  }
}
