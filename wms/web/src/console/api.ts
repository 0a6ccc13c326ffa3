/** What the console asks, with the shapes of the answers. */
import { useMutation, useQuery, useQueryClient, type UseMutationResult, type UseQueryResult } from "@tanstack/react-query";
import { t } from "../lib/i18n.ts";
import { get, Problem, request } from "../lib/http.ts";

export interface Me {
  operator: string;
  name: string;
  roles: string[];
  now: string;
  /** The site's, as IANA names it. */
  timezone: string;
}

export interface OrderRow {
  id: string;
  ref: string;
  channel: string;
  state: string;
  priority: number;
  carrier: string;
  cutoff_at: string;
  country: string;
  cartons: string[];
  lines: number;
  qty_each: number;
  picked_each: number;
  short_each: number;
  accepted_at: string;
  shipped_at: string | null;
  cancel_requested: boolean;
  service: string;
  duty_term: string;
  customs_mode: string;
  holds: Hold[];
}

/** Why an order may not go on. */
export interface Hold {
  kind: string;
  code: string;
  why: string;
  fields: string[];
  at: string;
}

export interface Orders {
  orders: OrderRow[];
  by_state: Record<string, number>;
}

export interface OrderLine {
  id: string;
  sku: string;
  name: string;
  qty_each: number;
  picked_each: number;
  short_each: number;
  elsewhere_each: number;
  bundle: string;
}

export interface Order extends Omit<OrderRow, "lines" | "cartons" | "cancel_requested"> {
  destination: Record<string, unknown>;
  short_policy: string;
  why: { at: string; step: string; why: string }[];
  parcels: { carton: string; expected_g: number; items: Record<string, number> }[];
  cancel_requested_at: string | null;
  lines: OrderLine[];
}

export interface Claim {
  holder: string;
  kind: string;
  id: string;
  state: string;
  unit: string;
  tasks: number;
  since: string;
  last_at: string;
  idle_s: number;
  idle: boolean;
}

export interface Wave {
  id: string;
  name: string;
  state: string;
  orders: number;
  by_state: Record<string, number>;
  cutoff_at: string | null;
  created_by: string;
  created_at: string;
  why: string;
  draft: boolean;
  planned_at: string | null;
  summary: PlanSummary | null;
}

export interface PlanSummary {
  tours: number;
  orders: number;
  stops: number;
  pieces: number;
  cartons: number;
  refused: number;
  length_mm: number;
  time_s: number;
  /** From the release on, when the last of `hands` people is done. */
  finish_s: number;
  hands: number;
}

export interface PlannedTour {
  tour: number;
  orders: number;
  stops: number;
  pieces: number;
  length_mm: number;
  time_s: number;
  ends_s: number;
  at: [number, number][];
  path: [number, number][];
  /** Whose share of its orders it picks; empty: all of them. */
  zone: string;
  /** Goods to person: the pod that is brought. */
  pod?: string;
  order_ids: string[];
}

export interface WavePlan {
  id: string;
  name: string;
  state: string;
  why: string;
  draft: boolean;
  tours?: PlannedTour[];
  summary?: PlanSummary;
  orders: { id: string; ref: string; state: string; cutoff_at: string; tour: number }[];
  refused: { id: string; ref: string; why: string }[];
}

/** A tour as it was walked. */
export interface Walked {
  id: string;
  state: string;
  cart: string;
  zone: string;
  order_ids: string[];
  stops: number;
  stops_done: number;
  length_mm: number;
  expected_s: number;
  actual_s: number | null;
  started_at: string | null;
  done_at: string | null;
}

export interface ChannelFilter {
  carriers?: string[];
  channels?: string[];
  countries?: string[];
  zones?: string[];
  priority_max?: number;
  lines_max?: number;
}

export type Method = "cluster" | "singles" | "zone" | "goods_to_person";

export interface ReleaseChannel {
  code: string;
  seq: number;
  mode: "stream" | "wave";
  state: "open" | "locked" | "asleep";
  wakes_at: string | null;
  filter: ChannelFilter;
  wip_max: number;
  lead_min: number;
  method: Method;
  waiting: number;
  under_way: number;
  next_cutoff_at: string | null;
}

