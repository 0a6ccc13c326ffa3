/** What the tracking page asks for. */
export interface TrackBoard {
  funnel: { milestone: string; parcels: number; stalled: number }[];
  ends: Record<string, number>;
  parked: number;
  claims: number;
  late: number;
}

export interface TrackParcel {
  parcel_id: string;
  order_id: string;
  ref: string;
  sscc: string;
  tracking: string;
  carrier: string;
  service: string;
  country: string;
  bag: string;
  seal: string;
  state: string;
  milestone: string;
  departed_at: string;
  promised_at: string | null;
  reached_at: string;
  last_at: string | null;
  expected_at: string;
  stalled_at: string | null;
  held_at: string | null;
  papers_at: string | null;
  lost_at: string | null;
  presumed: boolean;
  delivered_at: string | null;
  delay_told_at: string | null;
}

export interface TrackEvent {
  id: string;
  at: string;
  code: string;
  milestone: string;
  place: string;
  text: string;
  source: string;
  state: string;
  reason: string;
}

export interface Claim {
  id: string;
  number: string;
  parcel_id: string;
  kind: string;
  state: string;
  lost_at: string;
  presumed: boolean;
  amount_cents: number;
  paid_cents: number;
  currency: string;
  opened_at: string;
  label: boolean;
  weight: Weight | null;
  log: { at: string; by: string; event: string; note: string }[];
}

export interface ClaimRow extends Claim {
  ref: string;
  tracking: string;
  carrier: string;
  service: string;
  country: string;
}

export interface Weight {
  weight_g: number;
  expected_g: number;
  tolerance_g: number;
}

export interface Timeline extends TrackParcel {
  events: TrackEvent[];
  host_told: Record<string, string>;
  gaps: { after: string; typical: number; limit: number; seen: number }[];
  label: boolean;
  weighed: Weight | null;
  claims: Claim[];
}

export interface Fault {
  row: number;
  field: string;
  code: string;
  said: string;
}

export interface Taken {
  taken: number;
  known: number;
  parked: Fault[];
  parked_count: number;
  faults: Fault[];
  fault_count: number;
}

export interface Parked {
  id: string;
  carrier: string;
  tracking: string;
  at: string;
  code: string;
  place: string;
  reason: string;
  source: string;
  taken_at: string;
}
