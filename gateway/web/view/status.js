/** What Kefu is doing: the talk button with its level, the caption line, the connection, and notices. */
import { has, t } from "../i18n.js";
import { byId } from "./dom.js";

/** Errors that wait for the customer rather than for time. */
const RETRYABLE = ["away", "busy", "refused", "protocol", "unauthorized"];
const LEVEL_GAIN = 5; // speech at a normal distance is about 0.05 to 0.2 RMS

export class Status {
  #page = document.body;
  #talk = byId("talk");
  #label = byId("phase");
  #hint = byId("talk-hint");
  #caption = byId("caption");
  #link = byId("link");
  #notice = byId("notice");
  /** @type {{code: string, seconds: number, message: string} | null} */
  #shown = null;
  /** @type {{phase: import("../phase.js").Phase, link: string, mode: string, micOpen: boolean}} */
  #last = { phase: "idle", link: "closed", mode: "hold", micOpen: false };

  /** @param {() => void} onRetry */
  constructor(onRetry) {
    byId("notice-retry").addEventListener("click", onRetry);
    byId("notice-close").addEventListener("click", () => this.clearNotice());
  }

  /** @param {{phase: import("../phase.js").Phase, link: string, mode: string, micOpen: boolean}} now */
  show(now) {
    this.#last = now;
    const { phase, link, mode, micOpen } = now;
    this.#page.dataset.phase = phase;
    setText(this.#label, t(`phase.${phase}`));
    setText(this.#hint, t(`talk.hint.${hintFor(phase, mode, micOpen)}`));
    this.#talk.setAttribute("aria-pressed", String(micOpen));
    this.#talk.setAttribute(
      "aria-label",
      t(phase === "speaking" ? "talk.interrupt" : micOpen ? "talk.stop" : "talk.start"),
    );
    this.#link.dataset.link = link;
    setText(byId("link-text"), t(`link.${link}`));
    if (phase !== "listening" && phase !== "speaking") this.level(0);
  }

  /** Loudness around the button. @param {number} rms 0..1 */
  level(rms) {
    this.#talk.style.setProperty("--level", Math.min(1, rms * LEVEL_GAIN).toFixed(3));
  }

  /** The line of captions. @param {"you" | "kefu"} who @param {string} text */
  caption(who, text) {
    this.#caption.dataset.who = who;
    // Kefu's sentences are announced as they are said; the customer knows what they said.
    this.#caption.setAttribute("aria-live", who === "kefu" ? "polite" : "off");
    setText(this.#caption, text);
  }

  /** @param {string} code of error.* @param {{seconds?: number, message?: string}} [more] */
  notice(code, { seconds = 0, message = "" } = {}) {
    this.#shown = { code, seconds, message };
    const known = has(`error.${code}.title`) ? code : "server";
    const countdown = seconds > 0 ? ` ${t("notice.countdown", { seconds })}` : "";
    setText(byId("notice-title"), t(`error.${known}.title`));
    setText(byId("notice-text"), known === "server" ? message : t(`error.${known}.do`));
    setText(byId("notice-countdown"), countdown);
    byId("notice-retry").hidden = !RETRYABLE.includes(code);
    this.#notice.dataset.code = code;
    this.#notice.hidden = false;
  }

  /** @param {string[]} [codes] only these */
  clearNotice(codes) {
    if (codes && !codes.includes(this.#shown?.code ?? "")) return;
    this.#shown = null;
    this.#notice.hidden = true;
  }

  /** After a change of language. */
  refresh() {
    this.show(this.#last);
    if (this.#shown) this.notice(this.#shown.code, this.#shown);
  }
}

/** @param {string} phase @param {string} mode @param {boolean} micOpen */
function hintFor(phase, mode, micOpen) {
  if (phase === "idle") return mode;
  if (phase === "listening") return `listening_${mode}`;
  if (phase === "speaking" && mode === "open" && micOpen) return "speaking_open";
  return phase;
}

/** Leaves equal text alone, so that live regions do not repeat themselves. @param {Element} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
