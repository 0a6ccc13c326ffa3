import { useEffect, useMemo, useRef } from "react";
import { t } from "../lib/i18n.ts";
import type { Floor, Vehicle } from "./api.ts";
import { drawStill, drawVehicle, drawWalk, fit, outline, spotAt, spotsOf, Tracks, type Spot, type View, type Walk } from "./floor-canvas.ts";

interface Props {
  floor: Floor;
  vehicles: Vehicle[];
  chosen: string;
  onChoose: (code: string) => void;
  onHover: (spot: Spot | undefined) => void;
  walks?: Walk[];
  /** The walk to show in full. */
  walk?: Walk | undefined;
  /** Colour of a spot that shows a figure instead of its kind. */
  shade?: (spot: Spot) => string | undefined;
}

const NONE: Walk[] = [];

/** Wheel zooms, drag pans, click chooses. The list beside it says the same without a pointer. */
export function FloorMap({ floor, vehicles, chosen, onChoose, onHover, walks = NONE, walk, shade }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const spots = useMemo(() => spotsOf(floor), [floor]);
  const now = useRef({ vehicles, chosen, onChoose, onHover, walks, walk, shade });
  now.current = { vehicles, chosen, onChoose, onHover, walks, walk, shade };
  const redraw = useRef<() => void>(() => undefined);
  useEffect(() => redraw.current(), [walks, shade]);
  const tracks = useRef(new Tracks());
  useEffect(() => tracks.current.hear(vehicles, performance.now()), [vehicles]);

  useEffect(() => {
    const sheet = canvas.current!;
    const pen = sheet.getContext("2d")!;
    const still = new OffscreenCanvas(1, 1);
    let view: View | null = null;
    let ratio = 1;
    let hovered: Spot | undefined;
    let frame = 0;

    redraw.current = (): void => {
      if (view !== null) drawStill(still, floor, spots, view, ratio, now.current.walks, now.current.shade);
    };
    const size = (): void => {
      ratio = window.devicePixelRatio;
      const { width, height } = sheet.getBoundingClientRect();
      sheet.width = still.width = Math.round(width * ratio);
      sheet.height = still.height = Math.round(height * ratio);
      view = fit(floor, width, height);
      redraw.current();
    };
    const paint = (): void => {
      frame = requestAnimationFrame(paint);
      if (view === null || sheet.width === 0) return;
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.clearRect(0, 0, sheet.width, sheet.height);
      pen.drawImage(still, 0, 0);
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      if (now.current.walk !== undefined) drawWalk(pen, now.current.walk, view);
      const marked = spots.find((s) => s.places.some((p) => p.code === now.current.chosen));
      if (hovered !== undefined) outline(pen, hovered, view, "#566370");
      if (marked !== undefined) outline(pen, marked, view, "#1746b0");
      const at = performance.now();
      for (const v of now.current.vehicles) drawVehicle(pen, v, tracks.current.at(v.device, at), view);
    };
    const stopPointer = pointer(sheet, {
      move: (x, y) => {
        const spot = view === null ? undefined : spotAt(spots, view, x, y);
        if (spot === hovered) return;
        hovered = spot;
        now.current.onHover(spot);
      },
      drag: (dx, dy) => {
        if (view === null) return;
        view = { ...view, x: view.x + dx, y: view.y + dy };
        redraw.current();
      },
      zoom: (x, y, by) => {
        if (view === null) return;
        view = { scale: view.scale * by, x: x - (x - view.x) * by, y: y - (y - view.y) * by };
        redraw.current();
      },
      click: (x, y) => {
        const spot = view === null ? undefined : spotAt(spots, view, x, y);
        if (spot !== undefined) now.current.onChoose(spot.places[0]!.code);
      },
    });
    const observer = new ResizeObserver(size);
    observer.observe(sheet);
    paint();
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      stopPointer();
    };
  }, [floor, spots]);

  return <canvas ref={canvas} role="img" aria-label={t("console.map_label")} data-testid="map" />;
}

interface Pointing {
  move: (x: number, y: number) => void;
  drag: (dx: number, dy: number) => void;
  zoom: (x: number, y: number, by: number) => void;
  click: (x: number, y: number) => void;
}

function pointer(sheet: HTMLCanvasElement, on: Pointing): () => void {
  let from: { x: number; y: number; moved: boolean } | null = null;
  const stop = new AbortController();
  const { signal } = stop;
  sheet.addEventListener("pointerdown", (e) => {
    from = { x: e.offsetX, y: e.offsetY, moved: false };
    sheet.setPointerCapture(e.pointerId);
  }, { signal });
  sheet.addEventListener("pointermove", (e) => {
    if (from === null) return on.move(e.offsetX, e.offsetY);
    const [dx, dy] = [e.offsetX - from.x, e.offsetY - from.y];
    if (!from.moved && Math.hypot(dx, dy) < 4) return;
    on.drag(dx, dy);
    from = { x: e.offsetX, y: e.offsetY, moved: true };
  }, { signal });
  sheet.addEventListener("pointerup", (e) => {
    if (from !== null && !from.moved) on.click(e.offsetX, e.offsetY);
    from = null;
  }, { signal });
  sheet.addEventListener("wheel", (e) => {
    e.preventDefault();
    on.zoom(e.offsetX, e.offsetY, Math.exp(-e.deltaY / 600));
  }, { signal, passive: false });
  return () => stop.abort();
}
