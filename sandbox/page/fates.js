// The fates of states, in words and in glyphs, so that no meaning is in a color alone.

import { count } from "./dom.js";

/** @typedef {import("./history.js").Visit} Visit */
/** @typedef {import("./history.js").Fate} Fate */

export const WORDS = {
  passed: "passed",
  retried: "retried",
  caught: "error caught",
  failed: "failed",
  running: "running",
  stopped: "stopped here",
  unreached: "not reached",
};
export const GLYPHS = {
  passed: "✓",
  retried: "↻",
  caught: "⤳",
  failed: "✗",
  running: "●",
  stopped: "■",
  unreached: "",
};

/**
 * Return the worst fate of the visits of a state, the last visit first: what a person wants to see.
 * @param {Visit[] | undefined} visits
 * @returns {Fate}
 */
export function fateOf(visits) {
  if (!visits?.length) return "unreached";
  const last = visits[visits.length - 1].fate;
  if (last !== "passed") return last;
  return retriesOf(visits) ? "retried" : last;
}

/**
 * Return how often a state was tried again, by a Retry or by a redrive.
 * @param {Visit[]} visits
 */
function retriesOf(visits) {
  const redriven = visits.slice(0, -1).filter(({ fate }) => fate === "failed" || fate === "stopped");
  return visits.reduce((sum, visit) => sum + Math.max(0, visit.attempts.length - 1), redriven.length);
}

/**
 * Return the fate of a state in words.
 * @param {Visit[] | undefined} visits
 */
export function fateInWords(visits) {
  const fate = fateOf(visits);
  const retries = retriesOf(visits ?? []);
  const after = retries ? ` after ${count(retries, "retry", "retries")}` : "";
  const times = visits && visits.length > 1 ? `, visited ${visits.length} times` : "";
  return `${{ ...WORDS, retried: "passed" }[fate]}${after}${times}`;
}

/** @param {Visit[] | undefined} visits */
export function fateInShort(visits) {
  const fate = fateOf(visits);
  const retries = retriesOf(visits ?? []);
  const words = fate === "retried" ? count(retries, "retry", "retries") : WORDS[fate];
  return `${GLYPHS[fate]} ${words}${visits && visits.length > 1 ? ` ×${visits.length}` : ""}`;
}
