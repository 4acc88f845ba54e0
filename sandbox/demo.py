"""``make demo``: run one story and tell it in a screen."""

import json
from collections import Counter
from collections.abc import Iterator
from textwrap import fill, indent
from typing import Any

from moto.stepfunctions.parser.backend.execution import Execution

from sandbox import demo_promotion, starting, story_lines
from sandbox.aws.clock import VirtualClock
from sandbox.aws.stepfunctions.interpreter import DOLLARS_PER_TRANSITION, paid_transitions
from sandbox.demo_states import Printer
from sandbox.own_stories import Story
from sandbox.page import report
from sandbox.page.document import document_of
from sandbox.page.files import ROOT
from sandbox.plans import Plan
from sandbox.usage import UsageError
from sandbox.visits import visits_of
from sandbox.world import Sandbox, sandbox

REPORT = ROOT / "build" / "demo.html"
WIDTH = 116


def run(story: Story, faults: str, *, verbose: bool = False) -> None:
    """Run the story; print what happened, how it ended, and what was announced.

    Raises PlanError if the plan of faults is malformed.
    """
    Plan(faults)
    clock = VirtualClock()
    with sandbox(clock, accounts=story.accounts) as aws:
        aws.announces = aws.records.recording = True
        aws.create(story.world)
        event = story.event
        aws.follow(faults, event)
        print(f"{story.name}: {story.about}")
        promotes = starting.is_promotion(event)
        if verbose and not promotes:
            aws.listeners.append(Printer(clock).hear)
        started = _start(aws, event)
        if started.sentence:
            print(fill(started.sentence, WIDTH + 4))
        execution = next(iter(started.executions), None)
        clock.run()
        if execution:
            _print_execution(aws, execution, promotes, verbose)
        _print_announcements(aws, verbose)
        if execution and not promotes:
            for line in story_lines.tell_others(visits_of(execution.to_history_output()["events"]), aws.records.calls):
                print(line)
        for place in aws.plan.unused:
            print(f"Nothing was called where a fault was injected: {place}.")
        if execution:
            _write_report(aws, execution)


def _write_report(aws: Sandbox, execution: Execution) -> None:
    report.write(document_of(aws, execution, "../docs/errors.md"), REPORT)
    print(f"\nReport: {REPORT.relative_to(ROOT)}")


def _start(aws: Sandbox, event: Any) -> starting.Started:
    """Start what the event starts; start an execution by hand if no event bus takes the event."""
    try:
        return starting.start(aws, event)
    except starting.EventError as error:
        if starting.kind_of(event) == "status change":
            raise UsageError(f"The event bus does not take the event: {error}") from error
        sentence = f"The event bus does not take the event, so the execution is started by hand: {error}"
        return starting.Started([aws.start(event)], sentence)


def _print_execution(aws: Sandbox, execution: Execution, promotes: bool, verbose: bool) -> None:
    history = execution.to_history_output()["events"]
    transitions = paid_transitions(history)
    if promotes:
        demo_promotion.print_states(execution, aws)
        transitions = sum(demo_promotion.transitions(execution, aws.executions))
    elif not verbose:
        print()
        calls = [call for call in aws.records.calls if call.execution == execution.exec_arn]
        for line in story_lines.tell(visits_of(history), calls):
            print(line)
    _print_result(execution, transitions, len(history), verbose)


def _print_result(execution: Execution, transitions: int, events: int, verbose: bool) -> None:
    """Print how the execution ended and what it cost."""
    ended: Any = execution.stop_date
    took = story_lines.clock_time(ended - execution.start_date)
    cost = (
        f"{transitions} paid state transitions (${transitions * DOLLARS_PER_TRANSITION:.4f}), {events} history events"
    )
    print(f"\n\n{execution.status}" if verbose else f"\n{execution.status} after {took}: {cost}")
    output = execution.output
    if not output:
        print(_wrapped(f"{execution.error}: {_sentence(execution.cause)}"))
    elif verbose:
        print(json.dumps(output, indent=2))
    else:
        for line in _outcome(output):
            print(_wrapped(line))
    if verbose:
        print(cost)


def _sentence(cause: str | None) -> str:
    """Return the sentence of a Cause; Lambda wraps it in JSON."""
    try:
        return str(json.loads(cause or "")["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause or "there is no Cause"


def _wrapped(text: str) -> str:
    """Return the text in lines; ARNs stay whole, so that they can be copied."""
    return indent(fill(text, WIDTH, break_on_hyphens=False, break_long_words=False), "  ")


def _outcome(output: Any) -> Iterator[str]:
    """Yield what a person needs of the output of a copy, a plan or a promotion."""
    if plan := output.get("Plan"):
        yield f"Plan: {plan['Action']}. {plan['Cause'] or ''}".rstrip()
        if plan["ProjectVersionArn"]:
            yield f"Version: {plan['ProjectVersionArn']}"
    if output.get("ProjectVersionArn"):
        found = "found" if output.get("Adopted") else "copied"
        yield f"{output['ProjectVersionArn']} was {found}; its status is {output['Status']}."
    for name in ("Ignored", "Sentence", "Table"):
        if output.get(name):
            yield f"{name}: {output[name]}"


def _print_announcements(aws: Sandbox, verbose: bool) -> None:
    """Print the events and mails about the ending."""
    print("\nAnnounced:" if aws.outcomes or aws.mails else "\nNothing was announced.")
    for kind, number in Counter(event["detail-type"] for event in aws.outcomes).items():
        print(f"  Event  {kind}{f', {number} times' if number > 1 else ''}")
    for mail in aws.mails:
        print(f"  Mail   {mail.subject}")
        if verbose:
            print(indent(mail.message.rstrip(), " " * 9))
    for letter in aws.dead_letters:
        why = letter.attributes.get("ErrorMessage") or letter.attributes.get("ERROR_MESSAGE")
        print(f"  In the dead-letter queue: {letter.event['detail-type']} ({why})")
