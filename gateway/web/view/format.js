/** Money, times and field names for the customer's eyes. */
import { has, language, locale, t } from "../i18n.js";

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/;
const MONEY_FIELDS = new Set(["total", "price", "unit_price", "amount"]);

/** @param {unknown} value yuan @returns {string} */
export function money(value) {
  const amount = Number(value);
  if (value === null || value === "" || Number.isNaN(amount)) return String(value ?? "");
  return new Intl.NumberFormat(locale(), {
    style: "currency",
    currency: "CNY",
    currencyDisplay: "narrowSymbol",
  }).format(amount);
}

/**
 * A time as the shop's clock shows it: spoken answers name the same hour, wherever the customer's device is.
 * @param {unknown} value ISO 8601 @returns {string} e.g. 3月5日周四 14:20; as it came when it is no time
 */
export function time(value) {
  if (typeof value !== "string" || !ISO_TIME.test(value)) return String(value ?? "");
  const [date, clock = ""] = value.split("T");
  const shopTime = new Date(`${date}T${clock.slice(0, 5) || "00:00"}Z`);
  const format = (/** @type {Intl.DateTimeFormatOptions} */ options) =>
    new Intl.DateTimeFormat(locale(), { ...options, timeZone: "UTC" }).format(shopTime);
  const day = format({ month: "short", day: "numeric", weekday: "short" });
  return clock === "" || clock.startsWith("00:00")
    ? day
    : `${day} ${format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" })}`;
}

/** @param {string} key @returns {string} */
export function fieldName(key) {
  return has(`field.${key}`) ? t(`field.${key}`) : key.replaceAll("_", " ");
}

/** A scalar of a card. @param {string} key @param {unknown} value @returns {string} */
export function fieldValue(key, value) {
  if (typeof value === "boolean") return t(`value.${value}`);
  if (MONEY_FIELDS.has(key)) return money(value);
  if (typeof value === "string" && has(`${key}.${value}`)) return t(`${key}.${value}`);
  return time(value);
}

/** The field in the language of the page: `name_en` beside `name`. @param {Record<string, any>} data @param {string} key */
export function localised(data, key) {
  const other = data[`${key}_en`];
  return language() === "en" && other ? other : (data[key] ?? other);
}
