import { t } from "../lib/i18n.ts";
import type { Answers, Card, Step } from "./cards.ts";
import { at, Isometric, points, stateOf, type Placed } from "./isometric.tsx";

interface Props {
  card: Card;
  step: Step;
  answers: Answers;
}

const placedOf = (card: Card): Placed[] => (Array.isArray(card.show["placed"]) ? (card.show["placed"] as Placed[]) : []);

/** Whether a card's parcel can be drawn. */
export const drawn = (card: Card): boolean => card.show["as_is"] === true || placedOf(card).length > 0;

/** What a parcel ships in: a carton with its arrangement, a bag, or the goods as they are. */
export function Container(props: Props) {
  const { card } = props;
  if (!drawn(card)) return null;
  if (card.show["as_is"] === true) return <AsItIs placed={placedOf(card)[0]} />;
  return card.show["bag"] === true ? <Bag {...props} placed={placedOf(card)} /> : <Isometric {...props} placed={placedOf(card)} />;
}

/** Goods in their own container: the label goes on them. */
function AsItIs({ placed }: { placed: Placed | undefined }) {
  const [w, d, h] = placed === undefined ? [300, 220, 180] : [placed[4], placed[5], placed[6]];
  const [left, right, top, bottom] = [at(0, d, 0)[0], at(w, 0, 0)[0], at(0, 0, h)[1], at(w, d, 0)[1]];
  const pad = Math.max(right - left, bottom - top) * 0.04;
  // The label on the largest of the three sides that are seen, upright on the walls.
  const sides: [number, (u: number, v: number) => [number, number]][] = [
    [w * d, (u, v) => at(w * u, d * v, h)],
    [w * h, (u, v) => at(w * u, d, h * (1 - v))],
    [d * h, (u, v) => at(w, d * (1 - u), h * (1 - v))],
  ];
  const on = sides.reduce((a, b) => (b[0] > a[0] ? b : a))[1];
  return (
    <figure className="isometric" data-testid="as-is">
      <svg viewBox={`${left - pad} ${top - pad} ${right - left + 2 * pad} ${bottom - top + 2 * pad}`} role="img" aria-label={t("pack.as_is")}>
        <g className="own">
          <polygon points={points(at(0, 0, h), at(w, 0, h), at(w, d, h), at(0, d, h))} />
          <polygon points={points(at(0, d, 0), at(w, d, 0), at(w, d, h), at(0, d, h))} />
          <polygon points={points(at(w, 0, 0), at(w, d, 0), at(w, d, h), at(w, 0, h))} />
        </g>
        <polygon className="stuck" points={points(on(0.28, 0.25), on(0.72, 0.25), on(0.72, 0.75), on(0.28, 0.75))} />
        <path className="bar" d={[0.34, 0.38, 0.44, 0.53, 0.56, 0.62, 0.66].map((u) => `M${on(u, 0.42).join()} L${on(u, 0.66).join()}`).join(" ")} />
      </svg>
      <figcaption>{t("pack.as_is_hint")}</figcaption>
    </figure>
  );
}

/** A bag as it lies, and what goes in seen from above. */
function Bag({ placed, card, step, answers }: Props & { placed: Placed[] }) {
  const [w = 1, l = 1] = (card.show["inner_mm"] ?? []) as number[];
  const flap = l * 0.14;
  const states = stateOf(placed, step, answers, card.steps.every((s) => !s.id.startsWith("sku:")));
  const [wide, long] = [1, 2].map((k) => Math.max(...placed.map((p) => p[k]! + p[k + 3]!)));
  const turned = wide! > long! !== w > l; // the content lies along the bag
  const from: [number, number] = turned ? [(w - long!) / 2, (l - wide!) / 2] : [(w - wide!) / 2, (l - long!) / 2];
  const order = placed.map((_, i) => i).sort((a, b) => placed[a]![3] - placed[b]![3]);
  return (
    <figure className="isometric" data-testid="bag" data-inside={states.filter((s) => s === "in").length}>
      <svg viewBox={`${-w * 0.04} ${-flap - l * 0.03} ${w * 1.08} ${l * 1.06 + flap}`} role="img" aria-label={t("pack.bag", { width: w, length: l })}>
        <g className="bag">
          <path d={`M0,0 h${w} v${l} h${-w} z`} />
          <path d={`M0,0 L${w * 0.06},${-flap} H${w * 0.94} L${w},0 z`} />
        </g>
        {order.map((i) => {
          const [, x, y, , dx, dy] = placed[i]!;
          const box = turned ? { x: y, y: x, width: dy, height: dx } : { x, y, width: dx, height: dy };
          return <rect key={i} className={`flat ${states[i]!}`} {...box} transform={`translate(${from.join()})`} />;
        })}
      </svg>
      <figcaption>{t("pack.bag", { width: w, length: l })}</figcaption>
    </figure>
  );
}
