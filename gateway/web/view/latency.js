/** Where the time of the last turn went: a waterfall of hops, what Kefu understood, and what was measured here. */
import { has, language, t } from "../i18n.js";
import { byId, el } from "./dom.js";

const HOPS = ["endpoint_ms", "asr_ms", "nlu_ms", "dialogue_ms", "tts_ms"];

export class Latency {
  #bar = byId("latency-bar");
  #total = byId("latency-total");
  #body = byId("latency-body");
  /** @type {Record<string, number>} */
  #hops = {};
  /** Work, also what was done before the endpoint: [name, start, end] in ms from the end of speech. @type {[string, number, number][]} */
  #spans = [];
  /** @type {number | null} */
  #heardMs = null;
  /** @type {Record<string, any> | null} */
  #understood = null;
  #underruns = 0;

  /** A new question: what was measured for the last one is over. */
  reset() {
    this.#hops = {};
    this.#spans = [];
    this.#heardMs = null;
    this.#understood = null;
  }

  /** @param {Record<string, number>} hops @param {[string, number, number][]} spans */
  hops(hops, spans) {
    this.#hops = hops;
    this.#spans = spans;
    this.render();
  }

  /** @param {number} ms end of speech to the first audible sample, on this device */
  heard(ms) {
    this.#heardMs = ms;
    this.render();
  }

  /** @param {Record<string, any>} understood */
  understood(understood) {
    this.#understood = understood;
    this.render();
  }

  /** @param {number} count */
  underruns(count) {
    this.#underruns = count;
  }

  render() {
    const named = Object.keys(this.#hops).filter((key) => key !== "total_ms" && this.#hops[key] > 0);
    const order = [...HOPS.filter((key) => named.includes(key)), ...named.filter((key) => !HOPS.includes(key))];
    const sum = order.reduce((ms, key) => ms + this.#hops[key], 0);
    const totalMs = this.#hops.total_ms || sum;
    const headline = this.#heardMs ?? totalMs;
    this.#total.textContent = headline > 0 ? ms(headline) : "–";
    this.#bar.replaceChildren(...order.map((key) => segment(key, this.#hops[key])));
    const spoken = order.map((key) => `${hopName(key)} ${ms(this.#hops[key])}`).join(", ");
    this.#bar.setAttribute("aria-label", t("details.summary", { hops: spoken }));
    this.#body.replaceChildren(...this.#rows(order, Math.max(sum, totalMs), totalMs));
  }

  /** @param {string[]} order @param {number} scaleMs @param {number} totalMs */
  #rows(order, scaleMs, totalMs) {
    if (order.length === 0 && !this.#understood) return [el("p", "hint", t("details.empty"))];
    const rows = this.#bars(order).map(({ key, startMs, endMs }) => {
      const shown = Math.max(0, startMs);
      return waterfallRow(key, endMs - startMs, shown / scaleMs, Math.max(0, endMs - shown) / scaleMs);
    });
    if (totalMs > 0) rows.push(sumRow(t("details.total"), ms(totalMs)));
    if (this.#heardMs !== null) rows.push(sumRow(t("details.heard"), ms(this.#heardMs)));
    return [el("div", "waterfall", ...rows), ...this.#understanding()];
  }

  /** One bar a row: the work where it was done, or, from a gateway that does not tell, one hop after another. @param {string[]} order */
  #bars(order) {
    if (this.#spans.length > 0)
      return this.#spans
        .filter(([, startMs, endMs]) => endMs - startMs >= 0.5)
        .map(([name, startMs, endMs]) => ({ key: `${name}_ms`, startMs, endMs }));
    let endMs = 0;
    return order.map((key) => {
      const startMs = endMs;
      endMs += this.#hops[key];
      return { key, startMs, endMs };
    });
  }

  #understanding() {
    const lines = [];
    if (this.#understood) {
      const { intent, confidence, slots = {}, degraded } = this.#understood;
      const facts = Object.entries(slots).map(([name, value]) => el("code", "", `${name} ${value}`));
      const found = [el("code", "", intent), ` ${Math.round(confidence * 100)}%`];
      lines.push(
        el("div", "understood", `${t("details.intent")} `, ...found, facts.length > 0 && el("p", "slots", ...facts)),
      );
      if (degraded) lines.push(el("p", "hint", t("details.degraded")));
    }
    if (this.#underruns > 0) lines.push(el("p", "hint", t("details.underruns", { count: this.#underruns })));
    return lines;
  }
}

/** @param {number} value */
function ms(value) {
  return t("unit.ms", { ms: new Intl.NumberFormat(language()).format(Math.round(value)) });
}

/** @param {string} key */
function hopName(key) {
  return has(`hop.${key}`) ? t(`hop.${key}`) : key.replace(/_ms$/, "").replaceAll("_", " ");
}

/** @param {string} key @param {number} value */
function segment(key, value) {
  const part = el("span", { class: "segment", "data-hop": key });
  part.style.setProperty("flex-grow", String(value));
  return part;
}

/** @param {string} key @param {number} value @param {number} start @param {number} width shares of the whole */
function waterfallRow(key, value, start, width) {
  const bar = el("span", { class: "hop-bar", "data-hop": key });
  bar.style.setProperty("--start", String(start));
  bar.style.setProperty("--width", String(width));
  return el(
    "div",
    "hop",
    el("span", "hop-name", hopName(key)),
    el("span", "hop-track", bar),
    el("span", "hop-ms", ms(value)),
  );
}

/** @param {string} name @param {string} value */
function sumRow(name, value) {
  return el("div", "hop sum", el("span", "hop-name", name), el("span", "hop-ms", value));
}
