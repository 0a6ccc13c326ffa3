import { t } from "../lib/i18n.ts";
import { useInput } from "./hooks.ts";

interface Props {
  reasons: string[];
  title?: string;
  /** What the last card was, where it can be taken back. */
  undo?: string | undefined;
  onUndo?: () => void;
  onChoose: (reason: string) => void;
  onCancel: () => void;
}

/** The second tap of "Problem here": which one. */
export function Problems({ reasons, title, undo, onUndo, onChoose, onCancel }: Props) {
  useInput({ key: (key) => (key === "Escape" ? onCancel() : undefined) });
  return (
    <section className="body">
      <h1 className="prompt">{title ?? t("lib.which_problem")}</h1>
      <div className="list">
        {reasons.map((reason) => (
          <button key={reason} className="item warn" data-testid={`problem-${reason}`} onClick={() => onChoose(reason)}>
            <strong>{t(`choice.${reason}`)}</strong>
          </button>
        ))}
      </div>
      {undo !== undefined && (
        <button className="item" data-testid="undo" onClick={onUndo}>
          <strong>{t("lib.undo")}</strong>
          <small>{undo}</small>
        </button>
      )}
      <div className="grow" />
      <button className="primary quiet" onClick={onCancel}>{t("lib.back")}</button>
    </section>
  );
}
