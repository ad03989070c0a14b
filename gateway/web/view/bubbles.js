/**
 * The conversation as chat bubbles. A customer's words are one bubble that the partial transcripts fill; an answer is a
 * group of bubbles and cards. While an answer is spoken, what was heard, what is being said and what is to come differ.
 */
import { t } from "../i18n.js";
import { renderCard } from "./cards.js";
import { byId, el, icon } from "./dom.js";

const QUESTION_MARGIN = 14; // px above it

/** @typedef {{bubble: HTMLElement, text: string, cursor: number}} Spoken */

export class Bubbles {
  /** Answers are read aloud and captioned sentence by sentence: a screen reader then announces the captions instead. */
  areSpoken = false;

  #log = byId("log");
  #scroller = byId("scroller");
  /** Live transcripts. @type {Map<string | number, HTMLElement>} */
  #utterances = new Map();
  /** @type {Map<number, {group: HTMLElement, replies: Spoken[]}>} */
  #turns = new Map();
  /** @type {HTMLElement | null} */
  #typing = null;
  /** The last question. @type {HTMLElement | null} */
  #question = null;

  constructor() {
    new ResizeObserver(() => this.#scroll()).observe(this.#scroller); // chips and keyboards take room
  }

  /** A typed message. @param {string} text @param {boolean} pending not sent yet @returns {() => void} call when sent */
  typed(text, pending) {
    const bubble = this.#customer(text);
    if (!pending) return () => {};
    const note = el("span", "bubble-note", t("bubble.sending"));
    bubble.classList.add("pending");
    bubble.after(note);
    return () => {
      bubble.classList.remove("pending");
      note.remove();
    };
  }

  /**
   * Words that were no turn (嗯 over the answer, somebody else in the room) stay, but faintly; an echo goes.
   * @param {{utterance_id: string | number, text: string, is_final: boolean, verdict?: string}} transcript
   */
  transcript({ utterance_id, text, is_final, verdict = "turn" }) {
    let bubble = this.#utterances.get(utterance_id);
    if (!text || verdict === "echo") {
      if (is_final) bubble?.parentElement?.remove();
    } else if (bubble) {
      bubble.textContent = text;
    } else {
      bubble = this.#customer(text);
      this.#utterances.set(utterance_id, bubble);
    }
    if (bubble) {
      bubble.classList.toggle("live", !is_final);
      bubble.classList.toggle("aside", is_final && verdict !== "turn");
      // Partial transcripts would make a screen reader stammer; the final one is announced.
      bubble.setAttribute("aria-live", is_final ? "polite" : "off");
    }
    if (is_final) this.#utterances.delete(utterance_id);
    this.#scroll();
  }

  /** One piece of an answer. @param {Record<string, any>} reply */
  reply({ turn_id, text, cards = [], generated }) {
    this.thinking(false);
    if (!text && !cards.length) return; // 嗯 is answered with silence
    const turn = this.#turn(turn_id);
    if (text) {
      const bubble = el("p", { class: "bubble", "aria-live": this.areSpoken ? "off" : "" }, text);
      turn.group.append(bubble);
      turn.replies.push({ bubble, text, cursor: 0 });
    }
    for (const card of cards) turn.group.append(renderCard(card));
    if (generated) turn.group.append(el("span", "bubble-note", icon("spark"), t("bubble.generated")));
    this.#scroll();
  }

  /** Playout has reached this sentence. @param {number} turnId @param {string} sentence */
  saying(turnId, sentence) {
    const replies = this.#turns.get(turnId)?.replies ?? [];
    const at = replies.findIndex(({ text, cursor }) => text.includes(sentence, cursor));
    if (at < 0) return; // spoken in other words than shown
    replies.forEach((reply, i) => {
      if (i < at) settle(reply);
      if (i === at) highlight(reply, sentence);
      if (i > at) reply.bubble.replaceChildren(el("span", "to-come", reply.text));
    });
  }

  /** The answer has been said to its end, or was cut off. @param {number} turnId @param {boolean} complete */
  said(turnId, complete) {
    const turn = this.#turns.get(turnId);
    if (!turn) return;
    if (complete) turn.replies.forEach(settle);
    else turn.group.append(el("span", "bubble-note interrupted", t("bubble.interrupted")));
  }

  /** The answer goes on: what cut it off was no interruption. @param {number} turnId */
  resumed(turnId) {
    this.#turns.get(turnId)?.group.querySelector(".interrupted")?.remove();
  }

  /** @param {boolean} on */
  thinking(on) {
    if (on === Boolean(this.#typing)) return;
    this.#typing?.remove();
    this.#typing = null;
    if (!on) return;
    const dots = el("p", "bubble typing", el("span"), el("span"), el("span"));
    dots.setAttribute("aria-label", t("bubble.thinking"));
    this.#typing = this.#row("kefu", dots);
    this.#scroll();
  }

  /** A line between the past and the present. @param {string} text */
  divider(text) {
    this.#log.append(el("p", "divider", text));
  }

  /** A new conversation counts its turns from one again. */
  forgetTurns() {
    this.#turns.clear();
    this.#utterances.clear();
  }

  /** @param {string} text */
  #customer(text) {
    const bubble = el("p", "bubble", text);
    this.#question = this.#row("you", bubble);
    this.#scroll();
    return bubble;
  }

  /** @param {number} turnId */
  #turn(turnId) {
    let turn = this.#turns.get(turnId);
    if (!turn) {
      const group = el("div", "group");
      this.#row("kefu", group);
      turn = { group, replies: [] };
      this.#turns.set(turnId, turn);
    }
    return turn;
  }

  /** @param {"you" | "kefu"} who @param {HTMLElement} content */
  #row(who, content) {
    const avatar = who === "kefu" && el("span", { class: "avatar", "aria-hidden": "true" }, icon("headset"));
    const row = el("div", `row row-${who}`, avatar, el("span", "visually-hidden", `${t(`bubble.${who}`)}: `), content);
    this.#log.append(row);
    return row;
  }

  /** To the end, but a long answer is read from its beginning: the question stays in sight. */
  #scroll() {
    const { scrollHeight, clientHeight } = this.#scroller;
    const question = this.#question ? this.#question.offsetTop - QUESTION_MARGIN : Infinity;
    this.#scroller.scrollTo({ top: Math.min(scrollHeight - clientHeight, question) });
  }
}

/** @param {Spoken} reply */
function settle(reply) {
  reply.bubble.textContent = reply.text;
  reply.cursor = reply.text.length;
}

/** @param {Spoken} reply @param {string} sentence which `reply` contains */
function highlight(reply, sentence) {
  const start = reply.text.indexOf(sentence, reply.cursor);
  const end = start + sentence.length;
  reply.cursor = start;
  reply.bubble.replaceChildren(
    reply.text.slice(0, start),
    el("mark", "saying", sentence),
    el("span", "to-come", reply.text.slice(end)),
  );
}
