import { useState } from "react";
import { t } from "../lib/i18n.ts";
import { useInput } from "./hooks.ts";
import { Numpad } from "./numpad.tsx";

interface Props {
  digits: boolean;
  onDone: (code: string) => void;
  onCancel: () => void;
}

/** For a code that will not scan: check digits by the numpad, anything else by the keyboard. A scan still works. */
export function TypeCode({ digits, onDone, onCancel }: Props) {
  const [letters, setLetters] = useState(!digits);
  const [value, setValue] = useState("");
  const done = (): void => (value.trim() === "" ? undefined : onDone(value.trim()));
  useInput({ key: (key) => (key === "Enter" ? done() : key === "Escape" ? onCancel() : undefined), scan: ({ code }) => onDone(code) });
  return (
    <div className="sheet">
      <div className="row">
        <button className="secondary" onClick={onCancel}>{t("lib.cancel")}</button>
        <button className="secondary" onClick={() => setLetters(!letters)}>{letters ? "123" : "ABC"}</button>
      </div>
      {letters ? (
        <form onSubmit={(event) => { event.preventDefault(); done(); }}>
          <input className="typed" data-manual="" data-testid="typed" autoFocus autoComplete="off" autoCapitalize="characters" value={value} onChange={(event) => setValue(event.target.value)} />
        </form>
      ) : (
        <>
          <p className="qty typed" data-testid="typed">{value === "" ? <span className="caret">0</span> : value}</p>
          <Numpad value={value} onChange={setValue} maxLength={20} />
        </>
      )}
      <button className="primary" data-testid="typed-ok" disabled={value.trim() === ""} onClick={done}>{t("lib.ok")}</button>
    </div>
  );
}
