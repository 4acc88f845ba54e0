// The failures of an execution, each with what came of it.

/** @typedef {import("./history.js").Visit} Visit */
/** @typedef {import("./history.js").Attempt} Attempt */
/** @typedef {{visit: Visit, attempt?: number, at: number, error: string, sentence: string, result: string}} Failure */

/**
 * Return the sentence of a cause, which for a function is JSON with an errorMessage.
 * @param {string | undefined} cause
 * @returns {string}
 */
export function sentence(cause) {
  try {
    const parsed = JSON.parse(cause ?? "");
    return typeof parsed.errorMessage === "string" ? parsed.errorMessage : (cause ?? "");
  } catch {
    return cause ?? "";
  }
}

/**
 * Return the failures of a visit, each with what came of it.
 * @param {Visit} visit
 * @returns {Failure[]}
 */
export function failuresOf(visit) {
  const failed = visit.attempts.filter((attempt) => attempt.outcome === "failed");
  const found = failed.map((attempt) => ({
    visit,
    attempt: attempt.number,
    at: attempt.end ?? attempt.start,
    error: attempt.error ?? "",
    sentence: sentence(attempt.cause),
    result: resultOf(visit, attempt),
  }));
  const ended = visit.fate === "failed" || visit.fate === "caught";
  if (!ended || visit.attempts.at(-1)?.outcome === "failed") return found;
  const at = visit.end ?? visit.start;
  const own = { visit, at, error: visit.error ?? "", sentence: sentence(visit.cause), result: resultOf(visit) };
  return [...found, own];
}

/**
 * @param {Visit} visit
 * @param {Attempt} [attempt]
 */
function resultOf(visit, attempt) {
  const next = attempt && visit.attempts[attempt.number];
  if (next) return `Retried after ${Math.round((next.start - (attempt.end ?? attempt.start)) / 100) / 10} s.`;
  if (visit.fate === "caught") return visit.next ? `Caught: the execution went on with “${visit.next}”.` : "Caught.";
  if (visit.fate !== "failed") return "It waits for its next attempt.";
  return visit.within ? `“${visit.within.state}” failed with it.` : "The execution failed here.";
}
