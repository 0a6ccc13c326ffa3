/** Everything the screens show, and every verb of the worker. The screens hold no state that a reload may lose. */
import { readKv, readOutbox, write, type Change } from "../lib/db.ts";
import { get, NO_NETWORK, post, Problem } from "../lib/http.ts";
import { setLocale, type Locale } from "../lib/i18n.ts";
import { play, type Sound } from "../lib/sound.ts";
import {
  answerStep,
  bare,
  judgeScan,
  problemDone,
  start,
  stepBack,
  withProblem,
  type Answer,
  type Card,
  type Level,
  type Progress,
  type Verdict,
} from "./cards.ts";
import { entryOf, Sender, type Entry, type Outcome } from "./outbox.ts";

export interface Operator {
  code: string;
  name: string;
  roles: string[];
}

export interface Feedback {
  level: Level | "queued";
  key: string;
  params: Record<string, unknown>;
  id: number;
}

export type Screen = "menu" | "stations" | "work" | "queue" | "settings" | "test";

export interface State {
  ready: boolean;
  operator: Operator | null;
  /** The session ended while work was under way: sign in again to go on. */
  expired: boolean;
  screen: Screen;
  flow: string;
  station: string;
  /** Where pods are brought to. */
  bench: string;
  /** Station for value-added services. */
  vasAt: string;
  cards: Card[] | null;
  progress: Progress | null;
  /** Key of the event that the current card waits for. */
  waiting: string;
  busy: boolean;
  online: boolean;
  /** The last card done, while it can still be taken back. */
  undo: { path: string; label: string } | null;
  outbox: Entry[];
  counts: Record<string, number>;
  feedback: Feedback | null;
  updateReady: boolean;
}

const KEPT = ["operator", "screen", "flow", "station", "bench", "vasAt", "cards", "progress", "waiting", "undo", "counts"] as const;
const POSITION = "position";
const HEARTBEAT_MS = 10_000;
const TICK_MS = 3000;
const DOUBLE_READ_MS = 400;

let state: State = {
  ready: false,
  operator: null,
  expired: false,
  screen: "menu",
  flow: "",
  station: "",
  bench: "",
  vasAt: "",
  cards: null,
  progress: null,
  waiting: "",
  busy: false,
  online: navigator.onLine,
  undo: null,
  outbox: [],
  counts: {},
  feedback: null,
  updateReady: false,
};
const listeners = new Set<() => void>();
const sender = new Sender(settle);
let feedbackId = 0;
let lastScan = { code: "", at: 0, counting: false };
let heardAt = 0;

export const snapshot = (): State => state;
export const subscribe = (told: () => void): (() => void) => {
  listeners.add(told);
  return () => listeners.delete(told);
};

export function set(change: Partial<State>): void {
  state = { ...state, ...change };
  listeners.forEach((told) => told());
}

const position = (): Record<string, unknown> => Object.fromEntries(KEPT.map((name) => [name, state[name]]));

/** Shows a change and keeps it. */
async function keep(shown: Partial<State>): Promise<void> {
  set(shown);
  await write({ kv: { [POSITION]: position() } });
}

/** Keeps a change and the outbox's in one transaction, then shows both. The list shown is always read after the write:
 * a copy carried along would bring back what an answer that came meanwhile has removed. */
async function commit(shown: Partial<State>, change: Change): Promise<void> {
  state = { ...state, ...shown };
  await write({ ...change, kv: { [POSITION]: position() } });
  set({ outbox: await readOutbox<Entry>() });
}

export const pending = (): Entry[] => state.outbox.filter((e) => e.state === "pending");
export const rejected = (): Entry[] => state.outbox.filter((e) => e.state === "rejected");
export const currentCard = (): Card | undefined => state.cards?.find((c) => c.id === state.progress?.card);

export function tell(level: Feedback["level"], key: string, params: Record<string, unknown> = {}, sound?: Sound): void {
  set({ feedback: { level, key, params, id: ++feedbackId } });
  play(sound ?? (level === "warn" ? "queued" : level));
}

export const hush = (): void => set({ feedback: null });

/** Reads what was kept and starts the clockwork. */
export async function wake(): Promise<void> {
  const kept = (await readKv<Partial<State>>(POSITION)) ?? {};
  const known = kept.screen === "test" || kept.screen === "settings" ? { ...kept, screen: "menu" as const } : kept;
  set({ ...known, outbox: await readOutbox<Entry>(), ready: true });
  window.addEventListener("online", () => void sender.flush(true).then(beat));
  window.addEventListener("offline", () => set({ online: false }));
  setInterval(() => void tick(), TICK_MS);
  void navigator.storage?.persist?.();
  await sender.flush();
  await beat();
}

