/**
 * A phone keypad beside the message box, while there is a voice session: keys go to the server one by one, which puts
 * them together (a pause or # ends a number, * forgets it). What was pressed is shown until it has become a message.
 */
import { t } from "../i18n.js";
import { byId, el } from "./dom.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const NAMES = { "*": "keypad.clear", "#": "keypad.done" };

export class Keypad {
  #toggle = byId("keypad-toggle");
  #panel = byId("keypad");
  #shown = byId("keypad-digits");
  #digits = "";

  /** @param {(key: string) => void} onKey */
  constructor(onKey) {
    this.onKey = onKey;
    byId("keypad-keys").append(...KEYS.map((key) => this.#button(key)));
    this.#toggle.addEventListener("click", () => this.#open(this.#panel.hidden));
    this.#panel.addEventListener("keydown", (e) => this.#typed(e));
  }

  /** Whether there is a session to send keys to. @param {boolean} on */
  available(on) {
    if (this.#toggle.hidden === !on) return;
    this.#toggle.hidden = !on;
    if (!on) this.#open(false);
  }

  /** What was pressed has become a message. @returns {string} the digits, or nothing */
  taken() {
    const digits = this.#digits;
    this.#show("");
    return digits;
  }

  /** @param {string} key */
  #button(key) {
    const label = NAMES[key];
    const button = el("button", { class: "key", type: "button", "data-key": key }, key);
    if (label) {
      button.dataset.i18nLabel = label;
      button.setAttribute("aria-label", t(label));
    }
    button.addEventListener("click", () => this.#press(key));
    return button;
  }

  /** Keys of the keyboard do the same while the focus is on the keypad. @param {KeyboardEvent} e */
  #typed(e) {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (KEYS.includes(e.key)) {
      e.preventDefault();
      this.#press(e.key);
    } else if (e.key === "Escape") {
      e.stopPropagation();
      this.#open(false);
      this.#toggle.focus();
    }
  }

  /** @param {string} key */
  #press(key) {
    if (key === "*") this.#show("");
    else if (key !== "#") this.#show(this.#digits + key);
    this.onKey(key);
  }

  /** @param {boolean} on */
  #open(on) {
    this.#panel.hidden = !on;
    this.#toggle.setAttribute("aria-expanded", String(on));
    if (on) /** @type {HTMLElement} */ (this.#panel.querySelector(".key")).focus();
    else this.#show("");
  }

  /** @param {string} digits */
  #show(digits) {
    this.#digits = digits;
    this.#shown.textContent = digits;
  }
}
