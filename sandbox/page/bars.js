// The bars of the page: its parts, and the clock.

import { h } from "./dom.js";

const TABS = {
  start: "Start",
  executions: "Executions",
  promotions: "Promotions",
  projects: "Projects",
  messages: "Outcomes and mails",
};
const STEPS = { "1 min": 60, "10 min": 600, "1 h": 3_600, "1 day": 86_400 };

/** @typedef {keyof typeof TABS} Tab */

/**
 * @param {string} name
 * @returns {name is Tab}
 */
export const isTab = (name) => Object.hasOwn(TABS, name);

/**
 * Return a button for each part of the page.
 * @param {Tab} chosen
 * @param {any} state
 * @param {(tab: string) => void} go
 */
export function tabs(chosen, { executions, promotions, mails }, go) {
  /** @type {Record<string, number>} */
  const numbers = { executions: executions.length, promotions: promotions.length, messages: mails.length };
  return Object.entries(TABS).map(([tab, words]) =>
    h(
      "button",
      { type: "button", id: `tab-${tab}`, "aria-current": tab === chosen ? "page" : null, onclick: () => go(tab) },
      tab in numbers ? `${words} (${numbers[tab]})` : words,
    ),
  );
}

/**
 * Return the time of the sandbox, and buttons that advance it.
 * @param {(seconds: number) => void} advance
 */
export function clock(advance) {
  const steps = Object.entries(STEPS).map(([words, seconds]) =>
    h("button", { type: "button", onclick: () => advance(seconds) }, `+${words}`),
  );
  return [h("span", { id: "now" }), " ", h("span", {}, "Advance: "), ...steps.flatMap((step) => [step, " "])];
}
