"""The only module that uses Lambda, Powertools, the clock, random numbers and the environment."""

import functools
import logging
import os
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics
from aws_lambda_powertools.utilities.typing import LambdaContext

from model_copy import __version__
from model_copy.errors import InvalidRequestError, ModelCopyError
from model_copy.text import excerpt, numbered, printable

Event = dict[str, Any]
Context = LambdaContext
Handler = Callable[[Event, Context], Event]

LONGEST_ARN = 256

# The metrics of the stack and their units; template.yaml uses them in alarms and in the dashboard.
METRICS = {
    "ApprovalsIgnored": "Count",
    "AuditsIncomplete": "Count",
    "CopiesAdopted": "Count",
    "CopiesCompleted": "Count",
    "CopiesFailed": "Count",
    "CopiesRefused": "Count",
    "CopiesStarted": "Count",
    "CopyAge": "Seconds",
    "CopyDuration": "Seconds",
    "GrantFindings": "Count",
    "GrantsLeftBehind": "Count",
    "KnownErrors": "Count",
    "PolicyConflicts": "Count",
    "Polls": "Count",
    "PromotionsCompleted": "Count",
    "PromotionsFailed": "Count",
    "PromotionsRefused": "Count",
    "Throttles": "Count",
}

logger = Logger(version=__version__)
metrics = EphemeralMetrics(namespace="rekognition-model-copy")
# At DEBUG, which a stack may set for all loggers, these log the keys and tokens of sessions.
for _name in ("boto3", "botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)


def task(handler: Handler) -> Handler:
    """Run the handler of a task with the state data: {Request, Execution, and a key for each earlier task}.

    By hand, as with ``sam local invoke``, a function also accepts a bare request or event.
    """

    @functools.wraps(handler)
    def with_state(event: Event, context: Context) -> Event:
        return handler(event if "Request" in event else {"Request": event}, context)

    return function(with_state)


def function(handler: Handler) -> Handler:
    """Run a handler: log its result or its error under the execution's ARN, and write its metrics.

    All errors are raised, so that Lambda passes their class name to Step Functions.
    """

    @functools.wraps(handler)
    def lambda_handler(event: Event, context: Context) -> Event:
        arn = _execution_arn(event)
        logger.set_correlation_id(arn)
        if arn:
            metrics.add_metadata(key="correlation_id", value=arn)
        # Lambda counts an error at the start of the invocation.  An alarm subtracts KnownErrors from Lambda's Errors,
        # so KnownErrors is always written, even as 0.
        metrics.set_timestamp(datetime.now(UTC))
        measure("KnownErrors", 0)
        try:
            if not isinstance(event, dict):
                raise InvalidRequestError(errors=numbered([f"The input must be an object; got {excerpt(event)}"]))
            result = handler(event, context)
        except ModelCopyError as error:
            name = type(error).__name__
            measure("KnownErrors")
            logger.warning(str(error), error=name)
            error.args = (with_runbook(error),)
            raise
        finally:
            metrics.flush_metrics()
            metrics.clear_metrics()  # a flush does not clear them if metrics are disabled
        # The request of an approval is untrusted until Validate request has checked it, so it is not logged.
        logger.info("Done", result=result if "Plan" in result else result.get("Approval", result))
        return result

    return lambda_handler


def with_runbook(error: ModelCopyError) -> str:
    """Return the error's sentence, and a link to its section of the runbook."""
    return f"{error} Runbook: {setting('RUNBOOK_URL')}#{type(error).__name__.lower()}"


def _execution_arn(event: Any) -> str | None:
    """Return the ARN of the execution in state data or in a status change."""
    paths = [("Execution", "Id"), ("detail", "executionArn")]
    for key, name in paths if isinstance(event, dict) else ():
        value = event.get(key)
        if isinstance(value, dict) and isinstance(value.get(name), str):
            return printable(value[name], LONGEST_ARN)
    return None


def measure(name: str, value: float = 1) -> None:
    """Add to one of METRICS."""
    metrics.add_metric(name=name, unit=METRICS[name], value=value)


def setting(name: str) -> str:
    """Return a setting that the template passes to the function."""
    return os.environ[name]


def now() -> datetime:
    """Return the time."""
    return datetime.fromtimestamp(time.time(), UTC)


def time_left(context: Context) -> timedelta:
    """Return how long the invocation may still take."""
    return timedelta(milliseconds=context.get_remaining_time_in_millis())


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def chance() -> float:
    """Return a random number, evenly distributed from 0 to 1."""
    return random.random()
