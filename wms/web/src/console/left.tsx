import { span } from "./format.ts";
import { t } from "../lib/i18n.ts";
import { useClock } from "./live.ts";

/** The life of an order, in order. */
export const STAGES = ["accepted", "released", "picking", "picked", "packed", "labelled", "loaded", "shipped"];

const SOON_MS = 15 * 60_000;

/** Time left until a due time, by the server's clock. */
export function Left({ due }: { due: string }) {
  const left = Date.parse(due) - useClock();
  if (left < 0) return <span className="late">{t("console.late_by", { time: span(left) })}</span>;
  return <span className={left < SOON_MS ? "soon" : ""}>{span(left)}</span>;
}
