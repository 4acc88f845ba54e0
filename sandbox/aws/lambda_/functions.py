"""AWS Lambda in the sandbox: the real handlers, each in its own execution environment."""

import importlib
import json
import os
import sys
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from types import ModuleType, SimpleNamespace
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from moto.awslambda.models import LambdaFunction

from sandbox.aws.clock import Clock
from sandbox.aws.iam.roles import refusal
from sandbox.aws.iam.sts import session_of_service
from sandbox.aws.lambda_.modules import own_modules
from sandbox.aws.stepfunctions.roles import session_of_machine
from sandbox.deployment import Deployment, logical_id
from sandbox.faults import Overdue, invocation
from sandbox.known_faults import invoke_errors
from sandbox.plans import Plan
from sandbox.records import Call, Records, execution_of

OF_THE_SERVICE = "Lambda."  # Step Functions puts this before the names of Lambda's own errors
THROTTLED = "TooManyRequestsException"
SILENT = {"POWERTOOLS_LOG_LEVEL": "CRITICAL", "POWERTOOLS_METRICS_DISABLED": "true"}
TOO_LARGE = 256 * 1_024 + 1
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
        self._modules: dict[str, ModuleType] = {}
        self.start()

    def start(self) -> None:
        """Start cold: with new credentials and no clients.

        A restart keeps the other modules, which have no state. Importing them takes a third of a test's time.
        """
        self._variables = {**variables(self._function), **self.switches}
        module, _, handler = str(self._function.handler).partition(".")
        with _environ(self._variables, self._clock), own_modules(self._modules):
            if CLIENTS in self._modules:
                importlib.reload(self._modules[CLIENTS])
            self._handler = getattr(importlib.import_module(module), handler)
            runtime: Any = sys.modules["model_copy.runtime"]
            runtime.time = SimpleNamespace(time=self._clock.time, sleep=self._clock.sleep)

    def invoke(self, payload: str, request_id: str) -> tuple[str, bool]:
        """Run the handler as Lambda does. Return the result as JSON, and whether it is an error."""
        invocation.deadline = self._clock.time() + self._function.timeout
        given = json.loads(payload)
        invocation.execution = execution_of(given)
        with _environ(self._variables, self._clock):
            try:
                answer, failed = json.dumps(self._handler(given, LambdaContext())), False
            except Overdue:
                return _timed_out(self._function, request_id)
            except Exception as error:  # Lambda reports any exception of a handler
                answer, failed = json.dumps(_raised(error, request_id)), True
        overdue = self._clock.time() > invocation.deadline
        return _timed_out(self._function, request_id) if overdue else (answer, failed)


class Lambdas:
    """The functions of one Region, and their idle environments."""

    def __init__(
        self,
        deployment: Deployment,
        clock: Clock,
        plan: Callable[[], Plan],
        records: Records,
        before: "Lambdas | None" = None,
    ) -> None:
        """Reuse the environments of ``before``; each of them starts cold again."""
        self._functions = deployment.functions
        self._clock = clock
        self._plan = plan
        self._records = records
        self._requests = count(1)
        self._idle: dict[str, list[ExecutionEnvironment]] = {arn: [] for arn in deployment.functions}
        self._ended = before._all_idle() if before else {arn: [] for arn in deployment.functions}
        # The functions write to the sandbox's output. They are silent unless the user has set these variables.
        self._switches = {name: os.environ.get(name, silent) for name, silent in SILENT.items()}

    def invoke(self, arn: str, payload: str, role_arn: str) -> tuple[str, bool]:
        """Invoke a function for a state machine. Return the result as JSON, and whether it is an error."""
        refused = refusal(session_of_machine(role_arn), "lambda:InvokeFunction", arn, {})
        if refused:
            return _refused("AWSLambdaException", refused, 403, self._request_id())
        return self.run(arn, payload)

    def run(self, arn: str, payload: str) -> tuple[str, bool]:
        """Run a function without a check of permissions. Return the result as JSON, and whether it is an error."""
        function, request_id = self._functions[arn], self._request_id()
        name = logical_id(function.function_name)
        fault = self._plan().next_fault(name)
        if fault:
            known = execution_of(json.loads(payload))
            self._records.add(Call(self._clock.time(), known, name, "lambda", "Invoke", fault=fault))
        error = THROTTLED if fault == "throttled" else fault
        if error in invoke_errors():
            return _refused(error, f"The sandbox was told to answer {error}.", invoke_errors()[error], request_id)
        if fault != "crashed":
            with self._clock.one_at_a_time():
                environment = self._idle[arn].pop() if self._idle[arn] else self._start(function)
                answer = environment.invoke(payload, request_id)
            if not fault:
                self._idle[arn].append(environment)
                return answer
        if fault == "too_large":
            return json.dumps("x" * TOO_LARGE), False
        if fault == "timed_out":
            self._clock.sleep(function.timeout)
            return _timed_out(function, request_id)
        return _ended("Runtime.ExitError", "Runtime exited with error: signal: killed", request_id)

    def _start(self, function: LambdaFunction) -> ExecutionEnvironment:
        ended = self._ended[function.function_arn]
        if not ended or ended[-1].switches != self._switches:
            return ExecutionEnvironment(function, self._clock, self._switches)
        environment = ended.pop()
        environment.start()
        return environment

    def _all_idle(self) -> dict[str, list[ExecutionEnvironment]]:
        return {arn: self._idle[arn] + self._ended[arn] for arn in self._functions}

    def _request_id(self) -> str:
        return str(uuid.UUID(int=next(self._requests), version=4))


def _timed_out(function: LambdaFunction, request_id: str) -> tuple[str, bool]:
    return _ended("Sandbox.Timedout", f"Task timed out after {function.timeout}.00 seconds", request_id)


def _ended(name: str, message: str, request_id: str) -> tuple[str, bool]:
    """Return Lambda's error for a function that ended without a result."""
    return json.dumps({"errorType": name, "errorMessage": f"RequestId: {request_id} Error: {message}"}), True


def _refused(name: str, message: str, status: int, request_id: str) -> tuple[str, bool]:
    """Return an error of Lambda itself, which did not run the function."""
    sentence = f"{message} (Service: Lambda, Status Code: {status}, Request ID: {request_id})"
    return json.dumps({"errorType": OF_THE_SERVICE + name, "errorMessage": sentence}), True


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
