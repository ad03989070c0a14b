/** The first screen: who this is, and in the demo shop what one may say. Works without `/v1/info`. */
import { language, t } from "../i18n.js";
import { byId } from "./dom.js";

/** @typedef {{say?: string[], body?: string, demo?: string}} Words what the domain says here; empty: the page's own
 *
 * @typedef {{name?: string, version?: string, voice_licence?: string | null, intro?: Record<string, Words>,
 *   demo?: {customer: string | null, order_number: string, say: string[]} | null}} Info */

const RETRY_MS = [500, 2000];

/** @returns {Promise<Info>} empty when the server has none */
export async function fetchInfo() {
  for (const wait_ms of [...RETRY_MS, null]) {
    try {
      const response = await fetch("/v1/info");
      return response.ok ? await response.json() : {};
    } catch {
      // A phone that changes its network breaks off what is being loaded.
      if (wait_ms !== null) await new Promise((resolve) => setTimeout(resolve, wait_ms));
    }
  }
  return {};
}

/** @param {Info} info @param {(text: string) => HTMLElement} chip */
export function showIntro({ name, version, demo, voice_licence, intro }, chip) {
  const words = intro?.[language()] ?? {};
  if (name) byId("shop-name").textContent = name;
  const key = demo?.customer ? "intro.demo" : "intro.demo_order";
  const who = demo ? t(key, { customer: demo.customer, order: demo.order_number }) : "";
  byId("intro-body").textContent = words.body || t("intro.body");
  byId("intro-demo").textContent = (demo && words.demo) || who;
  byId("intro-demo").hidden = !demo;
  const say = words.say ?? demo?.say ?? [];
  byId("intro-say").replaceChildren(...say.map(chip));
  byId("intro-try").hidden = !say.length;
  const licence = voice_licence ? `${t("footer.licence")}: ${voice_licence}` : "";
  byId("footer").textContent = [licence, version && `Kefu ${version}`].filter(Boolean).join(" · ");
}
