"""Asynchronous invocation of AWS Lambda: an event is retried, and in the end sent to the dead-letter queue.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import json
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from moto.awslambda.models import LambdaFunction

from sandbox.aws.clock import Clock
from sandbox.aws.iam.roles import refusal
from sandbox.aws.iam.sts import session_of_service
from sandbox.aws.lambda_.functions import OF_THE_SERVICE
from sandbox.aws.sqs import DeadLetter, send
from sandbox.known_faults import invoke_errors

Run = Callable[[str, str], tuple[str, bool]]

AFTER_ERRORS = (60, 120)
LONGEST_PAUSE, LONGEST_AGE = 300, 6 * 3_600


def invoke(function: LambdaFunction, event: Any, clock: Clock, run: Run) -> None:
    """Queue the event; the function gets the event when the clock runs."""
    clock.spawn(partial(_hand_over, function, json.dumps(event), clock, run))


def _hand_over(function: LambdaFunction, payload: str, clock: Clock, run: Run) -> None:
    """Run the function until it succeeds. Retry its own errors twice, and Lambda's errors for six hours."""
    queued, waits, pause = clock.time(), list(AFTER_ERRORS), 1
    while True:
        answer, failed = run(function.function_arn, payload)
        if not failed:
            return
        error = json.loads(answer)
        of_lambda = error["errorType"].startswith(OF_THE_SERVICE)
        wait = pause if of_lambda else next(iter(waits), 0)
        if not wait or clock.time() + wait > queued + LONGEST_AGE:
            code = invoke_errors()[error["errorType"].removeprefix(OF_THE_SERVICE)] if of_lambda else 200
            _send_to_dead_letters(function, payload, code, error["errorMessage"])
            return
        if of_lambda:
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            waits.pop(0)
        clock.sleep(wait)


def _send_to_dead_letters(function: LambdaFunction, payload: str, code: int, message: str) -> None:
    """Send the event to the function's dead-letter queue, if its role may do so.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
    """
    arn = getattr(function, "dead_letter_queue", None)
    if arn is None:
        return
    name, role = str(function.function_name), str(function.role)
    session = session_of_service("lambda.amazonaws.com", role, name, function.function_arn)
    if refusal(session, "sqs:SendMessage", arn, {"aws:SecureTransport": "true"}):
        return  # Lambda counts it as DeadLetterErrors and drops it
    attributes = {"RequestID": str(uuid.uuid4()), "ErrorCode": str(code), "ErrorMessage": message[:1_024]}
    send(arn, DeadLetter(json.loads(payload), attributes))
