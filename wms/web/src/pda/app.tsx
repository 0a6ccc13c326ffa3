import { t, useLocale } from "../lib/i18n.ts";
import { Band } from "./band.tsx";
import { Header } from "./header.tsx";
import { useStore, useWakeLock } from "./hooks.ts";
import { Menu } from "./menu.tsx";
import { Queue } from "./queue.tsx";
import { ScannerTest } from "./scanner-test.tsx";
import { Settings } from "./settings.tsx";
import { SignIn } from "./sign-in.tsx";
import { Stations } from "./stations.tsx";
import type { State } from "./store.ts";
import { Work } from "./work.tsx";

export function App() {
  useLocale();
  const state = useStore();
  useWakeLock(state.screen === "work");
  if (!state.ready) return <main className="screen center">{t("lib.starting")}</main>;
  const open = state.screen === "test" || state.screen === "settings";
  const outside = (state.operator === null || state.expired) && !open;
  return (
    <main className="screen" data-flow={state.screen === "work" ? state.flow : ""}>
      <Header state={state} bare={outside} />
      <Band feedback={state.feedback} />
      {outside ? <SignIn state={state} /> : <Body state={state} />}
    </main>
  );
}

function Body({ state }: { state: State }) {
  switch (state.screen) {
    case "menu":
      return <Menu state={state} />;
    case "stations":
      return <Stations flow={state.flow} />;
    case "work":
      return <Work state={state} />;
    case "queue":
      return <Queue state={state} />;
    case "settings":
      return <Settings state={state} />;
    case "test":
      return <ScannerTest />;
  }
}
