/** Shapes of what sourcing tells. */
export interface Warehouse {
  code: string;
  name: string;
  kind: string;
  country: string;
  region: string;
  countries: string[];
  channels: string[];
  refuses: string[];
  parcel_cents: number;
  lead_days: number;
  report_max_h: number;
  active: boolean;
  as_of: string | null;
  stale: string;
  skus: number;
  reported_each: number;
  free_each: number;
  parts: Record<string, number>;
}

export interface WarehouseStock {
  sku: string;
  name: string;
  reported_each: number;
  taken_each: number;
  free_each: number;
}

export interface Part {
  id: string;
  channel: string;
  ref: string;
  order_id: string;
  order_ref: string;
  warehouse: string;
  state: string;
  why: string;
  cents: number;
  lead_days: number;
  answer: string;
  back_as: string | null;
  told_at: string;
  lines: { sku: string; name: string; qty_each: number }[];
}

export interface Sourcing {
  choice: { kind: string; why: string; considered: [string, string][]; until: string | null; judged_at: string } | null;
  parts: Part[];
}

/** A part that is answered can no longer be. */
export const OPEN = new Set(["told", "accepted"]);
