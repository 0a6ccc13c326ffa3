/** The card contract of wms/kernel/screen.py, and the judgement of scans against it with no network. */
export interface Step {
  id: string;
  kind: "scan" | "quantity" | "choice" | "number" | "confirm" | "photo" | "wait";
  prompt: string;
  accept: string[];
  show: Record<string, unknown>;
  max: number | null;
  count_each: boolean;
  /** Quantity: nothing is keyed. */
  scan_only: boolean;
  /** Quantity: each code counts once. */
  each_once: boolean;
  options: string[];
  blind: boolean;
  poll: string;
}

export interface Card {
  id: string;
  flow: string;
  title: string;
  submit: string;
  steps: Step[];
  show: Record<string, unknown>;
  offline: boolean;
  /** Takes the card back after it was done. */
  undo: string;
  problems: string[];
}

export type Level = "ok" | "warn" | "error";

export interface Answer {
  level: Level;
  message: string;
  params: Record<string, unknown>;
  cards: Card[] | null;
}

export type Answers = Record<string, string | number>;

/** Where the worker stands in the card under way. `step` may be past the last: then the card is done. */
export interface Progress {
  card: string;
  step: number;
  answers: Answers;
}

export interface Refused {
  key: string;
  params: Record<string, unknown>;
}

export type Verdict =
  | { kind: "ok"; progress: Progress; counted: boolean }
  | { kind: "ignored" }
  | { kind: "refused"; why: Refused };

/** Without the symbology identifier that some scanners put in front (ISO/IEC 15424: `]`, letter, digit). */
export const bare = (code: string): string => code.trim().replace(/^\][A-Za-z][0-9]/, "");

/** Lengths of the GS1 application identifiers that end without a separator (General Specifications, 7.8.5). */
const FIXED: Record<string, number> = { "01": 14, "02": 14, "11": 6, "13": 6, "15": 6, "16": 6, "17": 6 };

/** The serial that a code says: AI 21 of a GS1 symbol, else the code itself. */
export function serialOf(code: string): string {
  if (!/^\](C1|d2|Q3|J1)/.test(code.trim())) return bare(code);
  let rest = bare(code);
  while (rest !== "") {
    const ai = rest.slice(0, 2);
    const end = FIXED[ai] !== undefined ? 2 + FIXED[ai] : (rest.indexOf("\x1d") + 1 || rest.length + 1) - 1;
    if (ai === "21") return rest.slice(2, end);
    rest = rest.slice(end).replace(/^\x1d/, "");
  }
  return bare(code);
}

export const codesOf = (progress: Progress, step: Step): string[] => String(progress.answers[`${step.id}:codes`] ?? "").split("\n").filter(Boolean);

const same = (a: string, b: string): boolean => bare(a).toUpperCase() === bare(b).toUpperCase();

export const accepts = (step: Step, code: string): boolean => step.accept.some((one) => same(one, step.each_once ? serialOf(code) : code));

export const start = (card: Card): Progress => ({ card: card.id, step: 0, answers: {} });

const refused = (key: string, params: Record<string, unknown> = {}): Verdict => ({ kind: "refused", why: { key, params } });

const counted = (progress: Progress, step: Step): number | undefined => {
  const value = progress.answers[step.id];
  return typeof value === "number" ? value : undefined;
};

/** What a step asks for, in the words of the floor: the field of its own name, else its first code. */
export function expected(card: Card, step: Step): string {
  const field = step.show[step.id] ?? card.show[step.id];
  if (typeof field === "string" || typeof field === "number") return String(field);
  return step.accept[0] ?? "";
}

/** Moves past the answered step, over later ones that this already answers. */
function advance(card: Card, progress: Progress, code?: string): Progress {
  let step = progress.step + 1;
  const answers = { ...progress.answers };
  const next = card.steps[step];
  // The scan that named the goods held the first piece under the scanner.
  if (code !== undefined && next?.kind === "quantity" && next.count_each && !next.blind && accepts(next, code)) {
    answers[next.id] = 1;
    if (next.max === 1) step++;
  }
  while (card.steps[step]?.kind === "quantity" && answers[card.steps[step]!.id] === card.steps[step]!.max) step++;
  return { card: progress.card, step, answers };
}

/** Judges one scan at the current step; a first step may also be answered by a later card's code. */
export function judgeScan(cards: Card[], progress: Progress, code: string): Verdict {
  const card = cards.find((c) => c.id === progress.card);
  const step = card?.steps[progress.step];
  if (card === undefined || step === undefined) return refused("scan.not_now", { scanned: bare(code) });
  switch (step.kind) {
    case "scan":
      return judgeCode(cards, card, step, progress, code);
    case "quantity":
      return judgeCounted(card, step, progress, code);
    case "wait":
      return refused("scan.wait", { scanned: bare(code) });
    default:
      return refused("scan.tap", { scanned: bare(code) });
  }
}

function judgeCode(cards: Card[], card: Card, step: Step, progress: Progress, code: string): Verdict {
  if (step.accept.length === 0 || accepts(step, code)) {
    // Known here, so without the scanner's prefix; else the server wants it, to tell GS1 from other codes.
    const value = step.accept.length > 0 ? bare(code) : code.trim();
    const answered = { ...progress, answers: { ...progress.answers, [step.id]: value } };
    return { kind: "ok", progress: advance(card, answered, code), counted: false };
  }
  if (progress.step === 0 && progress.answers["problem"] === undefined) {
    for (const other of cards) {
      const first = other.steps[0];
      if (other.id !== card.id && first?.kind === "scan" && accepts(first, code)) {
        const answered = { ...start(other), answers: { [first.id]: bare(code) } };
        return { kind: "ok", progress: advance(other, answered, code), counted: false };
      }
    }
  }
  return refused("scan.wrong", { scanned: bare(code), expected: expected(card, step) });
}

