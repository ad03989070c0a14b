/**
 * The talk button: pointer and keyboard gestures to opening the microphone, closing it and interrupting.
 *
 *   hold mode   press ....... release      long: one utterance while held
 *               tap                        one utterance, closed at its end of speech or by another tap
 *   open mode   tap                        open until the next tap
 *   any mode, while Kefu speaks: the press interrupts; a long press in hold mode also starts to listen
 */
import { event } from "./events.js";

const TAP_MS = 350;
const TAIL_MS = 200; // the last syllable often comes after the finger has left

/** @typedef {"hold" | "open"} Mode */

/** Events: `opened`, `closed`, `interrupt`, `refused` {code}, `gesture`. */
export class Talk extends EventTarget {
  #pressedAt = 0;
  #pressed = false;
  #wanted = false;
  #tapped = false;
  /** What the press did: interrupt an answer, or close what was open. */
  #effect = "";
  #tailTimer = 0;

  /** @type {Mode} */
  mode = "hold";

  /**
   * @param {HTMLElement} button
   * @param {import("./microphone.js").Microphone} microphone
   * @param {() => boolean} isSpeaking
   */
  constructor(button, microphone, isSpeaking) {
    super();
    this.microphone = microphone;
    this.isSpeaking = isSpeaking;
    button.addEventListener("pointerdown", (e) => {
      if (e.button !== 0) return;
      button.setPointerCapture(e.pointerId);
      this.#press();
    });
    button.addEventListener("pointerup", () => this.#release());
    button.addEventListener("pointercancel", () => this.#release());
    button.addEventListener("contextmenu", (e) => e.preventDefault());
    button.addEventListener("keydown", (e) => {
      if (e.key !== " " && e.key !== "Enter") return;
      e.preventDefault();
      if (!e.repeat) this.#press();
    });
    button.addEventListener("keyup", (e) => {
      if (e.key === " " || e.key === "Enter") this.#release();
    });
    button.addEventListener("blur", () => this.#release());
    // A screen reader's "activate" sends a click and nothing else.
    button.addEventListener("click", (e) => {
      if (e.detail === 0 && !this.#pressed) {
        this.#press();
        this.#release();
      }
    });
  }

  /** The customer's speech has ended: a tapped question is complete. */
  speechEnded() {
    if (this.#tapped && this.mode === "hold") this.close();
  }

  /** Close the microphone now. */
  close() {
    clearTimeout(this.#tailTimer);
    this.#tapped = false;
    this.#wanted = false;
    if (!this.microphone.isOpen) return;
    this.microphone.close(this.mode === "open");
    this.dispatchEvent(event("closed"));
  }

  #press() {
    this.#pressed = true;
    this.#pressedAt = performance.now();
    this.#effect = "";
    this.dispatchEvent(event("gesture"));
    if (this.isSpeaking()) {
      this.#effect = "interrupt";
      this.dispatchEvent(event("interrupt"));
    } else if (this.microphone.isOpen) {
      this.#effect = "close";
    }
    if (this.mode === "hold" && this.#effect !== "close") this.#open();
  }

  #release() {
    if (!this.#pressed) return;
    this.#pressed = false;
    const isTap = performance.now() - this.#pressedAt < TAP_MS;
    if (this.mode === "open") {
      if (this.#effect === "close") this.close();
      else if (!this.#effect) this.#open();
    } else if (this.#effect === "close" || (isTap && this.#effect === "interrupt")) {
      this.close();
    } else if (isTap) {
      this.#tapped = true;
    } else {
      this.#tailTimer = setTimeout(() => this.close(), TAIL_MS);
    }
  }

  async #open() {
    clearTimeout(this.#tailTimer);
    this.#wanted = true;
    if (this.microphone.isOpen) return;
    try {
      await this.microphone.open();
    } catch (error) {
      this.#wanted = false;
      this.dispatchEvent(event("refused", { code: /** @type {any} */ (error).code ?? "failed" }));
      return;
    }
    // Let go while the browser was still asking for permission.
    if (this.#wanted) this.dispatchEvent(event("opened"));
    else this.microphone.close(false);
  }
}
