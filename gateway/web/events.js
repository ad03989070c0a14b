/** @param {string} type @param {object} [detail] */
export function event(type, detail = {}) {
  return new CustomEvent(type, { detail });
}
