// Run state machines in the package aws-local-stepfunctions, for test_second_interpreter.py.
//
// Both sides write one JSON object a line. Python sends a run. This program sends back each task and each delay, which
// Python runs and waits for, and at the end how the run ended.

import { readSync, writeFileSync } from "node:fs";
import { StateMachine } from "aws-local-stepfunctions";

const [STDIN, STDOUT] = [0, 1];
const chunk = Buffer.alloc(65_536);
const machines = {};
const timers = new Set();
let unread = "";
let now; // the time in the sandbox, as Python last sent it

function send(message) {
  writeFileSync(STDOUT, `${JSON.stringify(message)}\n`);
}

function receive() {
  while (!unread.includes("\n")) {
    const length = readSync(STDIN, chunk);
    if (!length) process.exit();
    unread += chunk.toString("latin1", 0, length); // Python sends ASCII
  }
  const end = unread.indexOf("\n");
  const message = JSON.parse(unread.slice(0, end));
  unread = unread.slice(end + 1);
  now = message.now;
  return message;
}

function ask(question) {
  send(question);
  return receive();
}

function invoke(resource, payload) {
  const { answer, error, cause } = ask({ resource, payload });
  if (error) throw Object.assign(new Error(cause), { name: error });
  return answer;
}

// The package computes each delay itself; the delay passes on the sandbox's clock.
globalThis.setTimeout = (work, milliseconds) => {
  const timer = { work, due: Date.parse(now) + milliseconds };
  timers.add(timer);
  return timer;
};
globalThis.clearTimeout = (timer) => timers.delete(timer);
Math.random = () => 0.5; // jitter takes half of each delay, in both interpreters

function passTime() {
  const next = [...timers].reduce((one, other) => (other.due < one.due ? other : one));
  timers.delete(next);
  ask({ sleep: (next.due - Date.parse(now)) / 1_000 });
  next.work();
}

// Validating a definition takes a tenth of a second.
function machineOf(definition) {
  const key = JSON.stringify(definition);
  machines[key] ??= new StateMachine(definition);
  return machines[key];
}

function failure(error) {
  if (error.name === "ExecutionTimeoutError") return { status: "TIMED_OUT" };
  return { status: "FAILED", error: error.cause.name, cause: error.cause.message };
}

async function run({ definition, input, execution }) {
  const tasks = Object.entries(definition.States).filter(([, state]) => state.Type === "Task");
  const handlers = tasks.map(([name, { Resource }]) => [name, (payload) => invoke(Resource, payload)]);
  const { result, eventLogs } = machineOf(definition).run(input, {
    overrides: { taskResourceLocalHandlers: Object.fromEntries(handlers) },
    // The package has no EnteredTime. No time passes between entering a state and reading it.
    context: {
      Execution: execution,
      State: {
        get EnteredTime() {
          return now;
        },
      },
    },
  });
  let ending;
  result.then(
    (output) => (ending = { status: "SUCCEEDED", output }),
    (error) => (ending = failure(error)),
  );
  for (;;) {
    await new Promise(setImmediate);
    if (ending) break;
    passTime();
  }
  timers.clear();
  const states = [];
  for await (const event of eventLogs) if (event.type === "StateEntered") states.push(event.state.name);
  return { states, ending: { error: null, cause: null, output: null, ...ending } };
}

for (;;) send({ ended: await run(receive()) });
