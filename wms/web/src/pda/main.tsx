import { createRoot } from "react-dom/client";
import { startTexts } from "../lib/i18n.ts";
import { listen } from "../lib/scanner.ts";
import { unlock } from "../lib/sound.ts";
import { App } from "./app.tsx";
import { handKey, handRaw, handScan } from "./input.ts";
import { applyPreferences } from "./preferences.ts";
import { set, wake } from "./store.ts";
import "./pda.css";

applyPreferences();
await startTexts(
  { en: () => import("../lib/texts/en.json?pda"), "zh-CN": () => import("../lib/texts/zh-CN.json?pda") },
  { en: () => import("../lib/texts/en.json?refusals"), "zh-CN": () => import("../lib/texts/zh-CN.json?refusals") },
);
listen({ onScan: handScan, onKey: handKey, onRaw: handRaw });
window.addEventListener("pointerdown", unlock);
createRoot(document.getElementById("root")!).render(<App />);
void wake();

if (navigator.serviceWorker !== undefined) {
  void navigator.serviceWorker.register("/sw.js").then((registration) => {
    const noticed = (): void => set({ updateReady: registration.waiting !== null && navigator.serviceWorker.controller !== null });
    noticed();
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", noticed);
    });
  });
}
