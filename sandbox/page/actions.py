"""What a person does on the page: start an execution, stop or redrive one, and let time pass."""

import json
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.parser.backend.execution import Execution

from sandbox import starting
from sandbox.aws.fast_clock import FastClock
from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions import executions, interpreter
from sandbox.known_faults import PlanError
from sandbox.page.refusals import Refused
from sandbox.page.state import executions_of, time_of
from sandbox.stories import read_event, stories
from sandbox.world import Sandbox

Answer = dict[str, Any]
LONGEST_ADVANCE = 30 * 24 * 3_600
LARGEST_INPUT = 262_144  # bytes, as on AWS


def start(aws: Sandbox, clock: FastClock, body: Answer) -> Answer:
    """Start an execution from an event, with faults from then on."""
    event = _event(body.get("event"))
    faults = body.get("faults", "")
    if not isinstance(faults, str):
        raise Refused("faults must be a string: a plan of faults.")
    try:
        aws.follow(faults, event)
        settings.reset()
        vars(settings).update(aws.plan.settings)
        started = starting.start(aws, event)
    except (PlanError, starting.EventError) as error:
        raise Refused(str(error)) from error
    return {"executions": [one.exec_arn for one in started.executions], "sentence": started.sentence}


def stop(aws: Sandbox, clock: FastClock, body: Answer) -> Answer:
    """Stop a running execution, as Stop in the console does."""
    execution = execution_of(aws, body.get("arn"))
    if execution.status != "RUNNING":
        raise Refused(f"An execution that is {execution.status} cannot be stopped.")
    executions.stop(execution)
    return {}


def redrive(aws: Sandbox, clock: FastClock, body: Answer) -> Answer:
    """Redrive an execution that did not succeed."""
    try:
        interpreter.redrive(execution_of(aws, body.get("arn")))
    except ValueError as error:
        raise Refused(str(error)) from error
    return {}


def advance(aws: Sandbox, clock: FastClock, body: Answer) -> Answer:
    """Let time pass."""
    seconds = body.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 1 <= seconds <= LONGEST_ADVANCE:
        raise Refused(f"seconds must be a number from 1 to {LONGEST_ADVANCE}, which is 30 days; got {seconds!r}.")
    clock.advance(seconds)
    return {"now": time_of(clock)}


ACTIONS: dict[str, Callable[[Sandbox, FastClock, Answer], Answer]] = {
    "start": start,
    "stop": stop,
    "redrive": redrive,
    "advance": advance,
}


def execution_of(aws: Sandbox, arn: object) -> Execution:
    """Return an execution of one of the workflow's state machines.

    Raises Refused if there is none with this ARN.
    """
    found = [one for ones in executions_of(aws) for one in ones if one.exec_arn == arn]
    if not found:
        raise Refused(f"There is no execution {arn}.", 404)
    return found[0]


def _event(given: Any) -> Any:
    """Return an event by its name in events/, or the event itself."""
    if isinstance(given, str):
        if given not in stories():
            raise Refused(f"There is no event named {given!r} in events/.")
        return read_event(given)
    if not isinstance(given, dict):
        raise Refused("event must be a JSON object, or the name of a file in events/ without .json.")
    if len(json.dumps(given).encode()) > LARGEST_INPUT:
        raise Refused(f"event must have at most {LARGEST_INPUT} bytes, the limit of Step Functions.")
    return given
