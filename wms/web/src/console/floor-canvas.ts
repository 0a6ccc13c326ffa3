/** Draws the floor: what stands still once, on its own canvas; what moves at every frame, between its last two reports. */
import type { Floor, Place, Vehicle } from "./api.ts";
import { serverNow } from "./live.ts";

export interface View {
  scale: number;
  x: number;
  y: number;
}

/** Bins above one another are one spot on the map. */
export interface Spot {
  key: string;
  kind: string;
  x: number;
  y: number;
  w: number;
  d: number;
  places: Place[];
}

const FILL: Record<string, string> = { bin: "#d9dee3", reserve: "#c8cfd6", dock: "#b9c4cf", staging: "#cfc7b2", cart: "#cfd8cf", pack: "#b4c0cc", ship: "#b4c0cc", pod: "#d5cde3", g2p: "#b3a3d1" };
const LABEL = "600 11px system-ui, sans-serif";
/** Pixels per millimetre under which there is room for few names. */
const SMALL = 0.01;
const SIZE_MM = 1000;
const STALE_MS = 15_000;
const GLIDE_MS = 1000;

export function spotsOf(floor: Floor): Spot[] {
  const spots = new Map<string, Spot>();
  for (const place of floor.locations) {
    const key = `${place.x_mm}/${place.y_mm}`;
    const known = spots.get(key);
    if (known !== undefined) known.places.push(place);
    else {
      const bin = place.kind === "bin" || place.kind === "reserve";
      const w = bin ? place.depth_mm || 600 : SIZE_MM * 1.6;
      const d = bin ? (place.width_mm || 1000) * 0.94 : SIZE_MM * 1.6;
      spots.set(key, { key, kind: place.kind, x: place.x_mm, y: place.y_mm, w, d, places: [place] });
    }
  }
  return [...spots.values()];
}

export function fit(floor: Floor, width: number, height: number): View {
  const xs = [...floor.locations.map((p) => p.x_mm), ...floor.nodes.map((n) => n.x_mm)];
  const ys = [...floor.locations.map((p) => p.y_mm), ...floor.nodes.map((n) => n.y_mm)];
  const [left, right, low, high] = [Math.min(...xs) - 2000, Math.max(...xs) + 2000, Math.min(...ys) - 3500, Math.max(...ys) + 2500];
  const scale = Math.min(width / (right - left), height / (high - low));
  return { scale, x: (width - (right - left) * scale) / 2 - left * scale, y: (height - (high - low) * scale) / 2 - low * scale };
}

/** Millimetres to pixels; the floor's y grows upwards in its own frame and downwards here, as the API's does. */
export const toX = (view: View, mm: number): number => view.x + mm * view.scale;
export const toY = (view: View, mm: number): number => view.y + mm * view.scale;

/** `shade`: colour of a spot that shows a figure instead of its kind. */
export function drawStill(canvas: OffscreenCanvas, floor: Floor, spots: Spot[], view: View, ratio: number, walks: Walk[], shade?: (spot: Spot) => string | undefined): void {
  const pen = canvas.getContext("2d")!;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  const nodes = new Map(floor.nodes.map((n) => [n.code, n]));
  pen.strokeStyle = "#e9ecef";
  pen.lineWidth = Math.max(1500 * view.scale, 1.5);
  pen.lineCap = "round";
  line(pen, floor, nodes, view);
  pen.strokeStyle = "#c3cad1";
  pen.lineWidth = 1;
  pen.setLineDash([3, 4]);
  line(pen, floor, nodes, view);
  pen.setLineDash([]);
  for (const spot of spots) {
    pen.fillStyle = shade?.(spot) ?? FILL[spot.kind] ?? "#d9dee3";
    pen.fillRect(...box(spot, view));
  }
  drawWalks(pen, walks, view);
  stations(pen, spots, view);
  aisles(pen, spots, view);
}

function line(pen: OffscreenCanvasRenderingContext2D, floor: Floor, nodes: Map<string, { x_mm: number; y_mm: number }>, view: View): void {
  pen.beginPath();
  for (const [a, b] of floor.edges) {
    const [from, to] = [nodes.get(a), nodes.get(b)];
    if (from === undefined || to === undefined) continue;
    pen.moveTo(toX(view, from.x_mm), toY(view, from.y_mm));
    pen.lineTo(toX(view, to.x_mm), toY(view, to.y_mm));
  }
  pen.stroke();
}

