import { useState, type ReactNode } from "react";
import { t } from "../lib/i18n.ts";
import { accepts, type Card, type Progress, type Step } from "./cards.ts";
import { Container, drawn } from "./container.tsx";
import { Details, Hero, Hint, LeftOut, Lists, nameOf, Trail } from "./fields.tsx";
import { useInput, useWide } from "./hooks.ts";
import { Icon } from "./icons.tsx";
import { Problems } from "./problems.tsx";
import { QuantityStep } from "./quantity-step.tsx";
import { PhotoStep } from "./photo-step.tsx";
import { back, confirm, reportProblem, scan, undoLast, type State } from "./store.ts";
import { Ahead, stopsOf, Tour } from "./tour.tsx";
import { TypeCode } from "./type-code.tsx";

/** Cards whose ways out are as common as their scan. */
const WAYS = new Set(["pack.singles", "vas.box"]);

export interface StepProps {
  card: Card;
  step: Step;
  state: State;
  progress: Progress;
}

/** One renderer for every flow: the trail of what is done, what to do now, the one field that matters, one big key. */
export function CardView(props: StepProps) {
  const { card, step, state, progress } = props;
  const [asking, setAsking] = useState(false);
  const [listing, setListing] = useState(false);
  useInput({ key: (key) => onKey(key) });
  const waiting = state.waiting !== "" || step.kind === "wait";
  const onKey = (key: string): void => {
    if (listing) return;
    if (key === "Escape") void (asking ? setAsking(false) : back());
    if (key === "F2" && card.problems.length > 0) setAsking(true);
    if (key === "Enter" && step.kind === "confirm" && !waiting) confirm("ok");
  };
  if (listing) return <Tour cards={state.cards} current={card} onClose={() => setListing(false)} />;
  if (asking) {
    const report = (reason: string): void => {
      setAsking(false);
      void reportProblem(reason);
    };
    const undo = (): void => {
      setAsking(false);
      void undoLast();
    };
    return <Problems reasons={card.problems} undo={state.undo?.label} onUndo={undo} onChoose={report} onCancel={() => setAsking(false)} />;
  }
  const problem = (card.problems.length > 0 || state.undo !== null) && (
    <button className="secondary" data-testid="problem" disabled={state.waiting !== ""} onClick={() => setAsking(true)}>
      <Icon name="warn" /> {t("lib.problem")}
    </button>
  );
  // A card whose title is what it asks for has found something: then the ways out are the main thing.
  const found = step.kind === "wait" && card.title === step.prompt;
  if (waiting) return <Waiting {...props} ways={found ? card.problems : []} problem={found || step.kind !== "wait" ? false : problem} />;
  if (step.kind === "quantity" || step.kind === "number") {
    return <QuantityStep {...props} onProblem={card.problems.length > 0 ? () => setAsking(true) : undefined} />;
  }
  return (
    <Frame {...props} onList={() => setListing(true)}>
      {step.kind === "scan" && <ScanKeys step={step} problem={WAYS.has(card.title) ? <Ways card={card} /> : problem} />}
      {step.kind === "photo" && <PhotoStep problem={problem} />}
      {step.kind === "choice" && (
        <div className={step.options.length > 3 ? "list many" : "list"}>
          {step.options.map((option) => (
            <button key={option} className="primary" data-testid={`option-${option}`} onClick={() => confirm(option)}>{t(`choice.${option}`)}</button>
          ))}
        </div>
      )}
      {step.kind === "confirm" && (
        <>
          {problem && <div className="row">{problem}</div>}
          <button className="primary" data-testid="primary" onClick={() => confirm("ok")}>{t("lib.ok")}</button>
        </>
      )}
      <span hidden data-testid="step" data-card={card.id} data-step={step.id} data-at={progress.step} />
    </Frame>
  );
}

function Frame({ card, step, state, progress, onList, children }: StepProps & { onList: () => void; children: ReactNode }) {
  const wide = useWide();
  const picture = drawn(card) && (step.kind !== "scan" || wide || card.show["as_is"] === true);
  const walking = card.flow !== "g2p" && step.kind === "scan" && progress.step === 0 && stopsOf(state.cards).length > 1;
  return (
    <section className="body">
      <Trail card={card} progress={progress} />
      <h1 className="prompt">{t(step.prompt, { ...card.show, ...step.show, name: nameOf(card, step) })}</h1>
      <Hero card={card} step={step} />
      <Hint card={card} step={step} />
      {picture && <Container card={card} step={step} answers={progress.answers} />}
      <LeftOut card={card} />
      <Details card={card} step={step} few={walking || (picture && !wide)} />
      <Lists card={card} step={step} />
      {walking && <Ahead cards={state.cards} current={card} onOpen={onList} />}
      <div className="grow" />
      {children}
    </section>
  );
}

/** Ways out that are as common as the scan itself. */
function Ways({ card }: { card: Card }) {
  return card.problems.map((reason) => (
    <button key={reason} className="secondary" data-testid={`problem-${reason}`} onClick={() => void reportProblem(reason)}>{t(`choice.${reason}`)}</button>
  ));
}

function ScanKeys({ step, problem }: { step: Step; problem: ReactNode }) {
  const [typing, setTyping] = useState(false);
  const digits = step.accept.some((code) => /^\d{1,4}$/.test(code));
  if (typing) {
    const typed = (code: string): void => {
      setTyping(false);
      scan(code);
    };
    return <TypeCode digits={digits || (step.accept.length > 0 && step.accept.every((c) => accepts(step, c) && /^\d+$/.test(c)))} onDone={typed} onCancel={() => setTyping(false)} />;
  }
  return (
    <>
      {problem && <div className="row">{problem}</div>}
      <button className="primary quiet" data-testid="primary" onClick={() => setTyping(true)}>
        <Icon name="keyboard" size={28} /> {t(digits ? "lib.type_digits" : "lib.type_code")}
      </button>
    </>
  );
}

/** The server or a device is at work. */
function Waiting({ card, step, state, progress, ways, problem }: StepProps & { ways: string[]; problem: ReactNode }) {
  const lost = !state.online;
  const prompt = state.waiting === "" ? t(step.prompt, { ...card.show, ...step.show }) : t(lost ? "lib.needs_network" : "lib.sending");
  const off = ways.length > 0;
  return (
    <section className="body">
      <Trail card={card} progress={progress} />
      <h1 className="prompt">{prompt}</h1>
      <Hero card={card} step={step} />
      <Hint card={card} step={step} />
      <Details card={card} step={step} />
      <div className={`spinner ${lost ? "lost" : off ? "off" : ""}`}><Icon name={lost ? "queued" : off ? "warn" : card.flow} size={56} /></div>
      <p className="note center">{t(lost ? "lib.goes_on_by_itself" : off ? "lib.needs_you" : "lib.wait_here")}</p>
      <div className="grow" />
      {problem && <div className="row">{problem}</div>}
      {ways.map((reason) => (
        <button key={reason} className="primary" data-testid={`problem-${reason}`} onClick={() => void reportProblem(reason)}>{t(`choice.${reason}`)}</button>
      ))}
      <span hidden data-testid="step" data-card={card.id} data-step={step.id} data-at={progress.step} />
    </section>
  );
}
