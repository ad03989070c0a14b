/** What the customer may want to say next, as chips. */
import { byId, el } from "./dom.js";

export class Suggestions {
  #list = byId("suggestions");

  /** @param {(text: string) => void} onChoice */
  constructor(onChoice) {
    this.onChoice = onChoice;
  }

  /** @param {string[]} texts */
  show(texts) {
    this.#list.replaceChildren(...texts.map((text) => this.chip(text)));
    this.#list.hidden = texts.length === 0;
  }

  clear() {
    this.show([]);
  }

  /** @param {string} text */
  chip(text) {
    const button = el("button", { class: "chip", type: "button" }, text);
    button.addEventListener("click", () => this.onChoice(text));
    return el("li", "", button);
  }
}
