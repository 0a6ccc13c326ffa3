import { t, word } from "../lib/i18n.ts";
import { Icon } from "./icons.tsx";
import { hush, type Feedback } from "./store.ts";

/** The answer to the last scan: colour, sign and words. An error stays until the next valid scan or a tap. */
export function Band({ feedback }: { feedback: Feedback | null }) {
  return <div role="status" className="told">{feedback === null ? <div className="band none" /> : <Told feedback={feedback} />}</div>;
}

function Told({ feedback }: { feedback: Feedback }) {
  const { level, key, id, params } = feedback;
  const problem = params["problem"];
  const text = t(key, problem === undefined ? params : { ...params, problem: word("choice", String(problem)) });
  return (
    <button className={`band ${level}`} aria-label={text} data-testid="band" data-level={level} data-key={key} key={id} onClick={hush}>
      <Icon name={level} size={26} />
      <span>{text}</span>
    </button>
  );
}
