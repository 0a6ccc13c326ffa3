/** The PDA's store: `outbox` (events in order) and `kv` (where the worker stands). */
const NAME = "wharfinger-pda";
const STORES = ["outbox", "kv"];
let opened: Promise<IDBDatabase> | null = null;

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

function open(): Promise<IDBDatabase> {
  opened ??= (() => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
      request.result.createObjectStore("kv");
    };
    return done(request);
  })();
  return opened;
}

export interface Change {
  put?: object[];
  remove?: number[];
  kv?: Record<string, unknown>;
}

/** Writes outbox and position in one transaction: after a crash either both hold or neither. */
export async function write(change: Change): Promise<void> {
  const db = await open();
  const tx = db.transaction(STORES, "readwrite", { durability: "strict" });
  const finished = new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error);
  });
  for (const entry of change.put ?? []) tx.objectStore("outbox").put(entry);
  for (const seq of change.remove ?? []) tx.objectStore("outbox").delete(seq);
  for (const [key, value] of Object.entries(change.kv ?? {})) tx.objectStore("kv").put(value, key);
  await finished;
}

export async function readKv<T>(key: string): Promise<T | undefined> {
  const db = await open();
  return done<T | undefined>(db.transaction("kv").objectStore("kv").get(key));
}

export async function readOutbox<T>(): Promise<T[]> {
  const db = await open();
  return done<T[]>(db.transaction("outbox").objectStore("outbox").getAll());
}
