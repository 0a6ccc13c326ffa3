import { t } from "../lib/i18n.ts";
import { pending, rejected, sendAgain, sendNow, settleRejected, type State } from "./store.ts";
import type { Entry } from "./outbox.ts";

/** What waits to be sent, and what the server refused: nothing leaves this list unseen. */
export function Queue({ state }: { state: State }) {
  const waiting = pending();
  const faults = rejected();
  return (
    <section className="body">
      <div className="list grow">
        {faults.map((entry) => <Rejected key={entry.key} entry={entry} />)}
        {waiting.map((entry) => (
          <div key={entry.key} className="item">
            <strong>{entry.label}</strong>
            <span>{t(`flow.${entry.flow}`)} · {time(entry)} · {t("lib.waits")}</span>
          </div>
        ))}
        {waiting.length + faults.length === 0 && <p className="note center">{t("lib.all_sent")}</p>}
      </div>
      <button className="primary" data-testid="send-now" disabled={waiting.length === 0} onClick={() => void sendNow()}>
        {t(state.online ? "lib.send_now" : "lib.try_network", { count: waiting.length })}
      </button>
    </section>
  );
}

function Rejected({ entry }: { entry: Entry }) {
  return (
    <div className="item bad" data-testid="rejected">
      <strong>{entry.label}</strong>
      <span>{t(`flow.${entry.flow}`)} · {time(entry)}</span>
      <p>{t(`error.${entry.code}`, entry.params)}</p>
      <div className="row">
        <button className="secondary" onClick={() => void sendAgain(entry)}>{t("lib.send_again")}</button>
        <button className="secondary" data-testid="settle" onClick={() => void settleRejected(entry)}>{t("lib.do_anew")}</button>
      </div>
    </div>
  );
}

const time = (entry: Entry): string =>
  new Date(entry.body.scanned_at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
