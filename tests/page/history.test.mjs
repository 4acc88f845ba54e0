// The JavaScript of the page that needs no browser: what it reads in a history.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fateInShort, fateInWords } from "../../sandbox/page/fates.js";
import { foldLoops, scaleOf } from "../../sandbox/page/folding.js";
import { edge, read } from "../../sandbox/page/history.js";

const START = Date.parse("2030-01-01T09:00:00Z");

/** Return events a second apart. Each is [type, details, the id of the event before it, by default the last one]. */
function history(...events) {
  return events.map(([type, details = {}, previousEventId], index) => ({
    id: index + 1,
    previousEventId: previousEventId ?? index,
    type,
    timestamp: new Date(START + 1000 * index).toISOString(),
    [`${type[0].toLowerCase()}${type.slice(1)}EventDetails`.replace(/^\w+State(Entered|Exited)/, "state$1")]: details,
  }));
}

const entered = (type, name) => [`${type}StateEntered`, { name }];
const exited = (type, name) => [`${type}StateExited`, { name }];
const read_ = (...events) => read(history(["ExecutionStarted"], ...events), START + 1_000_000);
const fates = ({ visits }) => Object.fromEntries(visits.map(({ state, fate }) => [state, fate]));

test("each way in which an attempt ends is an attempt", () => {
  for (const [ending, error] of [
    ["LambdaFunctionTimedOut", "States.Timeout"],
    ["LambdaFunctionScheduleFailed", "LambdaFunctionScheduleFailed"],
    ["TaskSubmitFailed", "TaskSubmitFailed"],
    ["ActivityFailed", "ActivityFailed"],
  ]) {
    const kind = /^(LambdaFunction|Task|Activity)/.exec(ending)[1];
    const { visits, failures, transitions } = read_(
      entered("Task", "a"),
      [`${kind}Scheduled`],
      [ending],
      [`${kind}Scheduled`],
      [`${kind}Started`],
      [`${kind}Succeeded`, { output: "{}" }],
      exited("Task", "a"),
    );
    assert.deepEqual(
      visits[0].attempts.map((one) => [one.outcome, one.error, one.end - one.start]),
      [
        ["failed", error, 1000],
        ["succeeded", undefined, 2000],
      ],
    );
    assert.deepEqual([visits[0].fate, transitions], ["retried", 2]);
    assert.equal(failures[0].result, "Retried after 1 s.");
  }
  const waits = read_(entered("Task", "a"), ["TaskScheduled"], ["TaskFailed"]);
  assert.equal(waits.failures[0].result, "It waits for its next attempt.");
});

test("a function that could not be scheduled was tried", () => {
  const { visits, failures } = read_(
    entered("Task", "a"),
    ["LambdaFunctionScheduleFailed", { error: "E", cause: '{"errorMessage": "No."}' }],
    exited("Task", "a"),
    entered("Pass", "b"),
  );

  assert.deepEqual([visits[0].fate, visits[0].attempts.length], ["caught", 1]);
  assert.deepEqual(
    failures.map(({ error, sentence, result }) => [error, sentence, result]),
    [["E", "No.", "Caught: the execution went on with “b”."]],
  );
});

test("an execution that fails outside of an attempt has this failure", () => {
  const { visits, failures } = read_(
    entered("Task", "a"),
    ["TaskScheduled"],
    ["TaskSucceeded"],
    ["ExecutionFailed", { error: "States.Runtime", cause: "No such path." }],
  );

  assert.equal(visits[0].fate, "failed");
  assert.deepEqual(
    failures.map(({ error, sentence, result }) => [error, sentence, result]),
    [["States.Runtime", "No such path.", "The execution failed here."]],
  );
});

test("a redrive goes on where the execution ended, whether or not the state is entered again", () => {
  const failed = [entered("Task", "a"), ["TaskScheduled"], ["TaskFailed", { error: "E" }], ["ExecutionFailed"]];
  const done = [["TaskScheduled"], ["TaskSucceeded"], exited("Task", "a"), entered("Pass", "b")];

  const same = read_(...failed, ["ExecutionRedriven"], ...done);
  const again = read_(...failed, ["ExecutionRedriven"], entered("Task", "a"), ...done);

  const stopped = read_(...failed, ["ExecutionRedriven"], ["TaskScheduled"], ["ExecutionAborted"]);
  assert.deepEqual([fates(stopped), stopped.visits[0].attempts[1].outcome], [{ a: "stopped" }, "stopped"]);
  assert.deepEqual([same.visits.length, same.visits[0].fate, same.visits[0].error], [2, "retried", undefined]);
  assert.deepEqual(
    again.visits.map(({ fate, next }) => [fate, next]),
    [
      ["failed", undefined],
      ["passed", "b"],
      ["running", undefined],
    ],
  );
  assert.equal(fateInWords(again.byState.get("a")), "passed after 1 retry, visited 2 times");
  assert.equal(fateInShort(again.byState.get("a")), "↻ 1 retry ×2");
  assert.deepEqual(again.taken, new Map([[edge("a", "b"), 1]]));
});

test("a Map Run that failed is redriven", () => {
  for (const again of ["MapRunRedriven", "MapStateStarted"]) {
    const { visits, redrives } = read_(
      entered("Map", "each"),
      ["MapStateStarted"],
      ["MapRunStarted"],
      ["MapRunFailed", { error: "States.ExceedToleratedFailureThreshold" }],
      ["MapStateFailed"],
      ["ExecutionFailed", { error: "States.ExceedToleratedFailureThreshold" }],
      ["ExecutionRedriven"],
      [again],
      ["MapRunSucceeded"],
      exited("Map", "each"),
    );

    assert.deepEqual([fates({ visits }), redrives.length], [{ each: "passed" }, 1]);
  }
});

