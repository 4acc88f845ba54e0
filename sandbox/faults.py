"""Faults as a plan says, in the requests of boto3; plans.py describes plans."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from sandbox.aws.clock import Clock
from sandbox.aws.patches import applied
from sandbox.deployment import logical_id
from sandbox.known_faults import OF_PUT_EVENTS
from sandbox.plans import Plan
from sandbox.records import Answer, Call, Records

READ_TIMEOUT = 10
SERVER_ERRORS = ("InternalServerError", "ThrottlingException", "InternalException", "InternalError")


class Overdue(BaseException):
    """The invocation has run out of time. A handler cannot catch this, as it cannot survive Lambda's kill."""


class Invocation(threading.local):
    """The invocation that the calling thread runs: its deadline, and the execution that it is for."""

    deadline = float("inf")
    execution: str | None = None


invocation = Invocation()


@contextmanager
def install(clock: Clock, plan: Callable[[], Plan], records: Callable[[], Records]) -> Iterator[None]:
    """Apply the plan to each request of boto3, including the SDK's retries; before each, other threads may run."""
    answer = BotocoreStubber.__call__

    def call(self: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **kwargs: Any) -> AWSResponse | None:
        clock.sleep(0)
        if clock.time() > invocation.deadline:
            raise Overdue
        _, service, operation = event_name.split(".")
        function = logical_id(os.environ.get("AWS_LAMBDA_FUNCTION_NAME", ""))
        fault = plan().next_fault(f"{function}.{operation}", operation)
        made = Call(clock.time(), invocation.execution, function, service, operation, fault=fault)
        succeed = partial(answer, self, event_name, request, **kwargs)
        return records().call(made, request, partial(_answer, fault, request, service, succeed, clock, plan()))

    with applied("faults", {"BotocoreStubber.__call__": call}):
        yield


def _answer(
    fault: str | None, request: AWSPreparedRequest, service: str, succeed: Answer, clock: Clock, plan: Plan
) -> AWSResponse | None:
    """Answer a request, with the fault if there is one."""
    if fault is None:
        return succeed()
    if fault == "dropped":
        raise ConnectionClosedError(endpoint_url=request.url)
    if fault not in plan.happenings and fault not in ("lost_answer", "slow"):
        return _refusal(fault, request, service)
    response = succeed()
    if fault == "lost_answer":
        raise ConnectionClosedError(endpoint_url=request.url)
    if fault == "slow":
        clock.sleep(READ_TIMEOUT)
        raise ReadTimeoutError(endpoint_url=request.url)
    plan.happenings[fault]()
    return response


def _refusal(fault: str, request: AWSPreparedRequest, service: str) -> AWSResponse:
    """Return an error in the protocol of the service; the call does not take place."""
    if fault.startswith("http_"):
        return _response(request, int(fault.removeprefix("http_")), "upstream connect error")
    message = f"The sandbox was told to answer {fault}."
    if fault in OF_PUT_EVENTS:
        failed = {"ErrorCode": "InternalFailure", "ErrorMessage": message}
        return _response(request, 200, json.dumps({"FailedEntryCount": 1, "Entries": [failed]}))
    status = 500 if fault in SERVER_ERRORS else 400
    if request.headers.get("X-Amz-Target"):
        return _response(request, status, json.dumps({"__type": fault, "message": message}))
    error = f"<Error><Type>Sender</Type><Code>{fault}</Code><Message>{message}</Message></Error>"
    if service == "s3":
        return _response(request, status, error)
    return _response(request, status, f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>")


def _response(request: AWSPreparedRequest, status: int, body: str) -> AWSResponse:
    headers: Any = {}
    raw: Any = MockRawResponse(body)
    return AWSResponse(request.url, status, headers, raw)
