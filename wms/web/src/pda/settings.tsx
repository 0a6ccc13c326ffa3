import { useEffect, useState } from "react";
import { setLocale, t, useLocale, type Locale } from "../lib/i18n.ts";
import { play, setVolume, volume } from "../lib/sound.ts";
import { hand, setPreference, theme } from "./preferences.ts";
import { keepScreen, type State } from "./store.ts";

/** The device's own page: language, theme, hand, loudness, and what the browser lacks. */
export function Settings({ state }: { state: State }) {
  const locale = useLocale();
  const [, redraw] = useState(0);
  const [kept, setKept] = useState(true);
  useEffect(() => {
    void navigator.storage?.persisted?.().then(setKept);
  }, []);
  const prefer = (name: "theme" | "hand", value: string): void => {
    setPreference(name, value);
    redraw((n) => n + 1);
  };
  return (
    <section className="body">
      <Choice label={t("lib.language")} value={locale} options={{ en: "English", "zh-CN": "中文" }} onChange={(v) => void setLocale(v as Locale)} />
      <Choice
        label={t("lib.theme")}
        value={theme()}
        options={{ dark: t("lib.dark"), light: t("lib.light"), contrast: t("lib.contrast") }}
        onChange={(v) => prefer("theme", v)}
      />
      <Choice label={t("lib.hand")} value={hand()} options={{ left: t("lib.left"), right: t("lib.right") }} onChange={(v) => prefer("hand", v)} />
      <Choice
        label={t("lib.volume")}
        value={String(volume())}
        options={{ "0": t("lib.mute"), "0.4": t("lib.soft"), "0.8": t("lib.loud") }}
        onChange={(v) => {
          setVolume(Number(v));
          play("ok");
          redraw((n) => n + 1);
        }}
      />
      {!window.isSecureContext && <p className="note">{t("lib.insecure")}</p>}
      {!kept && <p className="note">{t("lib.not_persistent")}</p>}
      <div className="grow" />
      <button className="secondary wide" data-testid="scanner-test" onClick={() => void keepScreen("test")}>{t("lib.test")}</button>
      <button className="primary" onClick={() => void keepScreen("menu")}>{t(state.operator === null ? "lib.back" : "lib.to_menu")}</button>
    </section>
  );
}

interface ChoiceProps {
  label: string;
  value: string;
  options: Record<string, string>;
  onChange: (value: string) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <fieldset className="choice">
      <legend>{label}</legend>
      {Object.entries(options).map(([key, text]) => (
        <button key={key} aria-pressed={key === value} className={key === value ? "on" : ""} onClick={() => onChange(key)}>{text}</button>
      ))}
    </fieldset>
  );
}
