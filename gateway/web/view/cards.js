/** Cards beside an answer. Known fields get a place of their own; unknown ones follow as a list. */
import { t, has } from "../i18n.js";
import { el, icon } from "./dom.js";
import { fieldName, fieldValue, localised, money, time } from "./format.js";

/** @typedef {Record<string, any>} Data */

const RECENT_EVENTS = 3;
const MAX_DEPTH = 2;
const FEW_LEFT = 5;
const RETURN_STEPS = ["requested", "approved", "in_transit", "received", "refunded"];
/** Of no use to a customer. */
const INTERNAL = ["customer_id", "name_en", "carrier_en", "title_en", "question_en", "language", "status_text"];

/** @param {{kind: string, data: Data}} card */
export function renderCard({ kind, data }) {
  const build = BUILDERS[kind];
  const card = el("article", { class: `card card-${build ? kind : "other"}` });
  card.append(...(build ?? other)(data ?? {}, kind).filter(Boolean));
  return card;
}

/** @param {string} iconName @param {string} title @param {any} number @param {Node | null} badge */
function head(iconName, title, number, badge = null) {
  return el(
    "header",
    "card-head",
    icon(iconName),
    el("h3", "card-title", title, number && el("span", "card-number", number)),
    badge,
  );
}

/** The shop's own words for a status win. @param {string} group @param {Data} data */
function statusBadge(group, { status, status_text }) {
  if (!status) return null;
  const key = `${group}.${status}`;
  return el(
    "span",
    { class: "badge", "data-status": String(status) },
    status_text ?? (has(key) ? t(key) : String(status)),
  );
}

/** Everything not in `shown`. @param {Data} data @param {string[]} shown @param {number} depth */
function rest(data, shown, depth = 0) {
  const rows = Object.entries(data)
    .filter(([key, value]) => !shown.includes(key) && !INTERNAL.includes(key) && !isEmpty(value))
    .flatMap(([key, value]) => [el("dt", "", fieldName(key)), el("dd", "", describe(key, value, depth))]);
  return rows.length > 0 ? el("dl", "facts", ...rows) : null;
}

/** @param {unknown} value */
function isEmpty(value) {
  return (
    value === null ||
    value === undefined ||
    value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0)
  );
}

/** @param {string} key @param {any} value @param {number} depth @returns {Node | string} */
function describe(key, value, depth) {
  if (typeof value !== "object") return fieldValue(key, value);
  if (depth >= MAX_DEPTH) return "…";
  if (!Array.isArray(value)) return rest(value, [], depth + 1) ?? "";
  if (value.every((item) => typeof item !== "object")) return value.map((item) => fieldValue(key, item)).join("、");
  return el("div", "facts-list", ...value.map((item) => rest(item, [], depth + 1)));
}

/** @param {Data} line */
function orderLine(line) {
  const count = line.quantity ?? 1;
  return el(
    "li",
    "line",
    el("span", "line-name", localised(line, "name") ?? line.sku),
    el("span", "line-count", `× ${count}`),
    line.unit_price !== undefined && el("span", "line-price", money(line.unit_price)),
  );
}

/** @param {Data} data */
function order(data) {
  const lines = Array.isArray(data.lines) ? data.lines : [];
  const shipments = Array.isArray(data.shipments) ? data.shipments : [];
  return [
    head("bag", t("card.order"), data.order_number, statusBadge("order", data)),
    lines.length > 0 && el("ul", { class: "lines", "aria-label": t("card.lines") }, ...lines.map(orderLine)),
    data.total !== undefined && el("p", "total", el("span", "", t("card.total")), el("strong", "", money(data.total))),
    rest(data, ["order_number", "status", "lines", "total", "shipments"]),
    ...shipments.map((/** @type {Data} */ parcel) => el("div", "parcel", ...shipmentBody(parcel))),
  ];
}

/** @param {Data} data */
function shipment(data) {
  const title = localised(data, "carrier") ?? t("card.shipment");
  return [head("truck", title, data.tracking_number, statusBadge("order", data)), ...shipmentBody(data, true)];
}

/** @param {Data} data @param {boolean} hasHead */
function shipmentBody(data, hasHead = false) {
  const arrival = data.delivered_at ? ["field.delivered_at", data.delivered_at] : ["field.eta", data.eta];
  const shown = ["tracking_number", "carrier", "status", "eta", "delivered_at", "events", "delay_reason"];
  return [
    !hasHead &&
      el(
        "p",
        "parcel-head",
        icon("truck"),
        localised(data, "carrier"),
        el("span", "card-number", data.tracking_number),
      ),
    arrival[1] && el("p", "arrival", el("span", "", t(arrival[0])), el("strong", "", time(arrival[1]))),
    data.delay_reason && el("p", "delay", icon("alert"), data.delay_reason),
    timeline(Array.isArray(data.events) ? data.events : []),
    rest(data, shown),
  ].filter(Boolean);
}

