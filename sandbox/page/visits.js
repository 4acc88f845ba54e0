// How a visit of a state changes: its attempts begin and end, and it is opened again.

/** @typedef {import("./history.js").Visit} Visit */
/** @typedef {import("./history.js").Attempt} Attempt */

/**
 * Return a visit and those that it is within, the innermost first.
 * @param {Visit | undefined} visit
 * @returns {Visit[]}
 */
export function pathOf(visit) {
  const path = [];
  for (let one = visit; one; one = one.within) path.push(one);
  return path;
}

/**
 * Let a visit go on, after a Retry or a redrive.
 * @param {Visit} visit
 */
export function reopen(visit) {
  Object.assign(visit, { fate: "running", end: undefined, error: undefined, cause: undefined });
}

/** @param {Visit} visit @param {any} details @param {number} at */
export function begin(visit, details, at) {
  reopen(visit);
  const input = details.input ?? details.parameters;
  visit.attempts.push({ number: visit.attempts.length + 1, start: at, outcome: "running", input });
}

/**
 * End an attempt; one that could not be scheduled has only an end.
 * @param {Visit} visit
 * @param {Attempt["outcome"]} outcome
 * @param {number} at
 * @param {any} details
 * @param {string} type
 */
export function finish(visit, outcome, at, details, type) {
  if (visit.attempts.at(-1)?.outcome !== "running") begin(visit, {}, at);
  const attempt = visit.attempts[visit.attempts.length - 1];
  attempt.end = at;
  attempt.outcome = outcome;
  attempt.output = details.output;
  if (outcome !== "failed") return;
  attempt.error = details.error ?? (type.endsWith("TimedOut") ? "States.Timeout" : type);
  attempt.cause = details.cause;
}
