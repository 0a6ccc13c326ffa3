import { t } from "../lib/i18n.ts";
import { Icon } from "./icons.tsx";
import { keepScreen, openFlow, pending, signOut, type State } from "./store.ts";

const FLOWS = ["receive", "putaway", "move", "pick", "wall", "pack", "vas", "returns", "count", "bag", "load"];

export function Menu({ state }: { state: State }) {
  const update = (): void => {
    void navigator.serviceWorker.getRegistration().then((registration) => {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
      registration?.waiting?.postMessage("skip-waiting");
    });
  };
  return (
    <section className="body">
      <nav className="menu">
        {FLOWS.map((flow) => {
          // Picks from pods are taken up by the same tile: it asks for the station first.
          const flows = flow === "pick" ? ["pick", "g2p"] : flow === "returns" ? ["returns", "refurbish"] : [flow];
          const open = flows.reduce((sum, name) => sum + (state.counts[name] ?? 0), 0);
          const under = flows.includes(state.flow) && (state.cards?.length ?? 0) > 0;
          return (
            <button key={flow} className={under ? "tile under" : "tile"} data-testid={`flow-${flow}`} disabled={state.busy} onClick={() => void openFlow(flow)}>
              <Icon name={flow} size={40} />
              <span>{t(`flow.${flow}`)}</span>
              {under ? <em>{t("lib.under_way")}</em> : open > 0 && <b>{open}</b>}
            </button>
          );
        })}
      </nav>
      {state.updateReady && pending().length === 0 && (
        <button className="secondary wide" onClick={update}>{t("lib.update")}</button>
      )}
      <div className="row">
        <button className="secondary" data-testid="settings" onClick={() => void keepScreen("settings")}>
          <Icon name="gear" /> {t("lib.settings")}
        </button>
        <button className="secondary" data-testid="sign-out" onClick={() => void signOut()}>
          <Icon name="person" /> {t("lib.sign_out")}
        </button>
      </div>
    </section>
  );
}
