"""The only place that knows Lambda and Powertools, the clock, chance and the environment."""

import functools
import logging
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from model_copy.errors import InvalidRequestError, ModelCopyError
from model_copy.text import excerpt, printable

Event = dict[str, Any]
Context = LambdaContext
Handler = Callable[[Event, Context], Event]

LONGEST_ARN = 256

# The metrics of the stack and their units; template.yaml has them in alarms and in the dashboard.
METRICS = {
    "ApprovalsIgnored": "Count",
    "CopiesAdopted": "Count",
    "CopiesCompleted": "Count",
    "CopiesFailed": "Count",
    "CopiesRefused": "Count",
    "CopiesStarted": "Count",
    "CopyAge": "Seconds",
    "CopyDuration": "Seconds",
    "GrantsLeftBehind": "Count",
    "KnownErrors": "Count",
    "PolicyConflicts": "Count",
    "Polls": "Count",
    "Throttles": "Count",
}

logger = Logger()
metrics = EphemeralMetrics(namespace="rekognition-model-copy")
# At DEBUG, to which a stack may set all loggers, these log the keys and tokens of sessions.
for _name in ("boto3", "botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)


def task(handler: Handler) -> Handler:
    """Run a handler: log its answer or its refusal under the execution's ARN, and write its metrics.

    Errors of the workflow and bugs alike go on to Lambda, which hands their class name to the definition.
    """

    @functools.wraps(handler)
    def lambda_handler(event: Event, context: Context) -> Event:
        arn = _execution_arn(event)
        logger.set_correlation_id(arn)
        if arn:
            metrics.add_metadata(key="correlation_id", value=arn)
        # Lambda counts an error at the invocation's start, and an alarm takes the known ones, of which there may be
        # none, off that count.
        metrics.set_timestamp(datetime.now(UTC))
        measure("KnownErrors", 0)
        try:
            if not isinstance(event, dict):
                raise InvalidRequestError.of([f"It must be an object, and is {excerpt(event)}"])
            answer = handler(event, context)
        except ModelCopyError as error:
            name = type(error).__name__
            measure("KnownErrors")
            logger.warning(str(error), error=name)
            error.args = (f"{error} Runbook: {setting('RUNBOOK_URL')}#{name.lower()}",)
            raise
        finally:
            metrics.flush_metrics()
            metrics.clear_metrics()  # which a flush leaves out where metrics are switched off
        # What an approval asks for is anybody's text until it has been validated.
        logger.info("Done", answer=answer.get("Approval", answer))
        return answer

    return lambda_handler


def _execution_arn(event: Any) -> str | None:
    """Find the execution that a task runs in, or whose ending an event tells."""
    places = [("Execution", "Id"), ("detail", "executionArn")]
    for part, name in places if isinstance(event, dict) else ():
        found = event.get(part)
        if isinstance(found, dict) and isinstance(found.get(name), str):
            return printable(found[name], LONGEST_ARN)
    return None


def measure(name: str, value: float = 1) -> None:
    """Add to one of METRICS."""
    metrics.add_metric(name=name, unit=METRICS[name], value=value)


def setting(name: str) -> str:
    """Read a setting that the template gives to the function."""
    return os.environ[name]


def now() -> datetime:
    """Tell the time."""
    return datetime.fromtimestamp(time.time(), UTC)


def sleep(seconds: float) -> None:
    """Let time pass."""
    time.sleep(seconds)


def chance() -> float:
    """Give a number evenly distributed from 0 to 1."""
    return random.random()
