import type { ReactNode } from "react";
import { t } from "../lib/i18n.ts";
import { Icon } from "./icons.tsx";

interface Props {
  value: string;
  onChange: (value: string) => void;
  maxLength: number;
  /** The free key at the bottom. */
  extra?: ReactNode;
}

export function Numpad({ value, onChange, maxLength, extra }: Props) {
  const add = (digit: string): void => onChange((value + digit).slice(0, maxLength));
  return (
    <div className="numpad">
      {["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((digit) => (
        <button key={digit} className="key" onClick={() => add(digit)}>{digit}</button>
      ))}
      {extra ?? <span />}
      <button className="key" onClick={() => add("0")}>0</button>
      <button className="key quiet" aria-label={t("lib.erase")} onClick={() => onChange(value.slice(0, -1))}>
        <Icon name="erase" size={30} />
      </button>
    </div>
  );
}