/** Newest first, whatever the order they came in; older ones folded away. @param {Data[]} events */
function timeline(events) {
  if (events.length === 0) return null;
  const newest = [...events].sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).map(trackingEvent);
  if (newest.length <= RECENT_EVENTS + 1) return el("ol", "timeline", ...newest); // folding one saves nothing
  const list = el("ol", "timeline", ...newest.slice(0, RECENT_EVENTS));
  const older = newest.slice(RECENT_EVENTS);
  const more = el(
    "details",
    "more",
    el("summary", "", t("card.more", { count: older.length })),
    el("ol", "timeline", ...older),
  );
  return el("div", "timelines", list, more);
}

/** @param {Data} scan */
function trackingEvent(scan) {
  const place = scan.place && el("span", "event-place", scan.place);
  return el(
    "li",
    "event",
    el("p", "event-text", place, scan.text),
    el("time", { datetime: String(scan.at ?? "") }, time(scan.at)),
  );
}

/** @param {Data} data */
function product(data) {
  const name = String(localised(data, "name") ?? data.sku ?? "");
  const attributes = Object.entries(data.attributes ?? {});
  return [
    el(
      "div",
      "product",
      el("span", { class: "product-tile", "aria-hidden": "true" }, String(data.category || name).slice(0, 1)),
      el(
        "div",
        "product-text",
        el("h3", "card-title", name),
        data.price !== undefined && el("p", "price", money(data.price)),
        stockBadge(data),
      ),
    ),
    attributes.length > 0 &&
      el("ul", "attributes", ...attributes.map(([key, value]) => el("li", "", `${key} ${value}`))),
    data.description && el("p", "card-text", data.description),
    rest(data, ["name", "price", "stock", "in_stock", "attributes", "description", "category"]),
  ];
}

/** Two products, attribute by attribute. @param {Data} data */
function comparison({ products = [], rows = [] }) {
  const cells = (/** @type {any[]} */ values) => values.map((value) => el("td", "", value ?? "–"));
  return [
    el(
      "table",
      "comparison",
      el("tr", "", el("td", ""), ...products.map((/** @type {Data} */ one) => el("th", "", String(one.name)))),
      el(
        "tr",
        "",
        el("td", ""),
        ...products.map((/** @type {Data} */ one) => el("td", "", el("span", "price", money(one.price)), stockBadge(one))),
      ),
      ...rows.map((/** @type {Data} */ row) => el("tr", "", el("th", "", row.name), ...cells(row.values))),
    ),
  ];
}

/** @param {Data} data with `stock` (units on hand) or only `in_stock` */
function stockBadge({ stock, in_stock = stock === undefined ? undefined : Number(stock) > 0 }) {
  if (stock === undefined && in_stock === undefined) return null;
  const few = in_stock && Number(stock) <= FEW_LEFT;
  const [key, tone] = !in_stock
    ? ["out_of_stock", "cancelled"]
    : few
      ? ["stock_left", "packing"]
      : ["in_stock", "delivered"];
  return el("span", { class: "badge", "data-status": tone }, t(`card.${key}`, { count: stock }));
}

/** @param {Data} data */
function returned(data) {
  const title = t(data.kind === "exchange" ? "card.exchange" : "card.refund");
  const amount = data.amount !== undefined && Number(data.amount) !== 0;
  return [
    head("return", title, data.return_number, statusBadge("return", data)),
    RETURN_STEPS.includes(data.status) &&
      steps(data.kind === "exchange" ? RETURN_STEPS.slice(0, 4) : RETURN_STEPS, data.status),
    amount && el("p", "total", el("span", "", t("field.amount")), el("strong", "", money(data.amount))),
    rest({ ...data, requested_at: data.created_at }, ["return_number", "status", "kind", "amount", "created_at"]),
  ];
}

/** @param {string[]} names @param {string} current */
function steps(names, current) {
  const reached = names.indexOf(current);
  const items = names.map((name, i) => {
    const step = el("li", i <= reached ? "step done" : "step", t(`return.${name}`));
    if (i === reached) step.setAttribute("aria-current", "step");
    return step;
  });
  return el("ol", "steps", ...items);
}

/** @param {Data} data */
function source(data) {
  const text = data.text ?? data.answer ?? data.snippet ?? data.excerpt;
  const title = localised(data, "title") ?? localised(data, "question") ?? data.name ?? t("card.source");
  return [
    head("book", title, null),
    text && el("p", "card-text", text),
    link(data.url),
    rest(data, [
      "title",
      "question",
      "name",
      "text",
      "answer",
      "snippet",
      "excerpt",
      "url",
      "id",
      "source_id",
      "score",
    ]),
  ];
}

/** Only web addresses become links. @param {unknown} address */
function link(address) {
  if (typeof address !== "string" || !/^https?:\/\//i.test(address)) return null;
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer", class: "card-link" }, address);
}

/** @param {Data} data */
function handoff(data) {
  return [
    head("person", t("card.handoff"), data.ticket ?? data.handoff_id ?? null),
    el("p", "card-text", data.message ?? t("card.handoff_body")),
    rest(data, ["ticket", "handoff_id", "message", "mood", "reason"]),
  ];
}

/** @param {Data} data @param {string} kind */
function other(data, kind) {
  return [head("book", kind, null), rest(data, [])];
}

/** @type {Record<string, (data: Data, kind: string) => any[]>} */
const BUILDERS = { order, shipment, product, comparison, return: returned, source, handoff };
