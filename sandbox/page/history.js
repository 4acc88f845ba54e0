// What an execution did, from its definition and its history in the shape of GetExecutionHistory:
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html

import { failuresOf } from "./failures.js";

/** @typedef {import("./failures.js").Failure} Failure */
/** @typedef {{id: number, previousEventId: number, type: string, timestamp: string, [details: string]: any}} Event */
/** @typedef {"passed" | "retried" | "caught" | "failed" | "running" | "stopped" | "unreached"} Fate */
/**
 * An attempt of a task. Times are in milliseconds since 1970; without an end, it is still running.
 * @typedef {{number: number, start: number, end?: number, outcome: "succeeded" | "failed" | "running" | "stopped",
 *   error?: string, cause?: string, input?: string, output?: string}} Attempt
 */
/**
 * A visit of a state, from when it was entered to when it was left.
 * @typedef {{index: number, state: string, type: string, start: number, end?: number, fate: Fate, input?: string,
 *   output?: string, attempts: Attempt[], next?: string, error?: string, cause?: string}} Visit
 */
/** @typedef {{visits: Visit[], byState: Map<string, Visit[]>, taken: Map<string, number>, failures: Failure[],
 *   start: number, end: number, redrives: number[], transitions: number}} History */

const ENDINGS = /^Execution(Failed|Aborted|TimedOut|Succeeded)$/;
const TRIES = /^(LambdaFunction|Task|Activity)Scheduled$/;
const TRY_ENDS = /^(LambdaFunction|Task|Activity)(Succeeded|Failed|TimedOut|ScheduleFailed|StartFailed|SubmitFailed)$/;

/**
 * Return what the history says.
 * @param {Event[]} events
 * @param {number} now the end of the time line while the execution runs
 * @returns {History}
 */
export function read(events, now) {
  const reader = new Reader();
  for (const event of events) reader.hear(event);
  return reader.result(events, now);
}

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
export function retriesOf(visits) {
  const redriven = visits.slice(0, -1).filter(({ fate }) => fate === "failed" || fate === "stopped");
  return visits.reduce((sum, visit) => sum + Math.max(0, visit.attempts.length - 1), redriven.length);
}

/** @param {string} from @param {string} to */
export const edge = (from, to) => `${from}\n${to}`;

class Reader {
  constructor() {
    /** @type {Visit[]} */
    this.visits = [];
    /** @type {Map<number, Visit>} */
    this.visitOf = new Map();
    /** @type {Map<string, number>} */
    this.taken = new Map();
    /** @type {Set<Visit>} */
    this.open = new Set();
    /** @type {number[]} */
    this.redrives = [];
    this.tries = 0;
  }

  /** @param {Event} event */
  hear(event) {
    const before = this.visitOf.get(event.previousEventId);
    const at = Date.parse(event.timestamp);
    if (event.type.endsWith("StateEntered")) return this.enter(event, before, at);
    const visit = event.type.endsWith("StateExited") ? this.left(event, before) : before;
    if (visit) this.visitOf.set(event.id, visit);
    if (event.type === "ExecutionRedriven") this.redrives.push(at);
    if (ENDINGS.test(event.type)) this.end(event, at);
    if (!visit) return;
    const details = detailsOf(event);
    if (event.type.endsWith("StateExited")) this.leave(visit, details, at);
    else if (TRIES.test(event.type)) this.schedule(visit, details, at);
    else if (TRY_ENDS.test(event.type))
      finish(visit, event.type.endsWith("Succeeded") ? "succeeded" : "failed", at, details, event.type);
    else if (event.type === "MapRunFailed" || event.type === "MapStateFailed")
      Object.assign(visit, { error: details.error ?? visit.error, cause: details.cause ?? visit.cause });
  }

  /** @param {Event} event @param {Visit | undefined} before @param {number} at */
  enter(event, before, at) {
    const { name, input } = event.stateEnteredEventDetails ?? {};
    const type = event.type.replace("StateEntered", "");
    /** @type {Visit} */
    const visit = { index: this.visits.length, state: name, type, start: at, fate: "running", input, attempts: [] };
    if (before) {
      this.taken.set(edge(before.state, name), (this.taken.get(edge(before.state, name)) ?? 0) + 1);
      before.next ??= name;
    }
    this.visits.push(visit);
    this.open.add(visit);
    this.visitOf.set(event.id, visit);
  }

  /**
   * Return the visit that a state is left from. The event before it can belong to a state within this one.
   * @param {Event} event
   * @param {Visit | undefined} before
   */
  left(event, before) {
    const name = event.stateExitedEventDetails?.name;
    return before?.state === name ? before : [...this.open].findLast((visit) => visit.state === name);
  }

  /** @param {Visit} visit @param {any} details @param {number} at */
  leave(visit, details, at) {
    const last = visit.attempts.at(-1);
    visit.end = at;
    visit.output = details.output;
    visit.fate =
      last?.outcome === "failed" || visit.error ? "caught" : visit.attempts.length > 1 ? "retried" : "passed";
    this.open.delete(visit);
  }

  /** @param {Visit} visit @param {any} details @param {number} at */
  schedule(visit, details, at) {
    this.tries += 1;
    this.open.add(visit);
    visit.fate = "running";
    visit.end = undefined;
    const input = details.input ?? details.parameters;
    visit.attempts.push({ number: visit.attempts.length + 1, start: at, outcome: "running", input });
  }

  /** @param {Event} event @param {number} at */
  end(event, at) {
    const details = detailsOf(event);
    for (const visit of this.open) {
      const failed = event.type === "ExecutionFailed";
      if (visit.attempts.at(-1)?.outcome === "running") finish(visit, "stopped", at, {}, event.type);
      visit.end = at;
      visit.fate = event.type === "ExecutionSucceeded" ? "passed" : failed ? "failed" : "stopped";
      if (failed) Object.assign(visit, { error: details.error, cause: details.cause });
    }
    this.open.clear();
  }

  /**
   * @param {Event[]} events
   * @param {number} now
   * @returns {History}
   */
  result(events, now) {
    const byState = Map.groupBy(this.visits, (visit) => visit.state);
    const ended = ENDINGS.test(events.at(-1)?.type ?? "");
    const last = Date.parse(events.at(-1)?.timestamp ?? new Date(now).toISOString());
    const tasks = this.visits.filter((visit) => visit.attempts.length).length;
    return {
      visits: this.visits,
      byState,
      taken: this.taken,
      failures: this.visits.flatMap(failuresOf),
      start: Date.parse(events[0]?.timestamp ?? new Date(now).toISOString()),
      end: ended ? last : Math.max(last, now),
      redrives: this.redrives,
      transitions: this.visits.length + this.tries - tasks,
    };
  }
}

/**
 * @param {Visit} visit
 * @param {Attempt["outcome"]} outcome
 * @param {number} at
 * @param {any} details
 * @param {string} type
 */
function finish(visit, outcome, at, details, type) {
  const attempt = visit.attempts.at(-1);
  if (!attempt) return;
  attempt.end = at;
  attempt.outcome = outcome;
  attempt.output = details.output;
  if (outcome !== "failed") return;
  attempt.error = details.error ?? (type.endsWith("TimedOut") ? "States.Timeout" : type);
  attempt.cause = details.cause;
}

/** @param {Event} event */
function detailsOf(event) {
  const name = Object.keys(event).find((key) => key.endsWith("EventDetails"));
  return (name && event[name]) || {};
}
