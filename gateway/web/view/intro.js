/** The first screen: who this is, and in the demo shop what one may say. Works without `/v1/info`. */
import { t } from "../i18n.js";
import { byId } from "./dom.js";

/** @typedef {{name?: string, version?: string, voice_licence?: string | null,
 *   demo?: {customer: string | null, order_number: string, say: string[]} | null}} Info */

/** @returns {Promise<Info>} empty when the server has none */
export async function fetchInfo() {
  try {
    const response = await fetch("/v1/info");
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
}

/** @param {Info} info @param {(text: string) => HTMLElement} chip */
export function showIntro({ name, version, demo, voice_licence }, chip) {
  if (name) byId("shop-name").textContent = name;
  const key = demo?.customer ? "intro.demo" : "intro.demo_order";
  byId("intro-demo").textContent = demo ? t(key, { customer: demo.customer, order: demo.order_number }) : "";
  byId("intro-demo").hidden = !demo;
  byId("intro-say").replaceChildren(...(demo?.say ?? []).map(chip));
  byId("intro-try").hidden = !demo?.say?.length;
  const licence = voice_licence ? `${t("footer.licence")}: ${voice_licence}` : "";
  byId("footer").textContent = [licence, version && `Kefu ${version}`].filter(Boolean).join(" · ");
}