/** Names of what is no bin, moved up line by line until they do not cover each other, or left out. */
function stations(pen: OffscreenCanvasRenderingContext2D, spots: Spot[], view: View): void {
  pen.font = LABEL;
  const taken: [number, number, number][] = [];
  for (const spot of spots) {
    if (spot.kind === "bin" || spot.kind === "reserve" || spot.kind === "pod") continue;
    const text = spot.places[0]!.code;
    const half = pen.measureText(text).width / 2 + 3;
    const x = toX(view, spot.x);
    let y = toY(view, spot.y - spot.d / 2) - 5;
    const covers = (): boolean => taken.some(([ox, oy, o]) => Math.abs(ox - x) < o + half && Math.abs(oy - y) < 12);
    if (view.scale < SMALL && covers()) continue;
    while (covers()) y -= 13;
    taken.push([x, y, half]);
    label(pen, text, x, y);
  }
}

function aisles(pen: OffscreenCanvasRenderingContext2D, spots: Spot[], view: View): void {
  const names = new Map<string, { x: number; y: number; n: number }>();
  for (const spot of spots) {
    const aisle = spot.places[0]!.aisle;
    if (aisle === "") continue;
    const known = names.get(aisle) ?? { x: 0, y: Infinity, n: 0 };
    names.set(aisle, { x: known.x + spot.x, y: Math.min(known.y, spot.y), n: known.n + 1 });
  }
  for (const [name, at] of names) label(pen, name, toX(view, at.x / at.n), toY(view, at.y - 900), "#343a40");
}

function label(pen: OffscreenCanvasRenderingContext2D, text: string, x: number, y: number, color = "#566370"): void {
  pen.fillStyle = color;
  pen.font = LABEL;
  pen.textAlign = "center";
  pen.fillText(text, x, y);
}

const box = (spot: Spot, view: View): [number, number, number, number] => [
  toX(view, spot.x - spot.w / 2),
  toY(view, spot.y - spot.d / 2),
  spot.w * view.scale,
  spot.d * view.scale,
];

/** A walk to draw: corner points and stops in walking order, in millimetres. */
export interface Walk {
  path: [number, number][];
  at: [number, number][];
}

/** All walks, faint: where many pass, the aisle darkens. */
export function drawWalks(pen: OffscreenCanvasRenderingContext2D, walks: Walk[], view: View): void {
  pen.strokeStyle = `rgb(23 70 176 / ${Math.max(0.05, Math.min(0.4, 1.6 / walks.length))})`;
  pen.lineWidth = Math.max(2, 420 * view.scale);
  pen.lineJoin = "round";
  for (const walk of walks) trace(pen, walk.path, view);
}

/** One walk: its line with arrows, its stops numbered where there is room, where it starts and ends. */
export function drawWalk(pen: CanvasRenderingContext2D, walk: Walk, view: View): void {
  pen.strokeStyle = WALK;
  pen.lineWidth = Math.max(2.5, 260 * view.scale);
  pen.lineJoin = "round";
  trace(pen, walk.path, view);
  arrows(pen, walk.path, view);
  const r = Math.max(4, Math.min(11, 520 * view.scale));
  walk.at.forEach(([x, y], i) => dot(pen, toX(view, x), toY(view, y), r, WALK, r > 7 ? String(i + 1) : ""));
  const [first, last] = [walk.path[0], walk.path[walk.path.length - 1]];
  if (first !== undefined) dot(pen, toX(view, first[0]), toY(view, first[1]), r + 2, "#2b8a3e", "");
  if (last !== undefined) dot(pen, toX(view, last[0]), toY(view, last[1]), r + 2, "#1c2126", "");
}

const WALK = "#1746b0";

function trace(pen: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, path: [number, number][], view: View): void {
  pen.beginPath();
  path.forEach(([x, y], i) => (i === 0 ? pen.moveTo(toX(view, x), toY(view, y)) : pen.lineTo(toX(view, x), toY(view, y))));
  pen.stroke();
}

