import { useState } from "react";
import { t } from "../lib/i18n.ts";
import { useInput } from "./hooks.ts";
import { Icon } from "./icons.tsx";
import { Numpad } from "./numpad.tsx";
import { hush, keepScreen, pending, signIn, tell, type State } from "./store.ts";

/** Badge by scan (or typed), then the PIN. */
export function SignIn({ state }: { state: State }) {
  const [badge, setBadge] = useState("");
  const [pin, setPin] = useState("");
  const [typing, setTyping] = useState(false);
  const enter = (code: string): void => {
    setBadge(code);
    setPin("");
    setTyping(false);
    hush();
  };
  const submit = async (secret: string): Promise<void> => {
    if (secret === "") return tell("error", "sign_in.need_pin");
    setPin("");
    if (!(await signIn(badge, secret))) setPin("");
  };
  useInput({
    scan: ({ code }) => (badge === "" ? enter(code) : /^\d{4,8}$/.test(code) ? void submit(code) : enter(code)),
    key: (key) => {
      if (key === "Enter" && badge !== "") void submit(pin);
      if (key === "Escape") enter("");
    },
  });
  if (badge === "") return <Badge state={state} typing={typing} type={setTyping} enter={enter} />;
  return (
    <section className="body">
      <h1 className="prompt">{t("sign_in.pin")}</h1>
      <p className="pins" data-testid="pin" aria-label={t("sign_in.digits", { count: pin.length })}>
        {Array.from({ length: Math.max(4, pin.length) }, (_, i) => <i key={i} className={i < pin.length ? "on" : ""} />)}
      </p>
      <div className="grow" />
      <Numpad
        value={pin}
        onChange={setPin}
        maxLength={12}
        extra={<button className="key quiet" aria-label={t("sign_in.other_badge")} onClick={() => enter("")}><Icon name="person" size={26} /></button>}
      />
      <button className="primary" data-testid="primary" disabled={state.busy} onClick={() => void submit(pin)}>
        {t(state.busy ? "lib.working" : "sign_in.go")}
      </button>
    </section>
  );
}

interface BadgeProps {
  state: State;
  typing: boolean;
  type: (on: boolean) => void;
  enter: (code: string) => void;
}

function Badge({ state, typing, type, enter }: BadgeProps) {
  const waiting = pending().length;
  return (
    <section className="body">
      <div className="splash">
        <Icon name="person" size={88} />
        <h1 className="prompt">{t("sign_in.badge")}</h1>
        {state.expired && <p className="note">{t(waiting > 0 ? "sign_in.expired_pending" : "sign_in.expired", { count: waiting })}</p>}
      </div>
      <div className="grow" />
      {typing ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            enter(String(new FormData(event.currentTarget).get("badge") ?? "").trim());
          }}
        >
          <input className="typed" name="badge" data-manual="" autoFocus autoComplete="off" placeholder={t("sign_in.badge_or_login")} />
          <button className="primary" data-testid="primary">{t("lib.next")}</button>
        </form>
      ) : (
        <>
          <button className="secondary wide" onClick={() => void keepScreen("settings")}>
            <Icon name="gear" /> {t("lib.settings")}
          </button>
          <button className="primary quiet" data-testid="type-badge" onClick={() => type(true)}>
            <Icon name="keyboard" /> {t("sign_in.type_badge")}
          </button>
        </>
      )}
    </section>
  );
}
