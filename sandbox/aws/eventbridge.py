"""Amazon EventBridge in the sandbox: a rule starts what it targets, if it may, or leaves the event in the queue.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from moto.awslambda_simple.models import lambda_simple_backends
from moto.events.models import EventsBackend, Rule, events_backends
from moto.events.responses import EventsHandler
from moto.sts.models import sts_backends

from sandbox.aws import sqs
from sandbox.aws.clock import Clock, replaced
from sandbox.aws.iam import policies

Event = Any
Start = Callable[[Event], object]
Invoke = Callable[[str, Event], object]

SERVICE = {"events.amazonaws.com"}
ACTIONS = {"states": "states:StartExecution", "events": "events:PutEvents"}
OF_AWS = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}


@contextmanager
def install(clock: Clock, start: Start, invoke: Invoke, outcomes: list[Event]) -> Iterator[None]:
    """Let rules do what EventBridge does with an event that matches; workflow and functions are started as given.

    What functions put on a bus is added to the outcomes.
    """
    put, respond = EventsBackend.put_events, EventsHandler.put_events

    def send_to_targets(self: Rule, event: Event, transform_input: bool = True) -> None:
        if self.state == "ENABLED" and self.event_pattern.matches_event(event):
            for target in self.targets:
                _send(self, target, _as_delivered(event), start, invoke)

    def put_events(self: EventsBackend, events: list[Event]) -> list[Event]:
        """Nobody but AWS puts events in the name of its services."""
        timed = [{"Time": clock.time(), **one} for one in events]
        return [OF_AWS if one.get("Source", "").startswith("aws.") else put(self, [one])[0] for one in timed]

    def answer_put_events(self: EventsHandler) -> str:
        answer = respond(self)
        entries = zip(self._get_param("Entries"), json.loads(answer)["Entries"], strict=True)
        if policies.session_of(self.access_key):
            outcomes.extend(_put(self, entry, told["EventId"]) for entry, told in entries if "EventId" in told)
        return answer

    with (
        replaced(Rule, "send_to_targets", send_to_targets),
        replaced(EventsBackend, "put_events", put_events),
        replaced(EventsHandler, "put_events", answer_put_events),
    ):
        yield


def is_event(document: Any) -> bool:
    """Tell an event of EventBridge from a request."""
    return isinstance(document, dict) and {"detail-type", "source", "account", "region"} <= set(document)


def takes(event: Event) -> bool:
    """Tell whether a rule on the default bus of its account takes an event."""
    rules = events_backends[event["account"]][event["region"]].describe_event_bus("default").rules.values()
    return any(rule.state == "ENABLED" and rule.event_pattern.matches_event(event) for rule in rules)


def deliver(event: Event) -> None:
    """Put a whole event on the default bus of its account, as the services of AWS do."""
    _deliver(event, event["account"], event["region"], "default")


def _deliver(event: Event, account: str, region: str, bus: str) -> None:
    for rule in list(events_backends[account][region].describe_event_bus(bus).rules.values()):
        rule.send_to_targets(event)


def _put(request: EventsHandler, entry: Event, event_id: str) -> Event:
    """Give the event that an entry is, with the bus that it is put on."""
    return {
        "id": event_id,
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": request.current_account,
        "region": request.region,
        "resources": entry.get("Resources", []),
        "detail": json.loads(entry["Detail"]),
        "bus": (entry.get("EventBusName") or "default").rpartition("/")[2],
    }


def _as_delivered(event: Event) -> Event:
    """Give an event its time as AWS writes it, where moto has written a number."""
    time = event["time"]
    if isinstance(time, int | float):
        time = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {key: value for key, value in event.items() if key != "ingestion-time"} | {"time": time}


def _send(rule: Rule, target: Event, event: Event, start: Start, invoke: Invoke) -> None:
    arn = target["Arn"]
    _, _, service, region, account, resource = arn.split(":", 5)
    bus = resource.removeprefix("event-bus/")
    if service == "lambda":
        let_in = _function_lets_in(rule, account, region, arn)
    else:
        let_in = _may(rule, target["RoleArn"], ACTIONS[service], arn)
    if not let_in or (service == "events" and not _bus_lets_in(rule, account, region, bus)):
        _leave(rule, target, event)
    elif service == "lambda":
        invoke(arn, event)
    elif service == "events":
        _deliver(event, account, region, bus)
    else:
        start(event)


def _may(rule: Rule, role_arn: str, action: str, resource: str) -> bool:
    """Tell whether the role lets EventBridge in for the rule, and may do it."""
    account = role_arn.split(":")[4]
    if not policies.allows(policies.trust_of_role(role_arn), SERVICE, "sts:AssumeRole", role_arn, _context(rule)):
        return False
    session = sts_backends[account]["aws"].assume_role(rule.arn.split(":")[3], "events", role_arn, "", 3_600, "")
    return policies.refusal(session, action, resource, {}) is None


def _function_lets_in(rule: Rule, account: str, region: str, arn: str) -> bool:
    """A function's own policy has to let EventBridge in for the rule; it takes no role."""
    statements = lambda_simple_backends[account][region].get_function(arn).policy.statements
    return policies.allows(json.dumps({"Statement": statements}), SERVICE, "lambda:InvokeFunction", arn, _context(rule))


def _bus_lets_in(rule: Rule, account: str, region: str, bus: str) -> bool:
    """Another account's bus has to let this one in."""
    policy = events_backends[account][region].describe_event_bus(bus).policy
    own = {rule.created_by, f"arn:aws:iam::{rule.created_by}:root"}
    arn = f"arn:aws:events:{region}:{account}:event-bus/{bus}"
    return account == rule.created_by or bool(policy and policies.allows(policy, own, "events:PutEvents", arn, {}))


def _leave(rule: Rule, target: Event, event: Event) -> None:
    """Leave the event in the dead-letter queue, where there is one that lets the rule write to it."""
    arn = target.get("DeadLetterConfig", {}).get("Arn")
    if arn:
        why = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "EventBridge may not use the target."}
        letter = sqs.DeadLetter(event, {"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"], **why})
        if policies.allows(sqs.policy_of(arn), SERVICE, "sqs:SendMessage", arn, _context(rule)):
            sqs.leave(arn, letter)


def _context(rule: Rule) -> dict[str, str]:
    return {"aws:SourceArn": rule.arn, "aws:SourceAccount": rule.created_by, "aws:SecureTransport": "true"}
