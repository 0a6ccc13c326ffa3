import { useEffect, useRef, useSyncExternalStore } from "react";
import type { Scan } from "../lib/scanner.ts";
import { withHandlers } from "./input.ts";
import { snapshot, subscribe, type State } from "./store.ts";

export const useStore = (): State => useSyncExternalStore(subscribe, snapshot);

/** Takes keys and scans while mounted. The handlers are looked up at each event, so they may change at every render. */
export function useInput(handlers: { scan?: (scan: Scan) => void; key?: (key: string) => void }): void {
  const now = useRef(handlers);
  now.current = handlers;
  const takesScan = handlers.scan !== undefined;
  const takesKey = handlers.key !== undefined;
  useEffect(
    () =>
      withHandlers({
        ...(takesScan ? { scan: (one: Scan) => now.current.scan?.(one) } : {}),
        ...(takesKey ? { key: (key: string) => now.current.key?.(key) } : {}),
      }),
    [takesScan, takesKey],
  );
}

const WIDE = "(min-width: 900px)";

/** The screen of a station: room for the drawing beside what is to be done. */
export const useWide = (): boolean =>
  useSyncExternalStore(
    (told) => {
      const query = window.matchMedia(WIDE);
      query.addEventListener("change", told);
      return () => query.removeEventListener("change", told);
    },
    () => window.matchMedia(WIDE).matches,
  );

/** Keeps the screen on while work is under way. */
export function useWakeLock(on: boolean): void {
  useEffect(() => {
    if (!on || navigator.wakeLock === undefined) return;
    let lock: WakeLockSentinel | null = null;
    const ask = (): void => {
      if (document.visibilityState === "visible") navigator.wakeLock.request("screen").then((got) => (lock = got), () => undefined);
    };
    ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      document.removeEventListener("visibilitychange", ask);
      void lock?.release();
    };
  }, [on]);
}
