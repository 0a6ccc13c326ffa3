/** A trend as a line, newest at the right. */
export function Spark({ values }: { values: number[] }) {
  if (values.length < 2) return null;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const points = values.map((v, i) => `${((i / (values.length - 1)) * 58 + 1).toFixed(1)},${(19 - ((v - low) / (high - low || 1)) * 18).toFixed(1)}`).join(" ");
  return <svg className="spark" width={60} height={20} aria-hidden="true"><polyline points={points} fill="none" stroke="#566370" strokeWidth={1.5} /></svg>;
}
