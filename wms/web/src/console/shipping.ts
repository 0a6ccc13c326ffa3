/** What shipping's pages ask for, and how they say why a service may not carry something. */
import { t, word } from "../lib/i18n.ts";

export interface Reason {
  code: string;
  said: string;
  params: Record<string, unknown>;
}

export interface Offer {
  service: string;
  carrier: string;
  kind: string;
  term: string;
  cents: number;
  duty_cents: number;
  late_cents: number;
  preferred_cents: number;
  expected_cents: number;
  parcels: number;
  charged_g: number;
  days: [number, number, number];
  lines: [string, number][];
  currency: string;
  reasons: Reason[];
}

export interface Tried {
  service: string;
  term: string;
  term_why: string;
  code: string;
  why: string;
  currency: string;
  offers: Offer[];
}

export interface Choice extends Tried {
  cents: number;
  fixed_service: string;
  fixed_term: string;
  judged_at: string;
}

export interface CarrierLabel {
  id: string;
  parcel_id: string;
  order_id: string;
  sscc: string;
  service: string;
  account: string;
  state: string;
  expected_cents: number;
  expected_currency: string;
  tracking: string;
  price_cents: number;
  price_currency: string;
  dropped: string;
  code: string;
  why: string;
  wanted_at: string;
}

export interface Service {
  code: string;
  carrier: string;
  kind: string;
  mode: string;
  account: string;
  terms: string[];
  countries: string[];
  weight_max_g: number;
  length_max_mm: number;
  girth_max_mm: number;
  sum_max_mm: number;
  active: boolean;
  days: number[];
  learned: { country: string; seen: number; days: number[] }[];
  card: { version: number; currency: string; valid_from: string; valid_until: string; expired: boolean } | null;
}

export interface Rule {
  id: string;
  service: string;
  attribute: string;
  country?: string;
  allowed?: boolean;
  pieces_max?: number;
  net_ml_max?: number;
  net_g_max?: number;
  cells_max?: number;
  battery_mwh_max?: number;
  battery_lithium_mg_max?: number;
  papers?: string[];
  why?: string;
}

export interface Matrix {
  version: number;
  expired: boolean;
  valid_until: string;
  rules: Rule[];
}

export interface SiteRule {
  id: string;
  do: "pin" | "exclude" | "prefer";
  target: string;
  why: string;
  channel?: string;
  country?: string;
  attribute?: string;
  value_from_cents?: number;
  value_below_cents?: number;
  cents?: number;
}

export interface Policy {
  version: number;
  currency: string;
  home?: string;
  valid_until?: string;
  rules?: SiteRule[];
}

export interface GoodsRecord {
  sku: string;
  name: string;
  attributes: string[];
  un_number: string;
  packing_instruction: string;
  energy_mwh: number;
  lithium_mg: number;
  cells: number;
  net_ml: number;
  papers: { kind: string; ref: string; valid_until: string; expired: boolean }[];
}

export const money = (cents: number, currency: string): string => `${currency} ${(cents / 100).toFixed(2)}`;

export const days = (of: number[]): string => of.map((d) => String(d)).join(" / ");

/** "*", "kind:postal" or a service's own code, in words. */
export function whose(target: string): string {
  if (target === "*") return t("ship.all_services");
  return target.startsWith("kind:") ? word("ship", `kind_${target.slice(5)}`) : target;
}

/** Why a service may not carry it, in the reader's language. */
export function whyNot(reason: Reason): string {
  const p = reason.params;
  if (reason.code !== "restricted") return t(`ship_why.${reason.code}`, p);
  const filled = { ...p, attribute: word("goods", String(p.attribute)), paper: word("paper", String(p.paper)) };
  if (p.paper !== "") return t("ship_why.restricted_paper", filled);
  if (p.rule === "") return t("ship_why.restricted_silent", filled);
  return t(/\d/.test(String(p.detail)) ? "ship_why.restricted_limit" : "ship_why.restricted", filled);
}

/** The limits of a matrix rule in words. */
export function limits(rule: Rule): string {
  const parts: [number | undefined, string, number][] = [
    [rule.pieces_max, "pieces", 1], [rule.net_ml_max, "net_ml", 1], [rule.net_g_max, "net_g", 1], [rule.cells_max, "cells", 1],
    [rule.battery_mwh_max, "wh", 1000], [rule.battery_lithium_mg_max, "li", 1000],
  ];
  return parts.filter(([n]) => n !== undefined && n > 0).map(([n, name, per]) => t(`ship.lim_${name}`, { n: n! / per })).join(", ");
}
