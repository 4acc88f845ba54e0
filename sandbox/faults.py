"""Faults by plan: what goes wrong, where, and how often.

A plan is a string: ``CopyProjectVersion: lost_answer; WithdrawGrantFunction: crashed x3; visibility_lag_seconds = 40``.
A part with ``=`` changes a setting of aws/rekognition/settings.py. A part with ``:`` names a place, then the faults of
the calls there, in the order of the calls and separated by commas. ``x3`` repeats a fault three times, ``always``
repeats it forever, and ``none`` lets a call succeed.

A place is an operation, a function by its logical id, or an operation as called by one function
(``CopyProjectVersionFunction.DescribeProjectVersions``).

A fault of an operation is one of these:
- the name of an AWS error; ``http_500``, ``http_502`` or ``http_503``, with a body that is not JSON
- ``dropped``: the connection breaks before the call takes effect; ``lost_answer``: it breaks afterwards
- ``slow``: the response comes after the read timeout
- ``entry_failed``, for ``PutEvents``: the call succeeds, but the bus does not accept the event
- a happening of happenings.py: the call succeeds, and then somebody else makes the change of that name

A fault of a function is one of these:
- the name of an error of Invoke: Lambda does not run the function (``throttled`` is ``TooManyRequestsException``)
- ``crashed``: the function ends before its work
- ``killed``, ``timed_out``, ``too_large`` (a result of more than 256 KiB): the function fails after its work
"""

import ast
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from itertools import chain, repeat
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from moto.core.utils import get_service_model

from sandbox.aws.clock import Clock
from sandbox.aws.patches import applied
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import logical_id
from sandbox.records import Answer, Call, Records

READ_TIMEOUT = 10
SERVER_ERRORS = ("InternalServerError", "ThrottlingException", "InternalException", "InternalError")
OPERATIONS = (
    "AssumeRole",
    "DescribeProjectVersions",
    "ListProjectPolicies",
    "PutProjectPolicy",
    "DeleteProjectPolicy",
    "CopyProjectVersion",
    "DescribeModelPackage",
    "DescribeProjects",
    "DescribeExecution",
    "GetExecutionHistory",
    "PutEvents",
    "Publish",
    "GetObject",
    "PutObject",
    "DeleteObject",
    "ListObjectsV2",
)
OF_PUT_EVENTS = ("entry_failed",)
OF_OPERATIONS = ("http_500", "http_502", "http_503", "dropped", "lost_answer", "slow", "none")
OF_FUNCTIONS = ("throttled", "crashed", "killed", "timed_out", "too_large", "none")

Happening = Callable[[], None]


class Overdue(BaseException):
    """The invocation has run out of time. A handler cannot catch this, as it cannot survive Lambda's kill."""


class Invocation(threading.local):
    """The invocation that the calling thread runs: its deadline, and the execution that it is for."""

    deadline = float("inf")
    execution: str | None = None


invocation = Invocation()


class PlanError(ValueError):
    """A plan has a name or a value that the sandbox does not know."""


class Plan:
    """The faults of the calls to come; ``injected`` lists the places and faults so far."""

    def __init__(self, text: str = "", happenings: Mapping[str, Happening] | None = None) -> None:
        """Parse a plan.

        Raises PlanError, which lists the known names, if the plan has an unknown one.
        """
        self.happenings = happenings or {}
        self.settings: dict[str, Any] = {}
        self.injected: list[tuple[str, str]] = []
        self._faults: dict[str, Iterator[str]] = {}
        for part in filter(None, (part.strip() for part in text.split(";"))):
            if "=" in part:
                self._read_setting(*(side.strip() for side in part.split("=", 1)))
            else:
                self._read_faults(*(side.strip() for side in part.partition(":")[::2]))

    def next_fault(self, *places: str) -> str | None:
        """Return the next fault of the first place that has one, and remove it from the plan."""
        for place in places:
            fault = next(self._faults.get(place, iter(())), "none")
            if fault != "none":
                self.injected.append((place, fault))
                return fault
        return None

    @property
    def unused(self) -> list[str]:
        """The places of the plan where no call was made."""
        return [place for place in self._faults if place not in {struck for struck, _ in self.injected}]

    def _read_setting(self, name: str, value: str) -> None:
        if name not in vars(settings):
            raise PlanError(f"There is no setting {name}; there are {', '.join(vars(settings))}.")
        self.settings[name] = ast.literal_eval(value)

    def _read_faults(self, place: str, faults: str) -> None:
        function, _, operation = place.rpartition(".")
        if operation not in OPERATIONS and not (operation.endswith("Function") and not function):
            raise PlanError(f"There is no place {place}; there are {', '.join(OPERATIONS)}, and the functions.")
        own = OF_PUT_EVENTS if operation == "PutEvents" else ()
        is_function = operation.endswith("Function")
        known = (*OF_FUNCTIONS, *invoke_errors()) if is_function else (*OF_OPERATIONS, *own, *self.happenings)
        listed = [fault.strip().partition(" ") for fault in faults.split(",")]
        for name, _, _ in listed:
            if name not in known and not (operation in OPERATIONS and re.fullmatch(r"[A-Z]\w+", name)):
                raise PlanError(f"There is no fault {name!r}; at {place} there are {', '.join(known)}.")
        self._faults[place] = chain.from_iterable(_repeated(name, times) for name, _, times in listed)


@cache
def invoke_errors() -> dict[str, int]:
    """Return the HTTP status codes of the errors of Lambda's Invoke, by name."""
    shapes = get_service_model("lambda").operation_model("Invoke").error_shapes
    return {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in shapes}


def _repeated(name: str, times: str) -> Iterator[str]:
    return repeat(name) if times == "always" else repeat(name, int(times.removeprefix("x") or 1))


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
