// The head of an execution: how it ended, what it cost, and its errors.

import { count, duration, fold, h, moment, table } from "./dom.js";
import { sentence } from "./failures.js";
import { GLYPHS } from "./fates.js";

/**
 * What is known of an execution: the answers of DescribeExecution, DescribeStateMachineForExecution and
 * GetExecutionHistory, and what only the sandbox knows.
 * @typedef {{execution: any, definition: any, events: import("./history.js").Event[],
 *   calls: import("./details.js").Call[] | null, policies: {project: string, diff: string[]}[] | null,
 *   rows: any[] | null, missing: string[], docs: string,
 *   errors: Record<string, {means: string, todo: string, then: string}>}} Known
 */
/** @typedef {{fate: keyof typeof GLYPHS, words: string}} Status */

/** @type {Record<string, Status>} */
export const STATUSES = {
  RUNNING: { fate: "running", words: "Running" },
  SUCCEEDED: { fate: "passed", words: "Succeeded" },
  FAILED: { fate: "failed", words: "Failed" },
  ABORTED: { fate: "stopped", words: "Stopped" },
  TIMED_OUT: { fate: "stopped", words: "Timed out" },
  WAITING: { fate: "unreached", words: "Waiting" },
  Copied: { fate: "passed", words: "Copied" },
  Planned: { fate: "passed", words: "Planned" },
  Refused: { fate: "failed", words: "Refused" },
  Failed: { fate: "failed", words: "Failed" },
  Stopped: { fate: "stopped", words: "Stopped" },
  NotStarted: { fate: "unreached", words: "Not started" },
};

/** @param {Known} known @param {import("./history.js").History} history */
export function summary(known, history) {
  const { execution } = known;
  const { fate, words } = STATUSES[execution.status] ?? STATUSES.RUNNING;
  const took = `${execution.status === "RUNNING" ? "for" : "in"} ${duration(history.end - history.start)}`;
  const facts = [
    `started ${moment(history.start)} UTC`,
    count(known.events.length, "event"),
    `${count(history.transitions, "paid state transition")}`,
    history.redrives.length ? `redriven ${count(history.redrives.length, "time")}` : "",
  ];
  return [
    h(
      "h2",
      { id: "execution", tabindex: -1 },
      h("span", { class: `badge ${fate}` }, `${GLYPHS[fate]} ${words}`),
      ` ${took}`,
    ),
    h("p", { class: "facts" }, h("code", {}, execution.name), ` · ${facts.filter(Boolean).join(" · ")}`),
    ...headline(execution),
    execution.error || execution.cause ? ending(execution.error ?? "", execution.cause ?? "", known) : null,
    ...known.missing.map((sentence) => h("p", { class: "missing" }, `Not in this report: ${sentence}`)),
    failures(known, history),
  ].filter((part) => part !== null);
}

/** @param {any} execution */
function headline(execution) {
  try {
    const request = JSON.parse(execution.input);
    const source = named(request.SourceProjectArn);
    const to = Array.isArray(request.Destinations)
      ? count(request.Destinations.length, "destination")
      : named(request.DestinationProjectArn);
    return source && to
      ? [
          h(
            "p",
            {},
            "From ",
            h("b", {}, source),
            " to ",
            h("b", {}, to),
            request.VersionName ? ` as ${request.VersionName}` : "",
            ".",
          ),
        ]
      : [];
  } catch {
    return [];
  }
}

/** @param {unknown} arn */
export function named(arn) {
  const parts = String(arn ?? "").split(":");
  const name = parts[5]?.split("/")[1];
  return name ? `${name} (${parts[4]})` : "";
}

/** @param {string} error @param {string} cause @param {Known} known */
function ending(error, cause, known) {
  return h(
    "div",
    { class: "ending", role: "note" },
    h("p", {}, errorLink(error, known)),
    h("p", {}, sentence(cause)),
    ...advice(error, known),
  );
}

/** @param {string} error @param {Known} known */
function errorLink(error, known) {
  return h("a", { href: `${known.docs}#:~:text=${encodeURIComponent(error)}` }, error || "Error");
}

/** @param {string} error @param {Known} known */
function advice(error, known) {
  const found = known.errors[error];
  if (!found) return [];
  const then = { Start: "Then start a new execution.", Redrive: "Then redrive the execution." }[found.then] ?? "";
  return [h("p", { class: "advice" }, `${found.means} ${found.todo} ${then}`)];
}

/** @param {Known} known @param {import("./history.js").History} history */
function failures(known, history) {
  const shown = history.failures.filter(({ visit }) => visit.type !== "Fail"); // its error is the execution's
  if (!shown.length) return null;
  const rows = shown.map(({ visit, attempt, at, error, sentence, result }) => [
    h("span", { class: "short" }, duration(at - history.start)),
    `${visit.state}${attempt ? `, attempt ${attempt}` : ""}`,
    h("div", {}, errorLink(error, known), sentence ? ` ${sentence}` : ""),
    result,
  ]);
  const few = rows.length <= 5;
  const list = () => table("Errors", ["After", "Where", "Error", "Then"], rows);
  return fold(`Errors: ${rows.length}`, list, { open: few, id: "errors" });
}