async function tick(): Promise<void> {
  if (pending().length > 0) await sender.flush();
  else if (Date.now() - heardAt > HEARTBEAT_MS || !state.online) await beat();
}

async function beat(): Promise<void> {
  if (state.operator === null) return;
  try {
    const counts = await get<Record<string, number>>("/api/v1/work/open");
    heardAt = Date.now();
    set({ online: true, counts, expired: false });
  } catch (error) {
    if (error instanceof Problem) set({ online: error.status !== 0, expired: error.status === 401 || state.expired });
  }
}

// ── sign-in

export async function signIn(badge: string, pin: string): Promise<boolean> {
  const owner = pending()[0]?.operator;
  set({ busy: true });
  try {
    const who = await post<{ operator: string; name: string; roles: string[]; locale: Locale }>("/api/v1/sign-in", {
      badge: bare(badge),
      pin,
      device: navigator.userAgent.slice(0, 80),
    });
    if (owner !== undefined && owner !== who.operator) {
      await post("/api/v1/sign-out");
      tell("error", "lib.queue_of_other", { operator: owner, count: pending().length });
      return false;
    }
    const stays = state.operator?.code === who.operator;
    if (!stays && localStorage.getItem("wharfinger.locale") === null) await setLocale(who.locale);
    const fresh = stays ? {} : { screen: "menu" as const, flow: "", station: "", bench: "", vasAt: "", cards: null, progress: null, waiting: "" };
    await keep({ ...fresh, operator: { code: who.operator, name: who.name, roles: who.roles }, expired: false, online: true, feedback: null });
    play("ok");
    void sender.flush(true).then(beat);
    return true;
  } catch (error) {
    fail(error);
    return false;
  } finally {
    set({ busy: false });
  }
}

export async function signOut(): Promise<void> {
  if (pending().length > 0) {
    tell("error", "lib.sign_out_blocked", { count: pending().length });
    return;
  }
  try {
    await post("/api/v1/sign-out");
  } catch (error) {
    fail(error);
    return;
  }
  await keep({ operator: null, screen: "menu", flow: "", station: "", cards: null, progress: null, waiting: "", feedback: null });
}

function fail(error: unknown): void {
  if (!(error instanceof Problem)) throw error;
  if (error.status === 0) set({ online: false });
  if (error.status === 401 && error.code !== "people.bad_sign_in") set({ expired: true });
  tell("error", `error.${error.code}`, error.params);
}

// ── flows

export async function openFlow(flow: string): Promise<void> {
  const same = flow === state.flow || (flow === "pick" && state.flow === "g2p");
  if (same && (state.cards?.length ?? 0) > 0 && !state.online) {
    await keep({ screen: "work", feedback: null });
    return;
  }
  if (flow === "pick" && (await podsComeHere())) await keep({ screen: "stations", flow: "g2p", cards: null, progress: null, feedback: null });
  else if (seats[flow] !== undefined && flow !== "g2p" && state[seats[flow]] === "") await keep({ screen: "stations", flow, cards: null, progress: null, feedback: null });
  else await claim(flow);
}

/** Whether the site has stations that pods are brought to: then picking begins with which one, or a tour. */
async function podsComeHere(): Promise<boolean> {
  set({ busy: true });
  try {
    return (await get<unknown[]>("/api/v1/pda/g2p/stations")).length > 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return false;
  } finally {
    set({ busy: false });
  }
}

/** Flows that are worked at a station, and where it is kept. */
const seats: Record<string, "station" | "bench" | "vasAt"> = { pack: "station", g2p: "bench", vas: "vasAt" };

export async function chooseStation(station: string): Promise<void> {
  const flow = seats[state.flow] === undefined ? "pack" : state.flow;
  set({ [seats[flow]!]: station });
  await claim(flow);
}

/** Asks for work. Cards that wait in the outbox are not handed out twice. */
export async function claim(flow: string): Promise<void> {
  const seat = seats[flow];
  const at = seat === undefined ? "" : `/${encodeURIComponent(state[seat])}`;
  const path = `/api/v1/pda/${flow}${at}/claim`;
  set({ busy: true });
  try {
    const answer = await post<Answer>(path);
    await keep({ flow, screen: "work", ...replaced(answer.cards ?? []), online: true });
    const nothing = (state.cards ?? []).length === 0;
    if (nothing && answer.level === "ok") hush();
    else tell(answer.level, answer.message, answer.params);
  } catch (error) {
    fail(error);
  } finally {
    set({ busy: false });
  }
}