export interface ReleaseBoard {
  channels: ReleaseChannel[];
  floor: { under_way: number; picked: number; carts_total: number; carts_to_move: number; benches: number; slots: number };
  room: { orders: number; reason: string; limit: number; now: number };
  pace: { per_h: number; pick_s: number; pack_s: number };
}

export interface Promised {
  order_id: string;
  ref: string;
  state: string;
  carrier: string;
  cutoff_at: string;
  verdict: "makes" | "tight" | "misses" | "gone";
  left_s: number;
  needs_s: number | null;
  slack_s: number | null;
  reasons: { code: string; seconds: number | null; count: number }[];
}

export interface Trucks {
  trucks: { carrier: string; cutoff_at: string; makes: number; tight: number; misses: number }[];
  at_risk: Promised[];
}

export interface Standard {
  kind: string;
  walk_mm_s: number;
  stop_s: number;
  piece_s: number;
  fixed_s: number;
  samples: number;
}

export interface Labour {
  standards: Standard[];
  performance: { kind: string; by: string; tasks: number; expected_s: number; actual_s: number; ratio: number; median_s: number }[];
  crews: { kind: string; zone: string; tasks: number; hours: number; at_work: number; plan: { start_h: number; people: number; hours: number }[] }[];
  /** People by hour when everybody does everything. */
  together: number[];
  people_compared: boolean;
  hours_shown: number;
  started_at: string;
}

export interface Incident {
  id: string;
  kind: string;
  subject: string;
  detail: Record<string, unknown>;
  owner: string;
  state: string;
  opened_at: string;
  due_at: string;
  level: number;
  acknowledged_by: string;
  resolved_at: string | null;
  resolved_by: string;
  resolution: string;
}

export interface Vehicle {
  device: string;
  x_mm: number;
  y_mm: number;
  theta_mrad: number;
  battery_pct: number;
  mode: string;
  connection: string;
  last_node: string;
  errors: string;
  seen_at: string;
  may_drive: boolean;
  why_not: string[];
}

export interface Transport {
  id: string;
  state: string;
  purpose: string;
  vehicle: string;
  why: string;
  asked_at: string;
}

export interface Fleet {
  vehicles: Vehicle[];
  transports: Transport[];
}

export interface Place {
  code: string;
  kind: string;
  zone: string;
  aisle: string;
  x_mm: number;
  y_mm: number;
  level: number;
  width_mm: number;
  depth_mm: number;
}

export interface Floor {
  locations: Place[];
  nodes: { code: string; x_mm: number; y_mm: number }[];
  edges: [string, string][];
}

export interface StockRow {
  sku: string;
  name: string;
  place: string;
  place_kind: string;
  status: string;
  lot: string;
  received_on: string | null;
  expires_on: string | null;
  owner: string;
  qty_each: number;
  allocated_each: number;
}

export interface Device {
  gateway: string;
  device: string;
  family: string;
  state: string;
  detail: string;
  last_seen: string;
  age_s: number;
}

export interface Manifest {
  id: string;
  carrier: string;
  state: string;
  parcels: number;
  weight_g: number;
  opened_at: string;
  closed_at: string | null;
  closed_by: string;
  door: string;
  plate: string;
  signed_by: string;
}

export interface Dock {
  manifests: Manifest[];
  waiting: Record<string, number>;
  cutoffs: { carrier: string; cutoff_at: string | null; ready: number; loaded: number; late: boolean }[];
}

export interface Appointment {
  id: string;
  carrier: string;
  starts_at: string;
  ends_at: string;
  state: string;
  plate: string;
  driver: string;
  late: boolean;
}

export interface Door {
  code: string;
  name: string;
  truck: { carrier: string; plate: string; driver: string; arrived_at: string } | null;
  appointments: Appointment[];
}

export interface Container {
  id: string;
  kind: string;
  code: string;
  carrier: string;
  service: string;
  country: string;
  state: string;
  seal: string;
  parcels: number;
  parcels_g: number;
  weight_g: number;
  on: string;
}

