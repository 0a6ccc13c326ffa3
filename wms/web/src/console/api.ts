/** What the console asks, with the shapes of the answers. */
import { useMutation, useQuery, useQueryClient, type UseMutationResult, type UseQueryResult } from "@tanstack/react-query";
import { get, Problem, request } from "../lib/http.ts";

export interface Me {
  operator: string;
  name: string;
  roles: string[];
  now: string;
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
}

export interface Shipping {
  manifests: Manifest[];
  waiting: Record<string, number>;
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

export type Variance = { id: string } & Record<string, unknown>;

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

export interface Command {
  method?: "POST" | "DELETE" | "PATCH";
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