function judgeCounted(card: Card, step: Step, progress: Progress, code: string): Verdict {
  const any = (one: Step): boolean => one.each_once && one.accept.length === 0 && one === step && !card.steps.some((other) => accepts(other, code));
  const fits = (one: Step): boolean => one.kind === "quantity" && one.count_each && (accepts(one, code) || any(one));
  const at = fits(step) ? progress.step : card.steps.findIndex(fits);
  const target = card.steps[at];
  if (target === undefined) {
    if (step.each_once) return refused("scan.not_a_serial", { scanned: serialOf(code) });
    return accepts(step, code) ? { kind: "ignored" } : refused("scan.wrong", { scanned: bare(code), expected: expected(card, step) });
  }
  const n = (counted(progress, target) ?? 0) + 1;
  if (target.each_once && codesOf(progress, target).some((one) => same(one, serialOf(code)))) return refused("scan.twice", { scanned: serialOf(code) });
  if (target.max !== null && n > target.max) return refused("scan.too_many", { max: target.max, scanned: bare(code) });
  const answered: Progress = { card: card.id, step: at, answers: { ...progress.answers, [target.id]: n } };
  if (target.each_once) {
    const serial = target.accept.find((one) => same(one, serialOf(code))) ?? serialOf(code);
    answered.answers[`${target.id}:codes`] = [...codesOf(progress, target), serial].join("\n");
  }
  if (n === target.max) return { kind: "ok", progress: nextUncounted(card, answered), counted: true };
  return { kind: "ok", progress: answered, counted: true };
}

/** After a full count: the first step not yet answered, so that pieces may be scanned in any order. */
function nextUncounted(card: Card, progress: Progress): Progress {
  const open = card.steps.findIndex((s) => {
    const value = progress.answers[s.id];
    return value === undefined || (s.kind === "quantity" && s.count_each && s.max !== null && value !== s.max);
  });
  return { ...progress, step: open === -1 ? card.steps.length : open };
}

/** Confirms the current step by hand: a keyed quantity or number, a choice, a confirmation. */
export function answerStep(card: Card, progress: Progress, value: string | number): Verdict {
  const step = card.steps[progress.step];
  if (step === undefined) return refused("scan.not_now");
  if (step.kind === "quantity" || step.kind === "number") {
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) return refused("scan.need_number");
    if (step.kind === "quantity" && step.max !== null && value > step.max) return refused("scan.too_many", { max: step.max });
    if (step.kind === "quantity" && step.max !== null && value < step.max && !step.blind && step.count_each) {
      return refused(card.problems.includes("short") ? "scan.short" : "scan.missing", { qty: value, max: step.max });
    }
  }
  const answered = { ...progress, answers: { ...progress.answers, [step.id]: value } };
  return { kind: "ok", progress: step.kind === "quantity" ? nextUncounted(card, answered) : advance(card, answered), counted: false };
}

/** One step back within the card; null at its beginning. */
export function stepBack(card: Card, progress: Progress): Progress | null {
  if (progress.step === 0) return null;
  const step = progress.step - 1;
  const answers = { ...progress.answers };
  for (const later of card.steps.slice(step)) {
    delete answers[later.id];
    delete answers[`${later.id}:codes`];
  }
  delete answers["problem"];
  return { card: card.id, step, answers };
}

/** Reasons that tell of a place or of pieces in hand: the scans that prove it are still asked for. */
const PROVED: Record<string, string[]> = { pick: ["short", "damaged", "blocked"], g2p: ["short", "damaged"], count: ["empty"] };
const proves = (card: Card, reason: string): boolean => PROVED[card.flow]?.includes(reason) ?? false;

/** Puts the problem on the card; see `problemDone` for what is still to be scanned. */
export function withProblem(card: Card, progress: Progress, reason: string, partial: number | undefined): Progress {
  const answers: Answers = { ...progress.answers, problem: reason };
  const step = card.steps[progress.step];
  if (!proves(card, reason) || step?.kind !== "quantity") return { ...progress, answers };
  answers[step.id] = Math.min((step.each_once ? undefined : partial) ?? counted(progress, step) ?? 0, step.max ?? Number.MAX_SAFE_INTEGER);
  return Number(answers[step.id]) > 0 ? { card: card.id, step: progress.step + 1, answers } : { ...progress, answers };
}

/** Whether a card with a problem can be sent: the place is proved, and what was taken has been put somewhere. */
export function problemDone(card: Card, progress: Progress): boolean {
  const reason = progress.answers["problem"];
  if (reason === undefined) return false;
  if (!proves(card, String(reason)) || progress.step >= card.steps.length) return true;
  if (progress.answers["location"] === undefined && card.steps.some((s) => s.id === "location")) return false;
  return !card.steps.some((s) => s.kind === "quantity" && Number(progress.answers[s.id] ?? 0) > 0);
}

/** Counted in several packs: a pack that did not come may be left out. */
export const mayBeNone = (card: Card, step: Step): boolean =>
  step.kind === "quantity" && step.max === null && !step.blind && card.steps.filter((s) => s.kind === "quantity" && s.count_each).length > 1;
