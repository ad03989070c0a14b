/** The customer's choices, remembered on this device. */

/** @typedef {{speaker: boolean, mode: import("./talk.js").Mode}} Settings */

const STORE_KEY = "kefu.settings";

/** @returns {Settings} */
export function loadSettings() {
  const defaults = { speaker: true, mode: "hold" };
  try {
    return { ...defaults, ...JSON.parse(localStorage.getItem(STORE_KEY) ?? "{}") };
  } catch {
    return /** @type {Settings} */ (defaults);
  }
}

/** @param {Settings} settings */
export function saveSettings(settings) {
  localStorage.setItem(STORE_KEY, JSON.stringify(settings));
}
