/** An answer that says no (RFC 9457). `status` 0: there was no answer at all. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly params: Record<string, unknown> = {},
  ) {
    super(code);
  }
}

export const NO_NETWORK = "lib.no_network";

export interface Sent<T> {
  body: T;
  replayed: boolean;
  /** Server time minus ours, in ms, from the Date header. */
  skew: number;
}

/** One request with a time limit. Throws `Problem` for everything that is not a 2xx. */
export async function request<T>(
  method: string,
  path: string,
  body?: unknown,
  options: { key?: string; timeoutMs?: number } = {},
): Promise<Sent<T>> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (options.key !== undefined) headers["idempotency-key"] = options.key;
  const init: RequestInit = { method, headers, credentials: "same-origin", signal: AbortSignal.timeout(options.timeoutMs ?? 8000) };
  if (body !== undefined) init.body = JSON.stringify(body);
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, init);
    text = await response.text();
  } catch {
    throw new Problem(0, NO_NETWORK);
  }
  const parsed = parse(text);
  if (!response.ok) {
    const said = (parsed ?? {}) as { code?: string; params?: Record<string, unknown> };
    throw new Problem(response.status, said.code ?? "common.bug", said.params ?? {});
  }
  const date = Date.parse(response.headers.get("date") ?? "");
  return {
    body: parsed as T,
    replayed: response.headers.get("idempotent-replayed") === "true",
    skew: Number.isNaN(date) ? 0 : date - Date.now(),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export const get = async <T>(path: string): Promise<T> => (await request<T>("GET", path)).body;
export const post = async <T>(path: string, body: unknown = {}): Promise<T> => (await request<T>("POST", path, body)).body;
