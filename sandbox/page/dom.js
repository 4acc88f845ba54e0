// Elements, and the words for times and durations. Text is set as text, so data cannot become markup.

/** @typedef {Node | string | null | undefined | false} Child */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Return an element. Properties that are functions become listeners: {onclick: ...}.
 * @param {string} name
 * @param {Record<string, any>} properties
 * @param {...(Child | Child[])} children
 * @returns {HTMLElement}
 */
export function h(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

/**
 * Return an element of SVG.
 * @param {string} name
 * @param {Record<string, any>} properties
 * @param {...(Child | Child[])} children
 * @returns {SVGElement}
 */
export function s(name, properties = {}, ...children) {
  return fill(/** @type {SVGElement} */ (document.createElementNS(SVG, name)), properties, children);
}

/**
 * @template {Element} T
 * @param {T} element
 * @param {Record<string, any>} properties
 * @param {(Child | Child[])[]} children
 * @returns {T}
 */
function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * Return a part that opens. Its content is made when it is first opened, because state data can be large.
 * @param {string | Child[]} summary
 * @param {() => Child | Child[]} content
 * @param {Record<string, any>} properties
 */
export function fold(summary, content, properties = {}) {
  const make = () => {
    if (part.open && part.children.length === 1) part.append(...[content()].flat().map((child) => child || ""));
  };
  const head = properties.id ? { id: `${properties.id}-head` } : {};
  const part = /** @type {HTMLDetailsElement} */ (h("details", properties, h("summary", head, summary)));
  part.addEventListener("toggle", make);
  if (part.open) make();
  return part;
}

/**
 * Replace the content of an element. What has an id keeps its focus, and stays open if it was opened.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function redraw(element, ...children) {
  const focus = element.contains(document.activeElement) ? document.activeElement?.id : "";
  const opened = [...element.querySelectorAll("details[id]")].map((part) => [part.id, part.hasAttribute("open")]);
  element.replaceChildren(
    ...children.flat().filter((child) => child !== null && child !== undefined && child !== false),
  );
  for (const [id, open] of opened) document.getElementById(String(id))?.toggleAttribute("open", Boolean(open));
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
}

/**
 * Return a table with a caption that only screen readers read.
 * @param {string} caption
 * @param {string[]} columns
 * @param {(Child | Child[])[][]} rows
 */
export function table(caption, columns, rows) {
  const head = columns.map((column) => h("th", { scope: "col" }, column));
  const body = rows.map((row) =>
    h("tr", {}, ...row.map((cell, index) => h(index ? "td" : "th", index ? {} : { scope: "row" }, cell))),
  );
  return h(
    "div",
    { class: "scrolls", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, ...head)),
      h("tbody", {}, ...body),
    ),
  );
}

/**
 * Return JSON as a person reads it, or the string itself if it is not JSON.
 * @param {unknown} value
 */
export function pretty(value) {
  if (typeof value !== "string") return JSON.stringify(value, null, 2) ?? "";
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}

/**
 * Return a block of JSON or text that scrolls on its own.
 * @param {string} label
 * @param {unknown} value
 */
export function block(label, value) {
  return h("pre", { tabindex: 0, role: "region", "aria-label": label }, pretty(value));
}

/**
 * Return a duration in words: 0.4 s, 12 s, 1 min 6 s, 2 h 5 min, 3 d 4 h.
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  for (const [size, unit, part, partUnit] of UNITS)
    if (whole >= size) {
      const rest = Math.floor((whole % size) / part);
      return `${Math.floor(whole / size)} ${unit}${rest ? ` ${rest} ${partUnit}` : ""}`;
    }
  return `${whole} s`;
}

/** @type {[number, string, number, string][]} */
const UNITS = [
  [86400, "d", 3600, "h"],
  [3600, "h", 60, "min"],
  [60, "min", 1, "s"],
];

/**
 * Return the time since the start: 0:00:11, 26:04:00.
 * @param {number} milliseconds
 */
export function offset(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/**
 * Return a moment in UTC: 2030-01-01 09:00:11.
 * @param {number} milliseconds
 */
export function moment(milliseconds) {
  return new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ");
}

/**
 * Return "1 retry" or "3 retries".
 * @param {number} number
 * @param {string} one
 * @param {string} many
 */
export function count(number, one, many = `${one}s`) {
  return `${number.toLocaleString("en-US")} ${number === 1 ? one : many}`;
}