export interface Control {
  id: string;
  node: string;
  measure: string;
  limit: string;
  window: string;
  owner: string;
  action: string;
  value: number | null;
  shown: string;
  state: string;
  why: string;
  /** [when, value], oldest first. */
  trend: [string, number][];
}

export interface Trace {
  asked: string;
  means: { kind: string; code: string }[];
  entries: Record<string, unknown>[];
  more: boolean;
}

export type Variance = { id: string; missing: string[]; extra: string[] } & Record<string, unknown>;

export interface PodStations {
  waiting: number;
  stations: {
    station: string;
    pods_max: number;
    pods: { pod: string; state: string; picks: number; why: string }[];
    totes: { tote: string; order: string; pieces: number; picks_left: number }[];
  }[];
}

export interface PutWall {
  wall: string;
  totes_waiting: number;
  slots: { slot: string; order: string; pieces: number; shares_left: number; ready: boolean }[];
}

export interface DeviceCheck {
  id: string;
  piece: string;
  state: string;
  reference: number[];
  measured: number[];
  error_pct: number;
  allowed_pct: number;
  why: string;
  asked_at: string;
}

export interface Calibration {
  devices: { device: string; measure: "weight" | "size"; stations: string[]; locked: string; last: DeviceCheck | null }[];
  pieces: { code: string; weight_g: number; length_mm: number; width_mm: number; height_mm: number; certificate: string; valid_until: string | null }[];
}

const API = "/api/v1";

/** A read that follows the floor; `key[0]` "static" is left alone by the event stream. */
export function useRead<T>(key: string[], path: string, everyMs?: number): UseQueryResult<T, Problem> {
  return useQuery<T, Problem>({
    queryKey: key,
    queryFn: () => get<T>(`${API}${path}`),
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
  });
}

export const useMe = (): UseQueryResult<Me, Problem> =>
  useQuery<Me, Problem>({ queryKey: ["static", "me"], queryFn: () => get<Me>(`${API}/me`), refetchInterval: 60_000, retry: false });

export const useFloor = (): UseQueryResult<Floor, Problem> =>
  useQuery<Floor, Problem>({ queryKey: ["static", "floor"], queryFn: () => get<Floor>(`${API}/layout`), staleTime: Infinity, refetchInterval: false });

/** The ways to pick that the site is built for. */
export function useMethods(): { value: Method; label: string }[] {
  const kinds = new Set(useFloor().data?.locations.map((x) => x.kind));
  const there: Method[] = ["cluster", ...(kinds.has("pack") ? (["singles"] as const) : []), ...(kinds.has("wall") ? (["zone"] as const) : []), ...(kinds.has("pod") && kinds.has("g2p") ? (["goods_to_person"] as const) : [])];
  return there.map((value) => ({ value, label: t(`console.method_${value}`) }));
}

export interface Command {
  method?: "POST" | "PUT" | "DELETE" | "PATCH";
  path: string;
  body?: unknown;
}

/** A write; never shown as done before the server has said so. Afterwards every list is read anew. */
export function useCommand<T = unknown>(): UseMutationResult<T, Problem, Command> {
  const client = useQueryClient();
  return useMutation<T, Problem, Command>({
    mutationFn: async ({ method = "POST", path, body }) => {
      const sent = method === "DELETE" ? undefined : (body ?? {});
      return (await request<T>(method, `${API}${path}`, sent, { timeoutMs: 20_000 })).body;
    },
    onSuccess: () => client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "static" }),
  });
}

export interface LineStage {
  name: "weigh" | "label" | "sort";
  done: number;
  pace_s: number;
  waiting: number;
  oldest_s: number;
  busy: number;
}

/** A pack line's last 15 minutes. */
export interface PackLine {
  code: string;
  dws: string;
  printer: string;
  sorter: string;
  per_hour: number;
  labelled: number;
  minutes: number[];
  stages: LineStage[];
  bottleneck: { stage: string; why: "alarm" | "waits" | "busy" | "none" };
  alarms: Record<string, string>;
  no_reads: number;
  round: { reason: string; count: number }[];
  rejected: { reason: string; count: number }[];
}
