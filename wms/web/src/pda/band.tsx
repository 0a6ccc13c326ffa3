import { t, word } from "../lib/i18n.ts";
import { Icon } from "./icons.tsx";
import { hush, type Feedback } from "./store.ts";

/** The answer to the last scan: colour, sign and words. An error stays until the next valid scan or a tap. */
export function Band({ feedback }: { feedback: Feedback | null }) {
  if (feedback === null) return <div className="band none" role="status" />;
  const { level, key, id } = feedback;
  const problem = feedback.params["problem"];
  const params = problem === undefined ? feedback.params : { ...feedback.params, problem: word("choice", String(problem)) };
  return (
    <button className={`band ${level}`} role="status" data-testid="band" data-level={level} data-key={key} key={id} onClick={hush}>
      <Icon name={level} size={26} />
      <span>{t(key, params)}</span>
    </button>
  );
}
