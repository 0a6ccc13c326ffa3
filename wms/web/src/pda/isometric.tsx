import { t } from "../lib/i18n.ts";
import type { Answers, Card, Step } from "./cards.ts";

/** [sku, x, y, z, dx, dy, dz] in mm, as the carton was planned. */
export type Placed = [number, number, number, number, number, number, number];

const COS = Math.cos(Math.PI / 6);
const HUES = [212, 330, 150, 275, 0, 95, 185, 240];

export const at = (x: number, y: number, z: number): [number, number] => [(x - y) * COS, (x + y) / 2 - z];
export const points = (...corners: [number, number][]): string => corners.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");

interface Props {
  placed: Placed[];
  card: Card;
  step: Step;
  answers: Answers;
}

/** The carton as planned: what is in it, what goes in next, what is still to come. */
export function Isometric({ placed, card, step, answers }: Props) {
  const goods = [1, 2, 3].map((k) => Math.max(...placed.map((p) => p[k]! + p[k + 3]!)));
  const inner = (card.show["inner_mm"] ?? []) as number[];
  const size = (inner.length === 3 ? inner : goods) as [number, number, number];
  const skus = [...new Set(card.steps.map((s) => s.id).filter((id) => id.startsWith("sku:")))];
  const states = stateOf(placed, step, answers, skus.length === 0);
  const [w, d, h] = size;
  const left = at(0, d, 0)[0];
  const right = at(w, 0, 0)[0];
  const top = at(0, 0, h)[1];
  const bottom = at(w, d, 0)[1];
  const pad = Math.max(right - left, bottom - top) * 0.04;
  // Painter's order: what lies further back, and lower, is drawn first.
  const order = placed.map((_, i) => i).sort((a, b) => depth(placed[a]!) - depth(placed[b]!));
  return (
    <figure className="isometric" data-testid="isometric" data-inside={states.filter((s) => s === "in").length}>
      <svg viewBox={`${left - pad} ${top - pad} ${right - left + 2 * pad} ${bottom - top + 2 * pad}`} role="img" aria-label={t("pack.arrangement")}>
        <g className="carton">
          <polygon points={points(at(0, 0, 0), at(w, 0, 0), at(w, d, 0), at(0, d, 0))} />
          <polygon points={points(at(0, 0, 0), at(w, 0, 0), at(w, 0, h), at(0, 0, h))} />
          <polygon points={points(at(0, 0, 0), at(0, d, 0), at(0, d, h), at(0, 0, h))} />
        </g>
        {order.map((i) => (
          <Block key={i} box={placed[i]!} state={states[i]!} hue={HUES[Math.max(skus.indexOf(`sku:${placed[i]![0]}`), 0) % HUES.length]!} />
        ))}
      </svg>
    </figure>
  );
}

const depth = (p: Placed): number => p[1] + p[4] / 2 + p[2] + p[5] / 2 + (p[3] + p[6] / 2) * 1.2;

/** `inHand`: a single piece that was scanned before its carton was known. */
export function stateOf(placed: Placed[], step: Step, answers: Answers, inHand: boolean): ("in" | "next" | "later")[] {
  const seen = new Map<number, number>();
  let marked = false;
  return placed.map(([sku]) => {
    const n = (seen.get(sku) ?? 0) + 1;
    seen.set(sku, n);
    if (n <= Number(answers[`sku:${sku}`] ?? 0)) return "in";
    if (!marked && (inHand || step.id === `sku:${sku}`)) {
      marked = true;
      return "next";
    }
    return "later";
  });
}

function Block({ box, state, hue }: { box: Placed; state: "in" | "next" | "later"; hue: number }) {
  const [, x, y, z, dx, dy, dz] = box;
  const fill = (light: number): string => (state === "in" ? `hsl(${hue} 60% ${light}%)` : state === "next" ? `hsl(42 100% ${light + 8}%)` : "none");
  return (
    <g className={`block ${state}`}>
      <polygon points={points(at(x, y, z + dz), at(x + dx, y, z + dz), at(x + dx, y + dy, z + dz), at(x, y + dy, z + dz))} fill={fill(58)} />
      <polygon points={points(at(x, y + dy, z), at(x + dx, y + dy, z), at(x + dx, y + dy, z + dz), at(x, y + dy, z + dz))} fill={fill(44)} />
      <polygon points={points(at(x + dx, y, z), at(x + dx, y + dy, z), at(x + dx, y + dy, z + dz), at(x + dx, y, z + dz))} fill={fill(34)} />
    </g>
  );
}
