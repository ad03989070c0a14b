/** What the page is doing, from the facts: one word for the talk button, the caption and the screen reader. Pure. */

/** @typedef {"idle" | "connecting" | "listening" | "thinking" | "speaking" | "reconnecting" | "error"} Phase */

/**
 * @typedef {object} Facts
 * @property {import("./connection.js").ConnectionState} link
 * @property {boolean} wanted the customer has asked for something that needs the server
 * @property {boolean} micOpen
 * @property {boolean} awaiting a question was asked and the answer has not come
 * @property {boolean} playing
 */

/** @param {Facts} facts @returns {Phase} */
export function phaseOf({ link, wanted, micOpen, awaiting, playing }) {
  if (link === "failed") return "error";
  if (link === "waiting") return "reconnecting";
  if (link === "connecting" && wanted) return "connecting";
  if (playing) return "speaking";
  if (awaiting) return "thinking";
  return micOpen ? "listening" : "idle";
}
