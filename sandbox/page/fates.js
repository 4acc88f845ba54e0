// The fates of states, in words and in glyphs, so that no meaning is in a color alone.

import { count } from "./dom.js";
import { fateOf, retriesOf } from "./history.js";

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
 * Return the fate of a state in words.
 * @param {import("./history.js").Visit[] | undefined} visits
 */
export function fateInWords(visits) {
  const fate = fateOf(visits);
  const retries = retriesOf(visits ?? []);
  const after = retries ? ` after ${count(retries, "retry", "retries")}` : "";
  const times = visits && visits.length > 1 ? `, visited ${visits.length} times` : "";
  return `${{ ...WORDS, retried: "passed" }[fate]}${after}${times}`;
}

/** @param {import("./history.js").Visit[] | undefined} visits */
export function fateInShort(visits) {
  const fate = fateOf(visits);
  const retries = retriesOf(visits ?? []);
  const words = fate === "retried" ? count(retries, "retry", "retries") : WORDS[fate];
  return `${GLYPHS[fate]} ${words}${visits && visits.length > 1 ? ` ×${visits.length}` : ""}`;
}
