"""Schedules of Amazon EventBridge in the sandbox: rules with a rate send their event as time passes.

Source: https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-scheduled-events.html
"""

import re
import uuid
from collections.abc import Iterator
from functools import partial

from moto.events.models import Rule, events_backends

from sandbox.aws.clock import Clock
from sandbox.aws.eventbridge import SCHEDULED, Event, written

RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


def run(clock: Clock, seconds: float) -> None:
    """Run the rules with a rate during the next seconds of a clock; rules with a cron expression do not run."""
    for rule in _rules():
        if rate := RATE.fullmatch(rule.scheduled_expression or ""):
            period = int(rate[1]) * SECONDS[rate[2]]
            for number in range(1, int(seconds // period) + 1):
                clock.after(number * period, partial(_fire, rule, clock))
    clock.spawn(lambda: clock.sleep(seconds))


def _rules() -> Iterator[Rule]:
    for regions in list(events_backends.values()):
        for backend in list(regions.values()):
            yield from list(backend.describe_event_bus("default").rules.values())


def _fire(rule: Rule, clock: Clock) -> None:
    _, _, _, region, account, _ = rule.arn.split(":", 5)
    kind = {"version": "0", "id": str(uuid.uuid4()), "detail-type": SCHEDULED, "source": "aws.events"}
    place = {"account": account, "region": region, "time": written(clock.time()), "resources": [rule.arn]}
    event: Event = {**kind, **place, "detail": {}}
    rule.send_to_targets(event)
