import { useEffect } from "react";
import { t } from "../lib/i18n.ts";
import type { Card } from "./cards.ts";
import { CardView } from "./card-view.tsx";
import { useInput } from "./hooks.ts";
import { Icon } from "./icons.tsx";
import { claim, currentCard, goMenu, leaveStation, openFlow, pending, poll, type State } from "./store.ts";

const POLL_MS = 400;

export function Work({ state }: { state: State }) {
  const card = currentCard();
  usePoll(card, state);
  if (card === undefined || state.progress === null) return <Nothing state={state} />;
  const step = card.steps[Math.min(state.progress.step, card.steps.length - 1)];
  if (step === undefined) return <Nothing state={state} />;
  return <CardView key={`${card.id}/${step.id}/${state.progress.step}`} card={card} step={step} state={state} progress={state.progress} />;
}

function usePoll(card: Card | undefined, state: State): void {
  const step = card?.steps[state.progress?.step ?? 0];
  const path = step?.kind === "wait" ? step.poll : "";
  const id = card?.id ?? "";
  useEffect(() => {
    if (path === "") return;
    let stopped = false;
    let timer = 0;
    const again = async (): Promise<void> => {
      await poll(path, id);
      if (!stopped) timer = window.setTimeout(() => void again(), POLL_MS);
    };
    void again();
    return () => {
      stopped = true;
      window.clearTimeout(timer);
    };
  }, [path, id]);
}

/** The list is empty: all done here, or there was nothing to do. */
function Nothing({ state }: { state: State }) {
  const next = (): void => void claim(state.flow);
  useInput({ key: (key) => (key === "Enter" ? next() : key === "Escape" ? void goMenu() : undefined) });
  const waits = pending().filter((e) => e.flow === state.flow).length;
  return (
    <section className="body">
      <div className="splash">
        <Icon name={waits > 0 ? "queued" : state.flow} size={96} />
        <h1 className="prompt">{t(waits > 0 ? "lib.done_unsent" : "lib.nothing", { count: waits })}</h1>
        <p className="note">{t(waits > 0 ? "lib.done_unsent_hint" : "lib.nothing_hint")}</p>
      </div>
      <div className="grow" />
      {state.flow === "pack" && (
        <button className="secondary wide" onClick={() => void leaveStation()}>{t("pack.other_station")}</button>
      )}
      {state.flow === "vas" && (
        <button className="secondary wide" onClick={() => void leaveStation()}>{t("vas.other_station")}</button>
      )}
      {state.flow === "g2p" && (
        <button className="secondary wide" onClick={() => void openFlow("pick")}>{t("g2p.other_station")}</button>
      )}
      <button className="primary" data-testid="primary" disabled={state.busy} onClick={next}>{t(state.busy ? "lib.working" : "lib.next_work")}</button>
    </section>
  );
}
