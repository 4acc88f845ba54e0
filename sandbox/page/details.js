// One state: its visits, the data in and out, its attempts, its calls to AWS, and what they changed in policies.

import { block, duration, fold, h, moment, pretty, table } from "./dom.js";
import { sentence } from "./failures.js";
import { fateInWords, fateOf, GLYPHS } from "./fates.js";

/** @typedef {import("./history.js").Visit} Visit */
/** @typedef {{at: string, function: string, service: string, operation: string, parameters: any, answer: any,
 *   error: string | null, fault: string | null, policyDiff?: string[] | null}} Call */

/**
 * Return the details of a state.
 * @param {any} state as the definition has it
 * @param {string} name
 * @param {Visit[]} visits
 * @param {number} index of the visit to show
 * @param {Call[] | null} calls
 * @param {(index: number) => void} turn shows another visit
 */
export function details(state, name, visits, index, calls, turn) {
  const visit = visits[index];
  const words = fateInWords(visits);
  return h(
    "section",
    { class: "details", "aria-label": `State ${name}` },
    h("h3", { tabindex: -1, id: "chosen" }, name),
    h(
      "p",
      {},
      h("span", { class: `badge ${fateOf(visits)}` }, `${GLYPHS[fateOf(visits)]} ${words}`),
      ` ${state?.Type ?? ""} state`,
    ),
    state?.Comment && h("p", { class: "comment" }, state.Comment),
    visits.length > 1 ? turner(visits.length, index, turn) : null,
    visit ? [times(visit), attempts(visit), ...data(visit), callsOf(state, visit, calls)] : null,
  );
}

/** @param {number} number @param {number} index @param {(index: number) => void} turn */
function turner(number, index, turn) {
  const to = (/** @type {string} */ label, /** @type {number} */ target) =>
    h(
      "button",
      { type: "button", id: `visit-${label}`, disabled: target < 0 || target >= number, onclick: () => turn(target) },
      label,
    );
  return h(
    "p",
    { class: "turner" },
    to("Previous", index - 1),
    ` Visit ${index + 1} of ${number.toLocaleString("en-US")} `,
    to("Next", index + 1),
  );
}

/** @param {Visit} visit */
function times(visit) {
  const took = visit.end === undefined ? "still running" : `took ${duration(visit.end - visit.start)}`;
  return h("p", {}, `Entered ${moment(visit.start)} UTC, ${took}${visit.next ? `, then “${visit.next}”` : ""}.`);
}

/** @param {Visit} visit */
function attempts(visit) {
  if (visit.attempts.every((attempt) => attempt.outcome === "succeeded") && visit.attempts.length < 2)
    return visit.error ? failure(visit.error, visit.cause) : null;
  const rows = visit.attempts.map((attempt, index) => {
    const next = visit.attempts[index + 1];
    const end = attempt.end ?? attempt.start;
    return [
      String(attempt.number),
      `${GLYPHS[attempt.outcome === "succeeded" ? "passed" : attempt.outcome]} ${attempt.outcome}`,
      attempt.error ? failure(attempt.error, attempt.cause) : "",
      next ? `retried after ${duration(next.start - end)}` : "",
    ];
  });
  return h("div", {}, h("h4", {}, "Attempts"), table("Attempts", ["No.", "Outcome", "Error", "Then"], rows));
}

/** @param {string} error @param {string | undefined} cause */
function failure(error, cause) {
  const said = sentence(cause);
  const whole = said === cause || !cause ? null : fold("The whole cause", () => block("Cause", cause));
  return h("div", { class: "failure" }, h("strong", {}, error), h("p", {}, said), whole);
}

/** @param {Visit} visit */
function data(visit) {
  const [before, after] = [visit.input, visit.output].map(parsed);
  const changed = Object.entries(after ?? {}).filter(([key, value]) => pretty(value) !== pretty(before?.[key]));
  const news = changed.map(([key, value]) =>
    h(
      "div",
      {},
      h("h4", {}, `${before && key in before ? "Changed" : "New"} in the output: ${key}`),
      block(key, value),
    ),
  );
  const whole = (/** @type {string} */ label, /** @type {string | undefined} */ value) =>
    value === undefined
      ? h("p", {}, `${label}: not in the history.`)
      : fold(label, () => block(label, value), { id: `state-data-${label}` });
  return [
    ...(before && after && changed.length < 8 ? news : []),
    whole("Input", visit.input),
    visit.end === undefined || visit.fate === "failed" || visit.fate === "stopped"
      ? null
      : whole("Output", visit.output),
  ];
}

/** @param {string | undefined} value */
function parsed(value) {
  try {
    const found = JSON.parse(value ?? "");
    return found && typeof found === "object" && !Array.isArray(found) ? found : null;
  } catch {
    return null;
  }
}

/** @param {any} state @param {Visit} visit @param {Call[] | null} calls */
function callsOf(state, visit, calls) {
  if (state?.Type !== "Task" || !calls) return null;
  const end = visit.end ?? Number.POSITIVE_INFINITY;
  const own = calls.filter(
    ({ at, function: name }) =>
      String(state.Resource).includes(name) && Date.parse(at) >= visit.start && Date.parse(at) <= end,
  );
  return own.length ? h("div", {}, h("h4", {}, `Calls to AWS: ${own.length}`), callList(own)) : null;
}

/**
 * Return the calls as a list, each with its parameters and answer, and with what it changed in policies.
 * @param {Call[]} calls
 */
export function callList(calls) {
  return h(
    "ol",
    { class: "calls" },
    ...calls.map((call) =>
      h(
        "li",
        {},
        fold(headOf(call), () => bodyOf(call), { open: Boolean(call.policyDiff?.length) }),
      ),
    ),
  );
}

/** @param {Call} call */
function headOf(call) {
  const what = call.operation === "Invoke" ? `${call.function} was invoked` : call.operation;
  const struck = call.fault ? h("span", { class: "fault" }, ` ⚡ injected: ${call.fault}`) : null;
  const failed =
    call.error && call.error !== call.fault ? h("span", { class: "note failed" }, ` ✗ ${call.error}`) : null;
  return [h("time", { datetime: call.at }, moment(Date.parse(call.at)).slice(11)), ` ${what}`, failed, struck];
}

/** @param {Call} call */
function bodyOf(call) {
  return [
    call.policyDiff?.length ? diff(call.policyDiff) : null,
    call.parameters ? fold("Parameters", () => block("Parameters", call.parameters)) : null,
    call.answer ? fold("Answer", () => block("Answer", call.answer)) : null,
    call.parameters || call.answer ? null : h("p", {}, "The function did not answer."),
  ];
}

/**
 * Return the lines of a diff, each with + or - in front.
 * @param {string[]} lines
 */
export function diff(lines) {
  const kinds = { "+": "ins", "-": "del" };
  const drawn = lines.map((text) => h(kinds[/** @type {"+" | "-"} */ (text[0])] ?? "span", {}, `${text}\n`));
  return h(
    "pre",
    { class: "diff", tabindex: 0, role: "region", "aria-label": "Project policies before and after" },
    ...drawn,
  );
}
