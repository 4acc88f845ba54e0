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
from aws_lambda_powertools.utilities.typing import LambdaContext

from model_copy.errors import InvalidRequestError, ModelCopyError
from model_copy.text import excerpt, printable

Event = dict[str, Any]
Context = LambdaContext
Handler = Callable[[Event, Context], Event]

LONGEST_ARN = 256

logger = Logger()
# At DEBUG, to which a stack may set all loggers, these log the keys and tokens of sessions.
for _name in ("boto3", "botocore", "urllib3"):
    logging.getLogger(_name).setLevel(logging.INFO)


def task(handler: Handler) -> Handler:
    """Run a handler as a task of the workflow: log its answer or its refusal under the execution's ARN.

    Errors of the workflow and bugs alike go on to Lambda, which hands their class name to the definition.
    """

    @functools.wraps(handler)
    def lambda_handler(event: Event, context: Context) -> Event:
        if not isinstance(event, dict):
            raise InvalidRequestError.of([f"It must be an object, and is {excerpt(event)}"])
        execution = event.get("Execution")
        arn = execution.get("Id") if isinstance(execution, dict) else None
        logger.set_correlation_id(printable(arn, LONGEST_ARN) if isinstance(arn, str) else None)
        try:
            answer = handler(event, context)
        except ModelCopyError as error:
            logger.warning(str(error), error=type(error).__name__)
            raise
        # What an approval asks for is anybody's text until it has been validated.
        logger.info("Done", answer=answer.get("Approval", answer))
        return answer

    return lambda_handler


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
