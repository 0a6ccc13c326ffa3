/** The event stream as a hint to read anew, and the server's clock. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Problem } from "../lib/http.ts";

const THROTTLE_MS = 2000;
const KEPT = 40;
/** Positions several times a second; the map asks for them itself. */
const NOISE = /^devices\.vehicle_reported/;

export interface Fact {
  id: string;
  name: string;
  stream: string;
  actor: string;
  at: string;
  data: Record<string, unknown>;
}

export interface Live {
  /** Whether the server answers; a stream that only seems open does not count. */
  open: boolean;
  /** When anything was last heard of the server, in our clock. */
  heardAt: number;
  facts: Fact[];
}

export function useLive(): Live {
  const client = useQueryClient();
  const [live, setLive] = useState<Live>({ open: true, heardAt: Date.now(), facts: [] });
  const { open } = live;

  useEffect(() => {
    const heard = (): void => setLive((now) => (now.open && Date.now() - now.heardAt < 1000 ? now : { ...now, open: true, heardAt: Date.now() }));
    const lost = (): void => setLive((now) => (now.open ? { ...now, open: false } : now));
    const stop = client.getQueryCache().subscribe((event) => {
      if (event.type !== "updated") return;
      const { action } = event;
      if (action.type === "success") heard();
      if ((action.type === "failed" || action.type === "error") && action.error instanceof Problem && action.error.status === 0) lost();
    });
    window.addEventListener("offline", lost);
    return () => {
      stop();
      window.removeEventListener("offline", lost);
    };
  }, [client]);

  // Opened anew when the server is back: the old stream may be one that only seems open.
  useEffect(() => {
    if (!open) return;
    const source = new EventSource("/api/v1/events/stream");
    let timer = 0;
    let waiting: Fact[] = [];
    const refresh = (): void => {
      timer = 0;
      const fresh = waiting.reverse();
      waiting = [];
      setLive((now) => ({ ...now, facts: [...fresh, ...now.facts].slice(0, KEPT) }));
      void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "static" });
    };
    source.addEventListener("fact", (event) => {
      const fact: Fact = { id: event.lastEventId, ...(JSON.parse(event.data) as Omit<Fact, "id">) };
      if (NOISE.test(fact.name)) return;
      waiting.push(fact);
      if (waiting.length > KEPT) waiting.shift();
      timer ||= window.setTimeout(refresh, THROTTLE_MS);
    });
    return () => {
      source.close();
      window.clearTimeout(timer);
    };
  }, [open, client]);
  return live;
}

let offset = 0;
export const setServerNow = (iso: string): void => void (offset = Date.parse(iso) - Date.now());
export const serverNow = (): number => Date.now() + offset;

/** Re-renders every second, with the server's time. */
export function useClock(): number {
  const [now, setNow] = useState(serverNow());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(serverNow()), 1000);
    return () => window.clearInterval(timer);
  }, []);
  return now;
}
