"""Amazon EventBridge in the sandbox: a rule starts what it targets in its role, or leaves the event in the queue.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from moto.events.models import EventsBackend, Rule, events_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends

from sandbox import iam
from sandbox.clock import replaced

Event = Any
Start = Callable[[Event], object]

SERVICE = {"events.amazonaws.com"}
ACTIONS = {"states": "states:StartExecution", "events": "events:PutEvents"}
OF_AWS = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}


@contextmanager
def install(start: Start) -> Iterator[None]:
    """Let rules do what EventBridge does with an event that matches; the workflow is started as given."""
    put = EventsBackend.put_events

    def send_to_targets(self: Rule, event: Event, transform_input: bool = True) -> None:
        if self.state == "ENABLED" and self.event_pattern.matches_event(event):
            for target in self.targets:
                _send(self, target, _as_delivered(event), start)

    def put_events(self: EventsBackend, events: list[Event]) -> list[Event]:
        """Nobody but AWS puts events in the name of its services."""
        return [OF_AWS if one.get("Source", "").startswith("aws.") else put(self, [one])[0] for one in events]

    with (
        replaced(Rule, "send_to_targets", send_to_targets),
        replaced(EventsBackend, "put_events", put_events),
    ):
        yield


def is_event(document: Any) -> bool:
    """Tell an event of EventBridge from a request."""
    return isinstance(document, dict) and {"detail-type", "source", "account", "region"} <= set(document)


def deliver(event: Event) -> None:
    """Put a whole event on the default bus of its account, as the services of AWS do."""
    _deliver(event, event["account"], event["region"], "default")


def _deliver(event: Event, account: str, region: str, bus: str) -> None:
    for rule in list(events_backends[account][region].describe_event_bus(bus).rules.values()):
        rule.send_to_targets(event)


def _as_delivered(event: Event) -> Event:
    """Give an event its time as AWS writes it, where moto has written a number."""
    time = event["time"]
    if isinstance(time, int | float):
        time = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {key: value for key, value in event.items() if key != "ingestion-time"} | {"time": time}


def _send(rule: Rule, target: Event, event: Event, start: Start) -> None:
    _, _, service, region, account, resource = target["Arn"].split(":", 5)
    bus = resource.removeprefix("event-bus/") if service == "events" else ""
    if not _may(rule, target["RoleArn"], ACTIONS[service], target["Arn"]) or (
        bus and not _bus_lets_in(rule, account, region, bus)
    ):
        _leave(rule, target, event)
    elif bus:
        _deliver(event, account, region, bus)
    else:
        start(event)


def _may(rule: Rule, role_arn: str, action: str, resource: str) -> bool:
    """Tell whether the role lets EventBridge in for the rule, and may do it."""
    account = role_arn.split(":")[4]
    if not iam.allows(iam.trust_of_role(role_arn), SERVICE, "sts:AssumeRole", role_arn, _context(rule)):
        return False
    session = sts_backends[account]["aws"].assume_role(rule.arn.split(":")[3], "events", role_arn, "", 3_600, "")
    return iam.refusal(session, action, resource, {}) is None


def _bus_lets_in(rule: Rule, account: str, region: str, bus: str) -> bool:
    """Another account's bus has to let this one in."""
    policy = events_backends[account][region].describe_event_bus(bus).policy
    own = {rule.created_by, f"arn:aws:iam::{rule.created_by}:root"}
    arn = f"arn:aws:events:{region}:{account}:event-bus/{bus}"
    return account == rule.created_by or bool(policy and iam.allows(policy, own, "events:PutEvents", arn, {}))


def _leave(rule: Rule, target: Event, event: Event) -> None:
    """Leave the event in the dead-letter queue, where there is one that lets the rule write to it."""
    arn = target.get("DeadLetterConfig", {}).get("Arn")
    if arn:
        _, _, _, region, account, name = arn.split(":")
        queue = sqs_backends[account][region].get_queue(name)
        if iam.allows(str(queue.policy), SERVICE, "sqs:SendMessage", arn, _context(rule)):
            sqs_backends[account][region].send_message(name, json.dumps(event))


def _context(rule: Rule) -> dict[str, str]:
    return {"aws:SourceArn": rule.arn, "aws:SourceAccount": rule.created_by, "aws:SecureTransport": "true"}