/** The server's list, less what waits to be sent (`settled`: what it has just answered). */
function replaced(cards: Card[], settled?: Entry): Partial<State> {
  const sent = new Set(pending().filter((e) => e.offline && e.key !== settled?.key).map((e) => e.path));
  const left = cards.filter((c) => !sent.has(c.submit));
  const stays = state.waiting === "" && left.some((c) => c.id === state.progress?.card);
  const first = left[0];
  return { cards: left, progress: stays ? state.progress : first === undefined ? null : start(first), waiting: "" };
}

export async function goMenu(): Promise<void> {
  await keep({ screen: "menu", feedback: null });
  void beat();
}

export const leaveStation = (): Promise<void> => keep({ [seats[state.flow] ?? "station"]: "", screen: "stations", cards: null, progress: null });

// ── scans and keys

export function scan(code: string): void {
  const now = performance.now();
  const again = bare(code) === lastScan.code && now - lastScan.at < DOUBLE_READ_MS && !lastScan.counting;
  const step = currentCard()?.steps[state.progress?.step ?? 0];
  lastScan = { code: bare(code), at: now, counting: step?.kind === "quantity" && step.count_each };
  if (again) {
    play("tick");
    return;
  }
  if (state.screen === "stations") {
    void chooseStation(bare(code));
    return;
  }
  if (state.screen !== "work" || state.cards === null || state.progress === null) {
    tell("error", "scan.not_now", { scanned: bare(code) });
    return;
  }
  if (state.waiting !== "") {
    tell("error", state.online ? "scan.wait" : "scan.wait_network", { scanned: bare(code) });
    return;
  }
  void take(judgeScan(state.cards, state.progress, code), bare(code));
}

export function confirm(value: string | number): void {
  const card = currentCard();
  if (card === undefined || state.progress === null || state.waiting !== "") return;
  void take(answerStep(card, state.progress, value), String(value));
}

async function take(verdict: Verdict, what: string): Promise<void> {
  if (verdict.kind === "ignored") {
    play("tick");
    return;
  }
  if (verdict.kind === "refused") {
    tell("error", verdict.why.key, verdict.why.params);
    return;
  }
  const card = state.cards?.find((c) => c.id === verdict.progress.card);
  if (card === undefined) return;
  if (verdict.progress.step >= card.steps.length || problemDone(card, verdict.progress)) {
    await finish(card, verdict.progress);
    return;
  }
  tell("ok", verdict.counted ? "scan.counted" : "scan.ok", { scanned: what });
  await keep({ progress: verdict.progress });
}

export async function reportProblem(reason: string, partial?: number): Promise<void> {
  const card = currentCard();
  if (card === undefined || state.progress === null) return;
  const progress = withProblem(card, state.progress, reason, partial);
  if (problemDone(card, progress)) await finish(card, progress);
  else {
    tell("warn", "scan.problem_prove", { problem: reason }, "tick");
    await keep({ progress });
  }
}

export async function back(): Promise<void> {
  const card = currentCard();
  const before = card !== undefined && state.progress !== null && state.waiting === "" ? stepBack(card, state.progress) : null;
  if (state.screen === "work" && before !== null) await keep({ progress: before, feedback: null });
  else await goMenu();
}

// ── what was done goes out

/** Outbox first, then the screen, then the network. */
async function finish(card: Card, progress: Progress): Promise<void> {
  const entry = entryOf(card, progress.answers, state.operator?.code ?? "");
  const left = card.offline ? (state.cards ?? []).filter((c) => c.id !== card.id) : state.cards;
  const next = card.offline ? left?.[0] : undefined;
  const moved: Partial<State> = card.offline
    ? { cards: left, progress: next === undefined ? null : start(next), waiting: "", undo: undoOf(card, entry) }
    : { progress, waiting: entry.key, undo: null };
  await commit(moved, { put: [entry] });
  if (!state.online) tell("queued", "lib.queued", { count: pending().length });
  else if (card.offline) tell("ok", "scan.done", { left: left?.length ?? 0 });
  else hush();
  void sender.flush(true);
}

