"""How an input starts the workflow, or the function that audits: on the event bus, or by hand."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.events.models import events_backends
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws import eventbridge
from sandbox.aws.lambda_ import invocations
from sandbox.aws.stepfunctions import status_changes
from sandbox.world import Sandbox


class EventError(ValueError):
    """The event bus cannot take an event; the message says why."""


@dataclass(frozen=True)
class Started:
    """The executions that an input started, and for an event, what the event bus did with it."""

    executions: list[Execution]
    sentence: str | None = None


def is_promotion(event: Any) -> bool:
    """Return whether the event is the input of a promotion."""
    return isinstance(event, dict) and not {"Destinations", "DestinationsFrom"}.isdisjoint(event)


def kind_of(event: Any) -> str:
    """Return what an input is: a promotion, an audit, a request, an approval, or a status change of Step Functions."""
    if is_promotion(event):
        return "promotion"
    if isinstance(event, dict) and "Accounts" in event:
        return "audit"
    if not eventbridge.is_event(event):
        return "request"
    return "status change" if event["source"] == "aws.states" else "approval"


def start(aws: Sandbox, event: Any) -> Started:
    """Put an event on the bus; start an execution by hand if the input is not an event or no rule matches the event.

    A status change of Step Functions and an audit start no execution.

    Raises EventError if the input is an event that no bus takes.
    """
    return _WAYS[kind_of(event)](aws, event)


def _promote(aws: Sandbox, event: Any) -> Started:
    return Started([aws.start(event, machine=aws.deployment.promotion_machine_arn)])


def _audit(aws: Sandbox, event: Any) -> Started:
    function = aws.deployment.function("AuditGrantsFunction")
    invocations.invoke(function, event, aws.clock, aws.lambdas.run)
    return Started([], "AuditGrantsFunction audits the grants in the accounts of the event.")


def _copy(aws: Sandbox, event: Any) -> Started:
    return Started([aws.start(event)])


def _approve(aws: Sandbox, event: Any) -> Started:
    started = aws.put(_complete(aws, event))
    rule, then = ("A rule", ".") if started else ("No rule", ", so the execution is started by hand.")
    sentence = f"{rule} of the event bus matches the event from account {event['account']}{then}"
    return Started(started or [aws.start(event)], sentence)


def _announce(aws: Sandbox, event: Any) -> Started:
    event = status_changes.of_machine(_complete(aws, event), aws.deployment.state_machine_arn)
    aws.put(event)
    rule = "A rule" if eventbridge.takes(event) else "No rule"
    return Started([], f"{rule} of the event bus matches the event from Step Functions.")


_WAYS: dict[str, Callable[[Sandbox, Any], Started]] = {
    "promotion": _promote,
    "audit": _audit,
    "request": _copy,
    "approval": _approve,
    "status change": _announce,
}


def _complete(aws: Sandbox, event: Any) -> Any:
    """Return an event with the fields that EventBridge adds.

    Raises EventError if the event has no detail, or no account and Region that have a bus.
    """
    account, region, detail = event["account"], event["region"], event.get("detail")
    if not (isinstance(account, str) and account.isdecimal() and len(account) == 12):
        raise EventError(f"account must be the 12 digits of an AWS account; got {account!r}.")
    if not (isinstance(region, str) and region in events_backends[account]):
        raise EventError(f"region must be a Region of AWS; got {region!r}.")
    if not isinstance(detail, dict) or not isinstance(detail.get("stateMachineArn", ""), str):
        raise EventError("detail must be an object, and its stateMachineArn, if it has one, a string.")
    return {"version": "0", "id": str(uuid.uuid4()), "time": aws.clock.time(), "resources": [], **event}
