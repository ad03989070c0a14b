/** Switches of the page: voice output, language, way of talking; and the message box. Each calls back and shows its state. */
import { language, t } from "../i18n.js";
import { byId } from "./dom.js";

/** @param {(text: string) => void} onSend */
export function messageBox(onSend) {
  const form = byId("composer");
  const box = /** @type {HTMLTextAreaElement} */ (byId("message"));
  const send = () => {
    const text = box.value.trim();
    if (text) onSend(text);
    box.value = "";
  };
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    send();
  });
  box.addEventListener("keydown", (e) => {
    // Enter also confirms the choice of an input method; that one is not ours.
    if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    send();
  });
}

/** @param {(on: boolean) => void} onChange @returns {(on: boolean) => void} shows a state */
export function speakerSwitch(onChange) {
  const button = byId("speaker");
  button.addEventListener("click", () => onChange(button.getAttribute("aria-checked") !== "true"));
  return (on) => {
    button.setAttribute("aria-checked", String(on));
    button.title = t(on ? "setting.speaker_on" : "setting.speaker_off");
  };
}

/**
 * Radio buttons of one name.
 * @param {string} name @param {(value: any) => void} onChange @returns {(value: string) => void} shows a choice
 */
export function choice(name, onChange) {
  const radios = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll(`input[name="${name}"]`));
  for (const radio of radios) radio.addEventListener("change", () => onChange(radio.value));
  return (value) => radios.forEach((radio) => (radio.checked = radio.value === value));
}

/** @param {(value: import("../i18n.js").Language) => void} onChange */
export function languageChoice(onChange) {
  choice("language", onChange)(language());
}
