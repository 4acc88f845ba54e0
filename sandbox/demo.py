"""``make demo``: run one story and print it state by state."""

import json
from datetime import timedelta
from textwrap import indent
from typing import Any

from moto.stepfunctions.parser.backend.execution import Execution

from sandbox import demo_promotion
from sandbox.aws import eventbridge
from sandbox.aws.clock import EPOCH, VirtualClock
from sandbox.aws.stepfunctions import status_changes
from sandbox.aws.stepfunctions.interpreter import DOLLARS_PER_TRANSITION, paid_transitions
from sandbox.stories import WORLDS, read_event
from sandbox.world import Sandbox, sandbox

ALWAYS_SHOWN = ("Status", "WaitSeconds")


class Printer:
    """Prints each state as it is entered, with the virtual time and then the result."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._attempts = 0
        self._choosing = False
        self._known: dict[str, Any] = {}

    def hear(self, event: Any) -> None:
        """Print an event of the history, if it is of interest to a person."""
        kind = str(event["type"].value)
        if kind.endswith("StateEntered"):
            self._enter(event["stateEnteredEventDetails"]["name"], is_choice=kind.startswith("Choice"))
        elif kind == "LambdaFunctionScheduled":
            self._attempts += 1
        elif kind == "LambdaFunctionFailed":
            self._fail(event["lambdaFunctionFailedEventDetails"])
        elif kind == "LambdaFunctionSucceeded":
            self._answer(json.loads(event["lambdaFunctionSucceededEventDetails"]["output"]))

    def _enter(self, name: str, *, is_choice: bool) -> None:
        if self._choosing:
            print(f"-> {name}", end="")
        print(f"\n{self._passed()}  {name:25} ", end="", flush=True)
        self._attempts, self._choosing = 0, is_choice

    def _answer(self, answer: dict[str, Any]) -> None:
        """Print what is new in the answer of a task."""
        news = {key: value for key, value in answer.items() if key in ALWAYS_SHOWN or self._known.get(key) != value}
        self._known.update(answer)
        attempt = f"\n{self._passed()}    attempt {self._attempts}: " if self._attempts > 1 else ""
        print(attempt + ", ".join(f"{key} {value}" for key, value in news.items()), end="", flush=True)

    def _fail(self, details: Any) -> None:
        print(f"\n{self._passed()}    attempt {self._attempts}: {details['error']}", end="", flush=True)

    def _passed(self) -> str:
        return f"{timedelta(seconds=int(self._clock.time() - EPOCH.timestamp()))!s:>15}"


def _start(aws: Sandbox, event: Any) -> Execution | None:
    """Put an event on the bus; start an execution by hand if the input is not an event or no rule matches the event.

    Return None for a status change of Step Functions, which starts no execution.
    """
    if demo_promotion.is_promotion(event):
        return aws.start(event, machine=aws.deployment.promotion_machine_arn)
    if not eventbridge.is_event(event):
        return aws.start(event)
    if event["source"] == "aws.states":
        event = status_changes.of_machine(event, aws.deployment.state_machine_arn)
        aws.put(event)
        print(
            f"{'A' if eventbridge.takes(event) else 'No'} rule of the event bus matches the event from Step Functions."
        )
        return None
    started = aws.put(event)
    rule, then = ("A rule", ".") if started else ("No rule", ", so the execution is started by hand.")
    print(f"{rule} of the event bus matches the event from account {event['account']}{then}")
    return started[0] if started else aws.start(event)


def _print_result(execution: Execution, transitions: int) -> None:
    """Print how the execution ended and what it cost."""
    history = execution.to_history_output()["events"]
    print(f"\n\n{execution.status}")
    if execution.output:
        print(json.dumps(execution.output, indent=2))
    else:
        print(f"{execution.error}: {execution.cause}")
    dollars = transitions * DOLLARS_PER_TRANSITION
    print(f"{transitions} paid transitions (${dollars:.4f}), {len(history)} history events")


def _print_announcements(aws: Sandbox) -> None:
    """Print the events and mails about the ending."""
    print("\nAnnounced:" if aws.outcomes or aws.mails else "\nNothing was announced.")
    for event in aws.outcomes:
        print(f"  Event  {event['detail-type']}")
    for mail in aws.mails:
        print(f"  Mail   {mail.subject}\n{indent(mail.message.rstrip(), ' ' * 9)}")
    for letter in aws.dead_letters:
        why = letter.attributes.get("ErrorMessage") or letter.attributes.get("ERROR_MESSAGE")
        print(f"  In the dead-letter queue: {letter.event['detail-type']} ({why})")


def run(story: str, faults: str) -> None:
    """Run the story, then print its result and the announcements."""
    clock = VirtualClock()
    with sandbox(clock) as aws:
        aws.announces = True
        aws.seed(story)
        aws.follow(faults, read_event(story))
        print(f"{story}: {(WORLDS / f'{story}.yaml').read_text().splitlines()[0].removeprefix('# ')}")
        promotes = demo_promotion.is_promotion(read_event(story))
        if not promotes:
            aws.listeners.append(Printer(clock).hear)
        execution = _start(aws, read_event(story))
        clock.run()
        if execution and promotes:
            demo_promotion.print_states(execution, aws.executions)
            _print_result(execution, sum(demo_promotion.transitions(execution, aws.executions)))
        elif execution:
            _print_result(execution, paid_transitions(execution.to_history_output()["events"]))
        _print_announcements(aws)
