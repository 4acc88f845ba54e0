"""Execution environments of AWS Lambda in the sandbox: each runs one function's real handler."""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

from moto.awslambda.models import LambdaFunction

from sandbox.aws.clock import Clock
from sandbox.aws.iam.sts import session_of_service
from sandbox.aws.lambda_.modules import code_of, own_modules
from sandbox.faults import Overdue, invocation
from sandbox.records import execution_of

CLIENTS = "model_copy.aws.clients"  # the one module that keeps state between invocations
OUTSIDE = {
    "AWS_ACCESS_KEY_ID": "FOOBARKEY",
    "AWS_SECRET_ACCESS_KEY": "FOOBARSECRET",
}  # the credentials that mock_aws sets


class ExecutionEnvironment:
    """One execution environment of a function, with its own modules, variables and credentials."""

    def __init__(self, function: LambdaFunction, clock: Clock, switches: Mapping[str, str]) -> None:
        self._function = function
        self._clock = clock
        self.switches = switches
        self.code = code_of(function)
        self._modules: dict[str, ModuleType] = {}
        self.start()

    def start(self) -> None:
        """Start cold: with new credentials and no clients.

        A restart keeps the other modules, which have no state. Importing them takes a third of a test's time.
        """
        self._settings = dict(self._function.environment_vars)
        self._variables = {**variables(self._function), **self.switches}
        module, _, handler = str(self._function.handler).partition(".")
        with _environ(self._variables, self._clock), own_modules(self._modules, self.code):
            if CLIENTS in self._modules:
                importlib.reload(self._modules[CLIENTS])
            self._handler = getattr(importlib.import_module(module), handler)
            runtime: Any = sys.modules["model_copy.runtime"]
            runtime.time = SimpleNamespace(time=self._clock.time, sleep=self._clock.sleep)

    def is_current(self) -> bool:
        """Return whether the function still has the code and the settings with which this environment started."""
        return self.code == code_of(self._function) and self._settings == self._function.environment_vars

    def invoke(self, payload: str, request_id: str) -> tuple[str, bool]:
        """Run the handler as Lambda does. Return the result as JSON, and whether it is an error."""
        invocation.deadline = self._clock.time() + self._function.timeout
        given = json.loads(payload)
        invocation.execution = execution_of(given)
        with _environ(self._variables, self._clock):
            try:
                answer, failed = json.dumps(self._handler(given, self._context())), False
            except Overdue:
                return timed_out(self._function, request_id)
            except Exception as error:  # Lambda reports any exception of a handler
                answer, failed = json.dumps(_raised(error, request_id)), True
        overdue = self._clock.time() > invocation.deadline
        return timed_out(self._function, request_id) if overdue else (answer, failed)

    def _context(self) -> Any:
        """Return the part of Lambda's context object that the handlers use."""
        left = partial(_milliseconds_left, self._clock, invocation.deadline)
        return SimpleNamespace(get_remaining_time_in_millis=left)


def _milliseconds_left(clock: Clock, deadline: float) -> int:
    return max(0, round((deadline - clock.time()) * 1_000))


def timed_out(function: LambdaFunction, request_id: str) -> tuple[str, bool]:
    return ended("Sandbox.Timedout", f"Task timed out after {function.timeout}.00 seconds", request_id)


def ended(name: str, message: str, request_id: str) -> tuple[str, bool]:
    """Return Lambda's error for a function that ended without a result."""
    return json.dumps({"errorType": name, "errorMessage": f"RequestId: {request_id} Error: {message}"}), True


def _raised(error: Exception, request_id: str) -> dict[str, Any]:
    """Return Lambda's error for a handler that raised an exception."""
    # Without columns, Python need not parse each line to mark the failed part. That takes a tenth of a storm's time.
    frames = [(one.filename, one.lineno or 0, one.name, one.line) for one in traceback.extract_tb(error.__traceback__)]
    trace = traceback.format_list(frames)
    return {"errorMessage": str(error), "errorType": type(error).__name__, "requestId": request_id, "stackTrace": trace}


def variables(function: LambdaFunction) -> dict[str, str]:
    """Return the function's environment variables, with the credentials of its role."""
    lambda_ = "lambda.amazonaws.com"
    session = session_of_service(lambda_, str(function.role), function.function_name, function.function_arn)
    return {
        **{name: str(value) for name, value in function.environment_vars.items()},
        "AWS_ACCESS_KEY_ID": session.access_key_id,
        "AWS_SECRET_ACCESS_KEY": session.secret_access_key,
        "AWS_SESSION_TOKEN": session.session_token,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
    }


@contextmanager
def _environ(variables: dict[str, str], clock: Clock) -> Iterator[None]:
    """Set environment variables inside the context; a virtual clock sets them again each time the thread wakes."""
    clock.environment = variables
    os.environ.update(variables)
    try:
        yield
    finally:
        clock.environment = {}
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update(OUTSIDE)
