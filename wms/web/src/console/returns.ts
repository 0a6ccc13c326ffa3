/** Shapes of what returns tells. Money in cents. */
export interface ReturnRow {
  id: string;
  number: string;
  ref: string;
  order_id: string;
  order_ref: string;
  state: string;
  method: string;
  reason: string;
  hold_code: string;
  station: string;
  currency: string;
  order_cents: number;
  refund_cents: number;
  cost_cents: number;
  requested_at: string;
  expires_at: string | null;
  arrived_at: string | null;
  closed_at: string | null;
  qty_each: number;
  received_each: number;
  why: string;
}

export interface Return extends Omit<ReturnRow, "why" | "qty_each" | "received_each"> {
  address: string;
  /** Whether there is a label to print. */
  label: boolean;
  carrier_label: { service: string; state: string; tracking: string; price_cents: number; price_currency: string; why: string } | null;
  restock_pct: number;
  advised_at: string | null;
  flag: string;
  why: { at: string; step: string; why: string }[];
  lines: { id: string; sku: string; name: string; name_zh: string; qty_each: number; received_each: number; reason: string; value_cents: number }[];
  items: { id: string; sku: string; qty_each: number; state: string; grade: string; outcome: string; reason: string; serials: string[]; graded_by: string }[];
  findings: { kind: string; what: string; at: string; by: string }[];
  photos: { id: string }[];
}

export interface Stray {
  id: string;
  number: string;
  marks: string;
  station: string;
  at: string;
  due_at: string;
  photos: string[];
}

export interface Suspicion {
  id: string;
  rma_id: string;
  number: string;
  order: string;
  buyer: string;
  reasons: ({ code: string } & Record<string, unknown>)[];
  at: string;
}

export interface Scrap {
  id: string;
  rma_id: string;
  number: string;
  sku: string;
  qty_each: number;
  reason: string;
  value_cents: number;
  currency: string;
  graded_by: string;
}

export interface Month {
  month: string;
  returns: number;
  cost_cents: number;
  value_cents: number;
  share_pct: number | null;
}

export interface ReturnsBoard {
  shelf: Stray[];
  scrap: Scrap[];
  flags: Suspicion[];
  months: Month[];
  now: { cost_cents: number; value_cents: number; orders: number };
  mending: number;
  by_state: Record<string, number>;
  currency: string;
}

export interface ReturnPolicy {
  id: string;
  valid_from: string;
  valid_until: string | null;
  rows: unknown[];
  loaded_at: string;
}

export interface Candidate {
  order_id: string;
  ref: string;
  name: string;
  city: string;
  country: string;
  shipped_at: string | null;
}

/** Per cent of order value that returns may cost. */
export const GOAL_PCT = 8;
