/** Every way a scan can reach a web page, as one stream of codes.
 *
 * A hidden field takes what an input method types (Zebra DataWedge's default), the window takes key events (keyboard
 * wedges, Bluetooth rings) and pasted text. A code ends with its suffix, Enter or Tab, and never by a pause: on a busy
 * device characters come late, and every time limit tried lost or split scans.
 */
export type Path = "ime" | "keys" | "paste";

export interface Scan {
  code: string;
  path: Path;
  at: number;
}

export interface RawEvent {
  type: string;
  key: string;
  at: number;
}

export interface ScannerOptions {
  onScan: (scan: Scan) => void;
  /** A key that is not part of a scan: Escape, F1 to F4, or Enter with nothing before it. */
  onKey: (key: string) => void;
  onRaw?: (event: RawEvent) => void;
}

const SUFFIX = new Set(["Enter", "Tab"]);
const COMMANDS = new Set(["Escape", "F1", "F2", "F3", "F4"]);
const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "CapsLock", "AltGraph", "Unidentified", "Process", "Dead"]);

const typesHere = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.dataset["manual"] !== undefined;

/** Starts listening; answers the function that stops it. Call once, with handlers that look up the current state. */
export function listen(options: ScannerOptions): () => void {
  const field = hiddenField();
  let keys = "";

  const emit = (raw: string, path: Path): void => {
    const code = raw.trim();
    if (code !== "") options.onScan({ code, path, at: performance.now() });
  };

  const flush = (key: string): void => {
    const typed = field.value;
    const code = keys !== "" ? keys : typed;
    const path: Path = keys !== "" ? "keys" : "ime";
    keys = "";
    field.value = "";
    if (code.trim() !== "") emit(code, path);
    else options.onKey(key);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    options.onRaw?.({ type: "keydown", key: event.key, at: event.timeStamp });
    if (typesHere(event.target)) return;
    if (SUFFIX.has(event.key)) {
      if (event.key === "Tab" && keys === "" && field.value === "") return;
      // A focused button must not be "clicked" by the Enter that ends a scan.
      event.preventDefault();
      event.stopPropagation();
      flush(event.key);
      return;
    }
    if (COMMANDS.has(event.key)) {
      event.preventDefault();
      options.onKey(event.key);
      return;
    }
    if (MODIFIERS.has(event.key) || event.isComposing) return;
    if ((event.ctrlKey || event.metaKey) && event.key.length === 1) return;
    if (event.key.length === 1) {
      keys += event.key;
      // Kept out of the hidden field, so that the same scan cannot arrive by both paths; Space would press a button.
      event.preventDefault();
    }
  };

  const onInput = (): void => {
    options.onRaw?.({ type: "input", key: field.value, at: performance.now() });
    const lines = field.value.split(/[\r\n\t]/);
    field.value = lines.pop() ?? "";
    lines.forEach((line) => emit(line, "ime"));
  };

  const onPaste = (event: ClipboardEvent): void => {
    if (typesHere(event.target)) return;
    event.preventDefault();
    const text = event.clipboardData?.getData("text") ?? "";
    options.onRaw?.({ type: "paste", key: text, at: event.timeStamp });
    text.split(/[\r\n]+/).forEach((line) => emit(line, "paste"));
  };

  const refocus = (): void => {
    if (!typesHere(document.activeElement)) field.focus({ preventScroll: true });
  };
  // After the focus has settled: focusing inside blur makes Chrome open the keyboard.
  const onFocusOut = (): void => void setTimeout(refocus, 0);

  window.addEventListener("keydown", onKeyDown, true);
  window.addEventListener("paste", onPaste, true);
  window.addEventListener("focus", refocus);
  window.addEventListener("pointerup", onFocusOut);
  document.addEventListener("focusout", onFocusOut);
  field.addEventListener("input", onInput);
  refocus();
  return () => {
    window.removeEventListener("keydown", onKeyDown, true);
    window.removeEventListener("paste", onPaste, true);
    window.removeEventListener("focus", refocus);
    window.removeEventListener("pointerup", onFocusOut);
    document.removeEventListener("focusout", onFocusOut);
    field.remove();
  };
}

/** One visible pixel: an input method connects to no hidden field and to no read-only one. */
function hiddenField(): HTMLInputElement {
  const field = document.createElement("input");
  field.type = "text";
  field.inputMode = "none";
  field.autocomplete = "off";
  field.spellcheck = false;
  field.tabIndex = -1;
  field.setAttribute("autocapitalize", "off");
  field.setAttribute("aria-hidden", "true");
  field.dataset["scanner"] = "";
  field.style.cssText = "position:fixed;top:0;left:0;width:1px;height:1px;opacity:0;border:0;padding:0";
  document.body.append(field);
  return field;
}
