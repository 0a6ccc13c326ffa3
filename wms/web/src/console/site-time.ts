/** The site's clocks: every time on the console is the site's, wherever the browser stands. */
let zone = "";
let clock: Intl.DateTimeFormat;

export function setZone(name: string): void {
  if (name === zone) return;
  zone = name;
  clock = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: zone });
}
setZone("UTC");

/** For Intl: these options, in the site's time zone. */
export const onSite = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormatOptions => ({ ...options, timeZone: zone });

/** As the site's clocks show it: 2026-11-30 18:05:00. */
const wall = (ms: number): string => clock.format(ms);

/** The site's calendar day: 2026-11-30. */
export const siteDay = (ms: number): string => wall(ms).slice(0, 10);

/** The hour of the site's day, 0 to 23. */
export const siteHour = (ms: number): number => Number(wall(ms).slice(11, 13));

/** What a person entered as the site's time (2026-11-30T18:05), as an instant. */
export function siteInstant(entered: string): string {
  const meant = Date.parse(`${entered}Z`);
  const off = (ms: number): number => Date.parse(`${wall(ms).replace(" ", "T")}Z`) - ms;
  // Twice: the first guess may lie on the other side of a change to summer time.
  return new Date(meant - off(meant - off(meant))).toISOString();
}
