/** The page's words in Chinese and English: look-up, the choice of language, and the static texts of index.html. */
import { MESSAGES } from "./messages.js";

const STORE_KEY = "kefu.language";

/** @typedef {"zh" | "en"} Language */

/** @returns {Language} */
function preferred() {
  const stored = localStorage.getItem(STORE_KEY);
  if (stored === "zh" || stored === "en") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

let current = preferred();

/** @returns {Language} */
export function language() {
  return current;
}

/** The BCP 47 tag for Intl and the lang attribute. */
export function locale() {
  return current === "zh" ? "zh-CN" : "en";
}

/** @param {Language} choice */
export function setLanguage(choice) {
  current = choice;
  localStorage.setItem(STORE_KEY, choice);
  translatePage();
}

/** @param {string} key @returns {boolean} */
export function has(key) {
  return key in MESSAGES[current];
}

/** The text for `key`, its `{name}` places filled; the key itself when there is none. */
export function t(/** @type {string} */ key, /** @type {Record<string, unknown>} */ values = {}) {
  const text = MESSAGES[current][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Fill every element that names its text: data-i18n (content), -label (aria-label), -placeholder, -title. */
export function translatePage() {
  document.documentElement.lang = locale();
  for (const element of document.querySelectorAll("[data-i18n]")) element.textContent = t(element.dataset.i18n);
  const attributes = { i18nLabel: "aria-label", i18nPlaceholder: "placeholder", i18nTitle: "title" };
  for (const [name, attribute] of Object.entries(attributes)) {
    const selector = `[data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}]`;
    for (const element of document.querySelectorAll(selector))
      element.setAttribute(attribute, t(element.dataset[name]));
  }
}