test("a failure within a Parallel state is caught by it", () => {
  const { visits, failures, taken } = read_(
    entered("Parallel", "both"), // its id is 2
    ["ParallelStateStarted"],
    entered("Task", "left"),
    ["TaskScheduled"], // 5
    [...entered("Wait", "right"), 3],
    ["TaskFailed", { error: "E", cause: "No." }, 5],
    ["ParallelStateFailed"],
    exited("Parallel", "both"),
    entered("Pass", "after"),
    exited("Pass", "after"),
    ["ExecutionSucceeded"],
  );

  assert.deepEqual(fates({ visits }), { both: "caught", left: "failed", right: "stopped", after: "passed" });
  assert.deepEqual([visits[0].next, visits[0].error, visits[1].next], ["after", "E", undefined]);
  assert.deepEqual(
    failures.map(({ visit, result }) => [visit.state, result]),
    [
      ["both", "Caught: the execution went on with “after”."],
      ["left", "“both” failed with it."],
    ],
  );
  assert.deepEqual([...taken.keys()].sort(), [edge("both", "after"), edge("both", "left"), edge("both", "right")]);
});

test("a failure within a Parallel state fails those that it is in, and stops the others", () => {
  const { visits } = read_(
    entered("Parallel", "both"),
    ["ParallelStateStarted"],
    entered("Task", "left"),
    ["TaskScheduled"],
    [...entered("Task", "right"), 3],
    ["TaskScheduled"],
    ["TaskFailed", { error: "E" }, 5],
    ["ExecutionFailed", { error: "E" }],
  );

  assert.deepEqual(fates({ visits }), { both: "failed", left: "failed", right: "stopped" });
  assert.equal(visits[2].attempts[0].outcome, "stopped");
});

test("the items of a Map state are within it", () => {
  const { visits, taken } = read_(
    entered("Map", "each"),
    ["MapStateStarted"],
    ["MapIterationStarted"],
    entered("Pass", "item"),
    exited("Pass", "item"),
    ["MapIterationSucceeded"],
    ["MapIterationStarted"], // after the item before it, as with a MaxConcurrency of 1
    entered("Pass", "item"),
    exited("Pass", "item"),
    ["MapIterationSucceeded"],
    ["MapStateSucceeded"],
    [...exited("Map", "each"), 10], // some emulators name an event within it
    entered("Succeed", "after"),
  );

  assert.deepEqual(
    visits.map(({ state, next, within }) => [state, next, within?.state]),
    [
      ["each", "after", undefined],
      ["item", undefined, "each"],
      ["item", undefined, "each"],
      ["after", undefined, undefined],
    ],
  );
  assert.deepEqual(
    taken,
    new Map([
      [edge("each", "item"), 2],
      [edge("each", "after"), 1],
    ]),
  );
});

test("an execution ends as its last event says", () => {
  for (const [ending, fate] of [
    ["ExecutionAborted", "stopped"],
    ["ExecutionTimedOut", "stopped"],
    ["ExecutionFailed", "failed"],
    ["ExecutionSucceeded", "passed"],
  ]) {
    const { visits, end } = read_(entered("Pass", "a"), [ending]);
    assert.deepEqual([visits[0].fate, end], [fate, START + 2000]);
  }
  const running = read_(entered("Pass", "a"));
  assert.deepEqual([fates(running).a, running.end], ["running", START + 1_000_000]);
});

test("timestamps can be in any zone and have microseconds", () => {
  const event = { id: 1, previousEventId: 0, type: "ExecutionStarted", timestamp: "2030-01-01T11:00:00.250000+02:00" };
  assert.equal(read([event], 0).start, START + 250);
});

/** Return visits of states that passed, a minute apart and half a minute long. */
function passed(names, others = {}) {
  return [...names].map((state, index) => {
    const start = START + 60_000 * index;
    return { index, state, type: "Wait", start, end: start + 30_000, fate: "passed", attempts: [], ...others[index] };
  });
}

const rounds = (rows) => rows.map(({ visits, period }) => `${period}:${visits.map(({ state }) => state).join("")}`);

test("three rounds or more in which all passed are one row", () => {
  assert.deepEqual(rounds(foldLoops(passed("sabababae"))), ["0:s", "2:ababab", "0:a", "0:e"]);
  assert.deepEqual(rounds(foldLoops(passed("abcdabcdabcd"))), ["4:abcdabcdabcd"]);
  assert.deepEqual(rounds(foldLoops(passed("abab"))), ["0:a", "0:b", "0:a", "0:b"]);
  assert.deepEqual(rounds(foldLoops(passed("aaaaaaa"))), ["1:aaaaaaa"]);
  const fate = "retried";
  assert.deepEqual(rounds(foldLoops(passed("aaaaaaa", { 3: { fate } }))), ["1:aaa", "0:a", "1:aaa"]);
});

test("a long pause is drawn less wide, and everything stays in its order", () => {
  const visits = passed("ab");
  visits[1] = { ...visits[1], start: START + 1_000_000, end: START + 1_001_000 };
  const scale = scaleOf(foldLoops(visits), { start: START, end: START + 1_001_000 });
  const places = [visits[0].start, visits[0].end, visits[1].start, visits[1].end].map((time) =>
    Math.round(scale(time)),
  );

  assert.deepEqual([places[0], places[3]], [0, 100]);
  assert.ok(places[1] > 20 && places[1] < places[2] && places[2] < 100, String(places));
});
