// What an execution did, from its definition and its history in the shape of GetExecutionHistory:
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html

import { failuresOf } from "./failures.js";
import { begin, finish, pathOf, reopen } from "./visits.js";

/** @typedef {import("./failures.js").Failure} Failure */
/** @typedef {{id: number, previousEventId: number, type: string, timestamp: string, [details: string]: any}} Event */
/** @typedef {"passed" | "retried" | "caught" | "failed" | "running" | "stopped" | "unreached"} Fate */
/**
 * An attempt of a task. Times are in milliseconds since 1970; without an end, it is still running.
 * @typedef {{number: number, start: number, end?: number, outcome: "succeeded" | "failed" | "running" | "stopped",
 *   error?: string, cause?: string, input?: string, output?: string}} Attempt
 */
/**
 * A visit of a state, from when it was entered to when it was left, perhaps within a Map or Parallel state.
 * @typedef {{index: number, state: string, type: string, start: number, end?: number, fate: Fate, input?: string,
 *   output?: string, attempts: Attempt[], next?: string, error?: string, cause?: string, within?: Visit}} Visit
 */
/** @typedef {{visits: Visit[], byState: Map<string, Visit[]>, taken: Map<string, number>, failures: Failure[],
 *   start: number, end: number, redrives: number[], transitions: number}} History */

const ENDINGS = /^Execution(Failed|Aborted|TimedOut|Succeeded)$/;
const TRIES = /^(LambdaFunction|Task|Activity)Scheduled$/;
const TRY_ENDS = /^(LambdaFunction|Task|Activity)(Succeeded|Failed|TimedOut|ScheduleFailed|StartFailed|SubmitFailed)$/;
const WITHIN = /^(Map|Parallel)(Iteration|State)(Started|Succeeded|Failed|Aborted)$/;
const FAILURES = /^((Map|Parallel)StateFailed|MapRunFailed|EvaluationFailed)$/;
const AGAIN = /^((Map|Parallel)StateStarted|MapRunRedriven)$/;

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
  }

  /** @param {Event} event */
  hear(event) {
    const before = this.visitOf.get(event.previousEventId);
    const at = Date.parse(event.timestamp);
    if (event.type.endsWith("StateEntered")) return this.enter(event, before, at);
    const visit = this.about(event, before);
    if (visit) this.visitOf.set(event.id, visit);
    if (event.type === "ExecutionRedriven") this.redrives.push(at);
    if (ENDINGS.test(event.type)) this.end(event, before, at);
    else if (visit) this.change(visit, event, before, at);
  }

  /**
   * Return the visit that an event is about. The event before it can belong to a state within this one.
   * @param {Event} event
   * @param {Visit | undefined} before
   */
  about(event, before) {
    const within = WITHIN.exec(event.type)?.[1];
    if (within) return pathOf(before).find(({ type, end }) => type === within && end === undefined) ?? before;
    if (!event.type.endsWith("StateExited")) return before;
    const name = event.stateExitedEventDetails?.name;
    return before?.state === name ? before : [...this.open].findLast((visit) => visit.state === name);
  }

  /** @param {Visit} visit @param {Event} event @param {Visit | undefined} before @param {number} at */
  change(visit, event, before, at) {
    const { type } = event;
    const details = detailsOf(event);
    if (type.endsWith("StateExited")) this.leave(visit, details, at);
    else if (TRIES.test(type)) begin(visit, details, at);
    else if (TRY_ENDS.test(type)) finish(visit, type.endsWith("Succeeded") ? "succeeded" : "failed", at, details, type);
    else if (AGAIN.test(type)) reopen(visit);
    else if (FAILURES.test(type)) {
      const inner = before === visit ? undefined : before;
      visit.error = details.error ?? inner?.attempts.at(-1)?.error ?? visit.error ?? type;
      visit.cause = details.cause ?? inner?.attempts.at(-1)?.cause ?? visit.cause;
      this.close(visit, before, at);
    }
    if (visit.end === undefined) this.open.add(visit);
  }

  /** @param {Event} event @param {Visit | undefined} before @param {number} at */
  enter(event, before, at) {
    const { name, input } = event.stateEnteredEventDetails ?? {};
    const type = event.type.replace("StateEntered", "");
    const within = before?.end === undefined ? before : before.within;
    /** @type {Visit} */
    const visit = {
      index: this.visits.length,
      state: name,
      type,
      start: at,
      fate: "running",
      input,
      attempts: [],
      within,
    };
    if (before && before.fate !== "failed" && before.fate !== "stopped") {
      this.taken.set(edge(before.state, name), (this.taken.get(edge(before.state, name)) ?? 0) + 1);
      if (before.end !== undefined) before.next ??= name;
    }
    this.visits.push(visit);
    this.open.add(visit);
    this.visitOf.set(event.id, visit);
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

  /**
   * End the visits within a state that failed: those on the way to the failure failed, the others were stopped.
   * @param {Visit} outer
   * @param {Visit | undefined} failing
   * @param {number} at
   */
  close(outer, failing, at) {
    const failed = pathOf(failing);
    for (const visit of this.open) {
      if (visit === outer || !pathOf(visit).includes(outer)) continue;
      this.stop(visit, failed.includes(visit) ? "failed" : "stopped", at);
    }
  }

  /** @param {Event} event @param {Visit | undefined} before @param {number} at */
  end(event, before, at) {
    const { error, cause } = detailsOf(event);
    const failed = event.type === "ExecutionFailed" ? (before ? pathOf(before) : [...this.open]) : [];
    for (const visit of failed) Object.assign(visit, { error, cause });
    for (const visit of this.open) {
      const fate = event.type === "ExecutionSucceeded" ? "passed" : failed.includes(visit) ? "failed" : "stopped";
      this.stop(visit, fate, at);
    }
  }

  /** @param {Visit} visit @param {Fate} fate @param {number} at */
  stop(visit, fate, at) {
    if (visit.attempts.at(-1)?.outcome === "running") finish(visit, "stopped", at, {}, "");
    Object.assign(visit, { end: at, fate });
    this.open.delete(visit);
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
    const retries = this.visits.reduce((sum, { attempts }) => sum + Math.max(0, attempts.length - 1), 0);
    return {
      visits: this.visits,
      byState,
      taken: this.taken,
      failures: this.visits.flatMap(failuresOf),
      start: Date.parse(events[0]?.timestamp ?? new Date(now).toISOString()),
      end: ended ? last : Math.max(last, now),
      redrives: this.redrives,
      transitions: this.visits.length + retries,
    };
  }
}

/** @param {Event} event */
function detailsOf(event) {
  const name = Object.keys(event).find((key) => key.endsWith("EventDetails"));
  return (name && event[name]) || {};
}
