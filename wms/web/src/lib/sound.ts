/** Three sounds that tell apart in noise, each with its vibration. WebAudio: nothing to load, nothing to be missing offline. */
export type Sound = "ok" | "error" | "queued" | "tick";

const KEPT = "wharfinger.volume";
let context: AudioContext | null = null;

/** Browsers let a page sound only after a tap; called at every tap until it works. */
export function unlock(): void {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
}

export const volume = (): number => Number(localStorage.getItem(KEPT) ?? "0.8");
export const setVolume = (to: number): void => localStorage.setItem(KEPT, String(to));

/** The last sounds played, newest last; the scanner test page shows them. */
export const played: Sound[] = [];

export function play(sound: Sound): void {
  played.push(sound);
  if (played.length > 20) played.shift();
  if (sound === "ok") buzz(60);
  if (sound === "queued") buzz([40, 60, 40]);
  if (sound === "error") buzz([200, 80, 200]);
  const loud = volume();
  if (loud === 0) return;
  unlock();
  if (sound === "ok") tone(1760, 0, 0.08, "sine", loud);
  if (sound === "tick") tone(900, 0, 0.02, "sine", loud * 0.4);
  if (sound === "queued") {
    tone(880, 0, 0.07, "triangle", loud);
    tone(1320, 0.1, 0.07, "triangle", loud);
  }
  if (sound === "error") {
    tone(220, 0, 0.22, "square", loud);
    tone(220, 0.3, 0.22, "square", loud);
  }
}

function buzz(pattern: number | number[]): void {
  if (navigator.userActivation?.hasBeenActive !== false) navigator.vibrate?.(pattern);
}

function tone(hz: number, after: number, seconds: number, type: OscillatorType, loud: number): void {
  if (context === null) return;
  const from = context.currentTime + after;
  const gain = context.createGain();
  gain.gain.setValueAtTime(loud * 0.5, from);
  gain.gain.setTargetAtTime(0, from + seconds * 0.8, 0.01);
  const source = context.createOscillator();
  source.type = type;
  source.frequency.value = hz;
  source.connect(gain).connect(context.destination);
  source.start(from);
  source.stop(from + seconds + 0.06);
}
