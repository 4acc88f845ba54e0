"""Amazon EventBridge in the sandbox: a rule invokes its targets or sends the event to the dead-letter queue.

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
from sandbox.aws.clock import Clock
from sandbox.aws.iam.policies import Call, allows, aws, service
from sandbox.aws.iam.roles import refusal, session_of, trusts
from sandbox.aws.patches import applied

Event = Any
Start = Callable[[str, Event], object]
Invoke = Callable[[str, Event], object]

EVENTBRIDGE = service("events.amazonaws.com")
ACTIONS = {"states": "states:StartExecution", "events": "events:PutEvents"}
SCHEDULED = "Scheduled Event"
OF_AWS = {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source."}


@contextmanager
def install(clock: Clock, start: Start, invoke: Invoke, outcomes: list[Event]) -> Iterator[None]:
    """Make rules send matching events to their targets; ``start`` and ``invoke`` run the workflow and the functions.

    The events that functions put on a bus are appended to ``outcomes``.
    """
    put, respond = EventsBackend.put_events, EventsHandler.put_events

    def send_to_targets(self: Rule, event: Event, transform_input: bool = True) -> None:
        if matches(self, event):
            for target in self.targets:
                _send(self, target, _as_delivered(event), start, invoke)

    def put_events(self: EventsBackend, events: list[Event]) -> list[Event]:
        """Refuse events whose source is an AWS service."""
        timed = [{"Time": clock.time(), **one} for one in events]
        return [OF_AWS if one.get("Source", "").startswith("aws.") else put(self, [one])[0] for one in timed]

    def answer_put_events(self: EventsHandler) -> str:
        answer, now = respond(self), clock.time()
        entries = zip(self._get_param("Entries"), json.loads(answer)["Entries"], strict=True)
        if session_of(self.access_key):
            outcomes.extend(_event_of(self, entry, one["EventId"], now) for entry, one in entries if "EventId" in one)
        return answer

    replacements = {
        "Rule.send_to_targets": send_to_targets,
        "EventsBackend.put_events": put_events,
        "EventsHandler.put_events": answer_put_events,
    }
    with applied("eventbridge", replacements):
        yield


def is_event(document: Any) -> bool:
    """Return whether a document is an event and not a request."""
    return isinstance(document, dict) and {"detail-type", "source", "account", "region"} <= set(document)


def takes(event: Event) -> bool:
    """Return whether an enabled rule on the default bus of the event's account matches the event."""
    rules = events_backends[event["account"]][event["region"]].describe_event_bus("default").rules.values()
    return any(matches(rule, event) for rule in rules)


def matches(rule: Rule, event: Event) -> bool:
    """Return whether an enabled rule sends an event to its targets; moto's rule without a pattern matches any."""
    if rule.state != "ENABLED":
        return False
    if rule.scheduled_expression:
        own = (SCHEDULED, [rule.arn])
        return (event["detail-type"], event.get("resources")) == own and event["source"] == "aws.events"
    matches: bool = rule.event_pattern.matches_event(event)
    return matches


def deliver(event: Event) -> None:
    """Put a complete event on the default bus of its account, as AWS services do."""
    _deliver(event, event["account"], event["region"], "default")


def _deliver(event: Event, account: str, region: str, bus: str) -> None:
    for rule in list(events_backends[account][region].describe_event_bus(bus).rules.values()):
        rule.send_to_targets(event)


def _event_of(request: EventsHandler, entry: Event, event_id: str, time: float) -> Event:
    """Return the event of an entry, with the name of its bus."""
    return {
        "id": event_id,
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": request.current_account,
        "time": written(time),
        "region": request.region,
        "resources": entry.get("Resources", []),
        "detail": json.loads(entry["Detail"]),
        "bus": (entry.get("EventBusName") or "default").rpartition("/")[2],
    }


def _as_delivered(event: Event) -> Event:
    """Return the event with its time as AWS writes it; moto writes a number."""
    time = event["time"]
    if isinstance(time, int | float):
        time = written(time)
    return {key: value for key, value in event.items() if key != "ingestion-time"} | {"time": time}


def written(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _send(rule: Rule, target: Event, event: Event, start: Start, invoke: Invoke) -> None:
    arn = target["Arn"]
    event = json.loads(target["Input"]) if "Input" in target else event
    _, _, kind, region, account, resource = arn.split(":", 5)
    bus = resource.removeprefix("event-bus/")
    if kind == "lambda":
        allowed = _function_allows(rule, account, region, arn)
    else:
        allowed = _role_allows(rule, target["RoleArn"], ACTIONS[kind], arn)
    if not allowed or (kind == "events" and not _bus_allows(rule, account, region, bus)):
        _send_to_dead_letters(rule, target, event)
    elif kind == "lambda":
        invoke(arn, event)
    elif kind == "events":
        _deliver(event, account, region, bus)
    else:
        start(arn, event)


def _role_allows(rule: Rule, role_arn: str, action: str, resource: str) -> bool:
    """Return whether the target's role trusts EventBridge for the rule and allows the action."""
    account = role_arn.split(":")[4]
    if not trusts(role_arn, EVENTBRIDGE, _context(rule)):
        return False
    session = sts_backends[account]["aws"].assume_role(rule.arn.split(":")[3], "events", role_arn, "", 3_600, "")
    return refusal(session, action, resource, {}) is None


def _function_allows(rule: Rule, account: str, region: str, arn: str) -> bool:
    """Return whether the function's own policy lets the rule invoke it; such a target has no role."""
    statements = lambda_simple_backends[account][region].get_function(arn).policy.statements
    return _policy_allows(json.dumps({"Statement": statements}), rule, "lambda:InvokeFunction", arn)


def _bus_allows(rule: Rule, account: str, region: str, bus: str) -> bool:
    """Return whether the bus accepts events from the account of the rule."""
    policy = events_backends[account][region].describe_event_bus(bus).policy
    own = aws(rule.created_by, f"arn:aws:iam::{rule.created_by}:root")
    arn = f"arn:aws:events:{region}:{account}:event-bus/{bus}"
    return account == rule.created_by or bool(policy and allows(policy, Call("events:PutEvents", arn, {}, own)))


def _policy_allows(policy: str, rule: Rule, action: str, resource: str) -> bool:
    return allows(policy, Call(action, resource, _context(rule), EVENTBRIDGE))


def _send_to_dead_letters(rule: Rule, target: Event, event: Event) -> None:
    """Send the event to the target's dead-letter queue, if there is one whose policy allows it."""
    arn = target.get("DeadLetterConfig", {}).get("Arn")
    if arn:
        why = {"ERROR_CODE": "NO_PERMISSIONS", "ERROR_MESSAGE": "EventBridge may not use the target."}
        letter = sqs.DeadLetter(event, {"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"], **why})
        if _policy_allows(sqs.policy_of(arn), rule, "sqs:SendMessage", arn):
            sqs.send(arn, letter)


def _context(rule: Rule) -> dict[str, str]:
    return {"aws:SourceArn": rule.arn, "aws:SourceAccount": rule.created_by, "aws:SecureTransport": "true"}
