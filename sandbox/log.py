"""The log of ``make serve``: a line for each execution that ends, and for each mail."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from textwrap import shorten
from typing import Any

from moto.sns.models import SNSBackend
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

from sandbox.aws.clock import Clock
from sandbox.aws.patches import applied

LONGEST_CAUSE = 200
CHILD = re.compile(r"[^/]+/")  # an execution of an item of a Map state; its copy has a line of its own


@contextmanager
def install(clock: Clock, write: Callable[[str], object]) -> Iterator[None]:
    """Call ``write`` with each line, inside the context."""
    terminated = BaseExecutionWorkerCommunication.terminated
    publish: Any = SNSBackend.publish

    def log(line: str) -> None:
        write(f"{datetime.fromtimestamp(clock.time(), UTC):%Y-%m-%d %H:%M:%S}  {line}")

    def ended(self: BaseExecutionWorkerCommunication) -> None:
        terminated(self)
        if not CHILD.match(str(self.execution.exec_arn)):
            log(ending(self.execution))

    def published(self: SNSBackend, *args: Any, subject: str | None = None, **kwargs: Any) -> Any:
        message_id = publish(self, *args, subject=subject, **kwargs)
        log(f"mail       {subject}")
        return message_id

    with applied("log", {"BaseExecutionWorkerCommunication.terminated": ended, "SNSBackend.publish": published}):
        yield


def ending(execution: Execution) -> str:
    """Return how an execution ended, on one line."""
    known = f"{execution.status:9}  {execution.exec_arn}"
    if not execution.error:
        return known
    return f"{known}  {execution.error}: {shorten(sentence(execution.cause), LONGEST_CAUSE, placeholder=' ...')}"


def sentence(cause: str | None) -> str:
    """Return the sentence in the cause of an error; a function's error is JSON, with the sentence inside."""
    try:
        error = json.loads(cause or "")
    except ValueError:
        return cause or ""
    return str(error.get("errorMessage", cause)) if isinstance(error, dict) else str(cause)
