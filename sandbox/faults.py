"""Faults by plan: what goes wrong, at which operation, and how often.

A plan is a text: ``CopyProjectVersion: lost_answer; DescribeProjectVersions: ThrottlingException x3``.  Each operation
(or function, by its logical id) has its faults in the order in which calls meet them, ``always`` without end.  One is

- an error of AWS by its name, or ``http_500``, ``http_502``, ``http_503`` with a body that is no JSON;
- ``dropped``: the connection breaks before the call takes effect; ``lost_answer``: after it; ``slow``: the answer comes
  after the read timeout;
- a happening: the call succeeds, and then somebody else does what the name says;
- for a function: ``throttled``, ``crashed``, ``timed_out``, or ``killed``, after its work and before its answer.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from sandbox.clock import Clock, replaced

READ_TIMEOUT = 10
SERVER_ERRORS = ("InternalServerError", "ThrottlingException")

Happening = Callable[[], None]


class Plan:
    """What is to go wrong yet."""

    def __init__(self, text: str = "", happenings: Mapping[str, Happening] | None = None) -> None:
        self.happenings = happenings or {}
        self._faults: dict[str, Iterator[str]] = {}
        self.met: list[tuple[str, str]] = []
        for part in filter(None, (part.strip() for part in text.split(";"))):
            place, _, faults = part.partition(":")
            told = [_repeated(fault.strip()) for fault in faults.split(",")]
            self._faults[place.strip()] = chain.from_iterable(told)

    def next_fault(self, place: str) -> str | None:
        """Take the next fault of the place; ``none`` lets a call through."""
        fault = next(self._faults.get(place, iter(())), "none")
        if fault == "none":
            return None
        self.met.append((place, fault))
        return fault


def _repeated(fault: str) -> Iterator[str]:
    name, _, times = fault.partition(" ")
    if times == "always":
        return repeat(name)
    return repeat(name, int(times.removeprefix("x") or 1))


@contextmanager
def install(clock: Clock, plan: Callable[[], Plan]) -> Iterator[None]:
    """Let the plan meet each request that boto3 sends, retries of the SDK included."""
    answer = BotocoreStubber.__call__

    def call(self: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **kwargs: Any) -> AWSResponse | None:
        fault = plan().next_fault(operation_of(request))
        if fault is None:
            return answer(self, event_name, request, **kwargs)
        if fault == "dropped":
            raise ConnectionClosedError(endpoint_url=request.url)
        if fault not in plan().happenings and fault not in ("lost_answer", "slow"):
            return _refusal(fault, request)
        response = answer(self, event_name, request, **kwargs)
        if fault == "lost_answer":
            raise ConnectionClosedError(endpoint_url=request.url)
        if fault == "slow":
            clock.sleep(READ_TIMEOUT)
            raise ReadTimeoutError(endpoint_url=request.url)
        plan().happenings[fault]()
        return response

    with replaced(BotocoreStubber, "__call__", call):
        yield


def operation_of(request: AWSPreparedRequest) -> str:
    """Name the operation of a request, in the JSON or the query protocol."""
    target, body = request.headers.get("X-Amz-Target", ""), request.body
    text = body.decode(errors="replace") if isinstance(body, bytes | bytearray) else str(body)
    action = re.search(r"\bAction=(\w+)", text)
    name = target.decode() if isinstance(target, bytes) else str(target)
    return name.rpartition(".")[2] or (action[1] if action else "")


def _refusal(fault: str, request: AWSPreparedRequest) -> AWSResponse:
    """Answer with an error instead of the call."""
    if fault.startswith("http_"):
        return _response(request, int(fault.removeprefix("http_")), "upstream connect error")
    message = f"The sandbox was told to answer {fault}."
    status = 500 if fault in SERVER_ERRORS else 400
    if request.headers.get("X-Amz-Target"):
        return _response(request, status, json.dumps({"__type": fault, "message": message}))
    error = f"<Error><Type>Sender</Type><Code>{fault}</Code><Message>{message}</Message></Error>"
    return _response(request, status, f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>")


def _response(request: AWSPreparedRequest, status: int, body: str) -> AWSResponse:
    return AWSResponse(request.url, status, {}, MockRawResponse(body))  # type: ignore[arg-type]