function arrows(pen: CanvasRenderingContext2D, path: [number, number][], view: View): void {
  pen.fillStyle = "#fff";
  for (let i = 1; i < path.length; i++) {
    const [a, b] = [path[i - 1]!, path[i]!];
    const [dx, dy] = [toX(view, b[0]) - toX(view, a[0]), toY(view, b[1]) - toY(view, a[1])];
    if (Math.hypot(dx, dy) < 26) continue;
    pen.save();
    pen.translate(toX(view, a[0]) + 0.35 * dx, toY(view, a[1]) + 0.35 * dy); // off the middle: the way back shows its own
    pen.rotate(Math.atan2(dy, dx));
    pen.beginPath();
    pen.moveTo(4, 0), pen.lineTo(-3, -3), pen.lineTo(-3, 3);
    pen.fill();
    pen.restore();
  }
}

function dot(pen: CanvasRenderingContext2D, x: number, y: number, r: number, color: string, text: string): void {
  pen.beginPath();
  pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.fillStyle = color;
  pen.fill();
  pen.strokeStyle = "#fff";
  pen.lineWidth = 1.5;
  pen.stroke();
  if (text === "") return;
  pen.fillStyle = "#fff";
  pen.font = `700 ${Math.round(r * 1.15)}px system-ui, sans-serif`;
  pen.textAlign = "center";
  pen.fillText(text, x, y + r * 0.4);
}

export function outline(pen: CanvasRenderingContext2D, spot: Spot, view: View, color: string): void {
  pen.strokeStyle = color;
  pen.lineWidth = 2.5;
  pen.strokeRect(...box(spot, view));
}

export const spotAt = (spots: Spot[], view: View, x: number, y: number): Spot | undefined =>
  spots.find((s) => {
    const [left, top, w, d] = box(s, view);
    return x >= left - 2 && x <= left + w + 2 && y >= top - 2 && y <= top + d + 2;
  });

interface Track {
  from: [number, number];
  to: [number, number];
  since: number;
}

/** Where each vehicle was and is, to glide between reports. */
export class Tracks {
  private readonly tracks = new Map<string, Track>();

  hear(vehicles: Vehicle[], now: number): void {
    for (const v of vehicles) {
      const known = this.tracks.get(v.device);
      if (known !== undefined && known.to[0] === v.x_mm && known.to[1] === v.y_mm) continue;
      this.tracks.set(v.device, { from: known === undefined ? [v.x_mm, v.y_mm] : this.at(v.device, now), to: [v.x_mm, v.y_mm], since: now });
    }
  }

  at(device: string, now: number): [number, number] {
    const track = this.tracks.get(device);
    if (track === undefined) return [0, 0];
    const share = Math.min((now - track.since) / GLIDE_MS, 1);
    return [track.from[0] + (track.to[0] - track.from[0]) * share, track.from[1] + (track.to[1] - track.from[1]) * share];
  }
}

export type Standing = "ready" | "stopped" | "stale";

/** Stale is a state: a vehicle that falls silent turns grey where it was last, and never vanishes. */
export const standing = (v: Vehicle): Standing => (serverNow() - Date.parse(v.seen_at) > STALE_MS ? "stale" : v.may_drive ? "ready" : "stopped");

const COLOR: Record<Standing, string> = { ready: "#1746b0", stopped: "#c92a2a", stale: "#868e96" };

export function drawVehicle(pen: CanvasRenderingContext2D, v: Vehicle, [x, y]: [number, number], view: View): void {
  const state = standing(v);
  const [px, py, r] = [toX(view, x), toY(view, y), Math.max(9, 600 * view.scale)];
  pen.save();
  pen.translate(px, py);
  pen.fillStyle = COLOR[state];
  pen.strokeStyle = "#fff";
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(0, 0, r, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
  pen.rotate(v.theta_mrad / 1000);
  pen.beginPath();
  if (state === "ready") pen.moveTo(r * 0.65, 0), pen.lineTo(-r * 0.4, -r * 0.45), pen.lineTo(-r * 0.4, r * 0.45);
  else pen.rect(-r * 0.4, -r * 0.4, r * 0.8, r * 0.8);
  pen.fillStyle = "#fff";
  pen.fill();
  pen.restore();
  pen.fillStyle = "#1c2126";
  pen.font = "600 12px system-ui, sans-serif";
  pen.textAlign = "left";
  pen.fillText(v.device, px + r + 4, py + 4);
}
