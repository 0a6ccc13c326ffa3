import { useState } from "react";
import { t } from "../lib/i18n.ts";
import { answerStep, codesOf, mayBeNone } from "./cards.ts";
import type { StepProps } from "./card-view.tsx";
import { Container, drawn } from "./container.tsx";
import { Details, LeftOut, nameOf, Trail } from "./fields.tsx";
import { useInput } from "./hooks.ts";
import { Icon } from "./icons.tsx";
import { Numpad } from "./numpad.tsx";
import { Problems } from "./problems.tsx";
import { confirm, reportProblem } from "./store.ts";

/** A number by scanning or by keys. Fewer than asked leads to the reasons; more is refused on the spot. */
export function QuantityStep({ card, step, progress, onProblem }: StepProps & { onProblem: (() => void) | undefined }) {
  const counted = progress.answers[step.id];
  const [keyed, setKeyed] = useState<{ text: string; at: unknown }>({ text: "", at: counted });
  const [short, setShort] = useState<number | null>(null);
  const [pad, setPad] = useState(!step.scan_only && !(step.count_each && drawn(card)));
  // A scan after typing counts on: what was typed before it is stale.
  const text = keyed.text !== "" && keyed.at === counted ? keyed.text : typeof counted === "number" ? String(counted) : "";
  const none = mayBeNone(card, step);
  const value = text !== "" ? Number(text) : none ? 0 : Number.NaN;
  const submit = (): void => {
    const verdict = answerStep(card, progress, value);
    if (verdict.kind === "refused" && verdict.why.key === "scan.short") setShort(value);
    else confirm(value);
  };
  useInput({ key: (key) => (key === "Enter" ? submit() : key === "F2" ? onProblem?.() : undefined) });
  if (short !== null) {
    return (
      <Problems
        reasons={card.problems}
        title={t("scan.short", { qty: short, max: step.max })}
        onChoose={(reason) => void reportProblem(reason, short)}
        onCancel={() => setShort(null)}
      />
    );
  }
  return (
    <section className="body">
      <Trail card={card} progress={progress} />
      <div className="counting">
        <div>
          <h1 className="prompt">{t(step.prompt, { ...card.show, ...step.show })}</h1>
          <p className="sub">{nameOf(card, step)}</p>
        </div>
        <p className="qty" data-testid="qty" data-value={text}>
          {text === "" ? <span className="caret">0</span> : text}
          {step.max !== null && !step.blind && <small>/{step.max}</small>}
        </p>
      </div>
      {pad || !drawn(card) ? <Details card={card} step={step} short /> : <Container card={card} step={step} answers={progress.answers} />}
      <LeftOut card={card} />
      {step.each_once && <ol className="codes" data-testid="codes">{codesOf(progress, step).map((one) => <li key={one}>{one}</li>)}</ol>}
      <div className="grow" />
      {step.scan_only ? (
        onProblem !== undefined && (
          <div className="row">
            <button className="secondary" data-testid="problem" onClick={onProblem}><Icon name="warn" /> {t("lib.problem")}</button>
          </div>
        )
      ) : pad ? (
        <Numpad
          value={keyed.at === counted ? keyed.text : ""}
          onChange={(typed) => setKeyed({ text: typed.replace(/^0+(?=\d)/, ""), at: counted })}
          maxLength={6}
          extra={onProblem === undefined ? undefined : (
            <button className="key alarm" data-testid="problem" onClick={onProblem}><Icon name="warn" size={26} /><small>{t("lib.problem")}</small></button>
          )}
        />
      ) : (
        <div className="row">
          <button className="secondary" data-testid="keypad" onClick={() => setPad(true)}><Icon name="keyboard" /> {t("lib.type_number")}</button>
        </div>
      )}
      <button className="primary" data-testid="primary" disabled={Number.isNaN(value)} onClick={submit}>
        {Number.isNaN(value) ? t(step.scan_only ? "scan.scan_each" : step.count_each ? "scan.scan_or_key" : "scan.key") : none && value === 0 ? t("lib.none_of_these") : t("lib.confirm_n", { n: value })}
      </button>
      <span hidden data-testid="step" data-card={card.id} data-step={step.id} data-at={progress.step} />
    </section>
  );
}