const undoOf = (card: Card, entry: Entry): State["undo"] =>
  card.undo === "" || entry.body.answers["problem"] !== undefined ? null : { path: card.undo, label: entry.label };

/** Takes the last card back. The server decides, so what was done must have reached it first. */
export async function undoLast(): Promise<void> {
  const last = state.undo;
  if (last === null) return;
  if (pending().length > 0 || !state.online) {
    tell("error", "lib.undo_waits", { count: pending().length });
    return;
  }
  try {
    const answer = await post<Answer>(last.path);
    state = { ...state, progress: null }; // the reopened card comes first, not the one that was shown
    await keep({ ...replaced(answer.cards ?? []), undo: null, online: true });
    tell(answer.level, answer.message, answer.params);
  } catch (error) {
    fail(error);
    if (error instanceof Problem && error.status !== 0) await keep({ undo: null });
  }
}

async function settle(entry: Entry, outcome: Outcome): Promise<void> {
  if (outcome.kind === "later") {
    const lost = state.online && !outcome.online;
    set({ online: outcome.online });
    if (lost && state.waiting === entry.key) tell("queued", "lib.queued", { count: pending().length });
    return;
  }
  heardAt = Date.now();
  if (outcome.kind === "sign_in") {
    set({ online: true, expired: true });
    return;
  }
  if (outcome.kind === "answered") await answered(entry, outcome.answer);
  else await refusedByServer(entry, outcome);
}

async function answered(entry: Entry, answer: Answer): Promise<void> {
  const ours = entry.flow === state.flow;
  if (entry.body.answers["problem"] !== undefined && state.progress?.step === 0) set({ progress: null });
  const after = !ours ? {} : answer.cards !== null ? replaced(answer.cards, entry) : less(entry);
  await commit({ ...after, online: true }, removal(entry));
  // An offline card has had its sound; only what differs from it is told again.
  if (ours && (!entry.offline || answer.level !== "ok")) tell(answer.level, answer.message, answer.params);
}

const removal = (entry: Entry): Change => (entry.seq === undefined ? {} : { remove: [entry.seq] });

function less(entry: Entry): Partial<State> {
  if (state.progress === null && state.cards?.[0] !== undefined) set({ progress: start(state.cards[0]) });
  if (state.cards?.every((c) => c.id !== entry.card) ?? true) return { waiting: state.waiting === entry.key ? "" : state.waiting };
  const left = state.cards!.filter((c) => c.id !== entry.card);
  return { cards: left, progress: left[0] === undefined ? null : start(left[0]), waiting: "" };
}

async function refusedByServer(entry: Entry, no: { code: string; params: Record<string, unknown> }): Promise<void> {
  if (entry.offline) {
    await commit({ online: true }, { put: [{ ...entry, state: "rejected", code: no.code, params: no.params }] });
  } else {
    // The worker still stands before this card: it stays, and its scans are asked for again.
    const card = state.cards?.find((c) => c.id === entry.card);
    const again = state.waiting === entry.key && card !== undefined ? { progress: start(card), waiting: "" } : {};
    await commit({ online: true, ...again }, removal(entry));
  }
  tell("error", `error.${no.code}`, no.params);
}

/** A person has seen why the server said no. The event is kept as settled; its work comes back with the next claim. */
export async function settleRejected(entry: Entry): Promise<void> {
  await commit({}, { put: [{ ...entry, state: "settled" }] });
  if (rejected().length === 0 && state.flow !== "") await claim(state.flow);
}

export async function sendAgain(entry: Entry): Promise<void> {
  const { code: _code, params: _params, ...plain } = entry;
  await commit({}, { put: [{ ...plain, state: "pending" }] });
  await sender.flush(true);
}

export const sendNow = (): Promise<void> => sender.flush(true).then(beat);

/** Asks a device's outcome; the card changes when the server has another one. */
export async function poll(path: string, card: string): Promise<void> {
  try {
    const answer = await get<Answer>(path);
    if (currentCard()?.id !== card || answer.cards === null || answer.cards[0]?.id === card) {
      if (!state.online) set({ online: true });
      return;
    }
    await keep({ ...replaced(answer.cards), online: true });
    tell(answer.level, answer.message, answer.params);
  } catch (error) {
    if (error instanceof Problem && error.code === NO_NETWORK) set({ online: false });
    else fail(error);
  }
}

export const keepScreen = (screen: Screen): Promise<void> => keep({ screen, feedback: null });
