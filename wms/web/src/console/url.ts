/** The address holds page and filters, so that what one supervisor sees can be sent to another. */
import { useCallback, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
const tell = (): void => listeners.forEach((told) => told());
window.addEventListener("popstate", tell);

const subscribe = (told: () => void): (() => void) => {
  listeners.add(told);
  return () => listeners.delete(told);
};

const address = (params: URLSearchParams): string => `${location.pathname}${params.size > 0 ? `?${params}` : ""}`;

/** Changes parameters; an empty value removes one. `replace` keeps no step to go back to, as while typing. */
export function go(change: Record<string, string>, replace = false): void {
  const params = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === "") params.delete(name);
    else params.set(name, value);
  }
  history[replace ? "replaceState" : "pushState"](null, "", address(params));
  tell();
}

/** Opens a page with these filters and no others. */
export function open(page: string, filters: Record<string, string> = {}): void {
  history.pushState(null, "", address(new URLSearchParams({ page, ...filters })));
  tell();
}

export function useParam(name: string, otherwise = ""): [string, (value: string, replace?: boolean) => void] {
  const value = useSyncExternalStore(subscribe, () => new URLSearchParams(location.search).get(name) ?? otherwise);
  const set = useCallback((to: string, replace = false) => go({ [name]: to === otherwise ? "" : to }, replace), [name, otherwise]);
  return [value, set];
}
