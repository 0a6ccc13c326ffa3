import { t } from "../lib/i18n.ts";
import { Icon } from "./icons.tsx";
import { back, currentCard, goMenu, keepScreen, pending, rejected, type State } from "./store.ts";

/** Where I am, how far, and always: is there a network, and what still waits to be sent. */
export function Header({ state, bare }: { state: State; bare: boolean }) {
  const waiting = pending().length;
  const faults = rejected().length;
  const tone = faults > 0 ? "bad" : !state.online ? "off" : waiting > 0 ? "busy" : "good";
  const said = faults > 0 ? t("lib.rejected_n", { count: faults }) : !state.online ? t("lib.offline") : t("lib.online");
  const atHome = bare || state.screen === "menu";
  const leave = state.screen === "work" ? back : goMenu;
  return (
    <header className="header">
      {atHome ? <span className="brand">W</span> : (
        <button className="key quiet" aria-label={t("lib.back")} data-testid="back" onClick={() => void leave()}>
          <Icon name="back" size={28} />
        </button>
      )}
      <Where state={state} atHome={atHome} />
      <button
        className={`pill ${tone}`}
        data-testid="connection"
        data-pending={waiting}
        data-rejected={faults}
        data-online={state.online}
        onClick={() => void keepScreen("queue")}
        aria-label={`${said}, ${t("lib.pending_n", { count: waiting })}`}
      >
        <i className="dot" />
        <span>{said}</span>
        {waiting > 0 && <b>{waiting}</b>}
      </button>
    </header>
  );
}

function Where({ state, atHome }: { state: State; atHome: boolean }) {
  if (atHome || state.screen !== "work") {
    const title = atHome ? state.operator?.name ?? "Wharfinger" : state.screen === "stations" ? t(`flow.${state.flow === "g2p" ? "pick" : state.flow}`) : t(`lib.${state.screen}`);
    return <div className="where"><strong>{title}</strong></div>;
  }
  const { done, of } = (currentCard()?.show ?? {}) as { done?: number; of?: number };
  return (
    <div className="where">
      <strong>{t(`flow.${state.flow}`)}</strong>
      {of !== undefined && done !== undefined && (
        <>
          <small>{t("lib.progress", { n: Math.min(done + 1, of), of })}</small>
          <progress value={done} max={of} />
        </>
      )}
    </div>
  );
}
