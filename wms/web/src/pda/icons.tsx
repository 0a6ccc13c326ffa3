/** Line icons drawn here, so that they are there offline and weigh nothing. */
const PATHS: Record<string, string> = {
  ok: "M4 12.5 10 18 20 6",
  error: "M5 5l14 14M19 5 5 19",
  warn: "M12 3 2 21h20L12 3zm0 7v5m0 3v.5",
  queued: "M7 18a5 5 0 0 1-.6-9.9A6 6 0 0 1 18 9.5 4 4 0 0 1 17.5 18M12 12v8m-3-3 3 3 3-3",
  back: "M15 4 7 12l8 8",
  gear: "M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM12 2v3m0 14v3M2 12h3m14 0h3M5 5l2 2m10 10 2 2M19 5l-2 2M7 17l-2 2",
  erase: "M9 5h12v14H9l-6-7 6-7zm3 4 6 6m0-6-6 6",
  keyboard: "M2 6h20v12H2zM6 10h.5m3.5 0h.5m3.5 0h.5m3.5 0h.5M7 14h10",
  scan: "M3 8V4h4m10 0h4v4m0 8v4h-4M7 20H3v-4M7 8v8m3-8v8m4-8v8m3-8v8",
  receive: "M4 14v6h16v-6M12 3v11m-4-4 4 4 4-4",
  putaway: "M4 20V4m16 16V4M4 9h16M4 16h16M12 2v4",
  move: "M3 8h14m-4-4 4 4-4 4M21 16H7m4 4-4-4 4-4",
  pick: "M3 4h3l2 11h10l2-8H7M9 20a1 1 0 1 0 .1 0M17 20a1 1 0 1 0 .1 0",
  g2p: "M4 3h10v13H4zM4 7h10M4 12h10M6 20a1 1 0 1 0 .1 0M12 20a1 1 0 1 0 .1 0M21 6v10m-3-3 3 3",
  pack: "M3 8l9-5 9 5v9l-9 5-9-5V8zm0 0 9 5 9-5m-9 5v9",
  wall: "M3 4h18v16H3zM9 4v16m6-16v16M3 12h18",
  vas: "M3 20h18M6 20v-7h12v7M9 13V8l3-4 3 4v5M9 8h6",
  photo: "M3 7h4l2-3h6l2 3h4v13H3zM12 9.5a4 4 0 1 0 .1 0",
  returns: "M9 5 4 10l5 5M4 10h10a6 6 0 0 1 0 12h-3",
  count: "M5 3h14v18H5zM8 7h8M8 11h2m4 0h2m-8 4h2m4 0h2",
  bag: "M6 8h12l2 13H4zM9 8V6a3 3 0 0 1 6 0v2M9 13h6",
  load: "M2 6h12v10H2zM14 9h4l4 4v3h-8M6 19a2 2 0 1 0 .1 0M17 19a2 2 0 1 0 .1 0",
  person: "M12 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21a8 8 0 0 1 16 0",
};

export function Icon({ name, size = 24 }: { name: string; size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <path d={PATHS[name] ?? PATHS["scan"]} fill="none" stroke="currentColor" strokeWidth="2.2" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
