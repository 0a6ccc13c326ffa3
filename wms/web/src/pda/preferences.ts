/** What belongs to the device, not to the worker: theme and hand. */
export type Theme = "dark" | "light" | "contrast";
export type Hand = "right" | "left";

const read = <T extends string>(name: string, otherwise: T): T => (localStorage.getItem(`wharfinger.${name}`) as T | null) ?? otherwise;

export const theme = (): Theme => read<Theme>("theme", "dark");
export const hand = (): Hand => read<Hand>("hand", "right");

export function setPreference(name: "theme" | "hand", value: string): void {
  localStorage.setItem(`wharfinger.${name}`, value);
  applyPreferences();
}

export function applyPreferences(): void {
  document.documentElement.dataset["theme"] = theme();
  document.documentElement.dataset["hand"] = hand();
}
