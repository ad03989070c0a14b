/** Building DOM without markup strings: text is always text, so nothing that was said or stored can become markup. */

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string | Record<string, string>} attributes a class name, or attributes
 * @param {...Child} children empty ones are skipped
 * @returns {HTMLElementTagNameMap[T]}
 */
export function el(tag, attributes = "", ...children) {
  const element = document.createElement(tag);
  const pairs = typeof attributes === "string" ? { class: attributes } : attributes;
  for (const [name, value] of Object.entries(pairs)) if (value !== "") element.setAttribute(name, value);
  for (const child of children) {
    if (child || child === 0) element.append(typeof child === "number" ? String(child) : child);
  }
  return element;
}

/** An icon of the sprite in index.html. @param {string} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/**
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  return /** @type {any} */ (document.getElementById(id));
}
