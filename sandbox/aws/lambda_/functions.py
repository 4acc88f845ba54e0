"""AWS Lambda in the sandbox: it runs the real handlers, and injects faults."""

import json
import os
import uuid
from collections import defaultdict
from collections.abc import Callable
from itertools import count

from moto.awslambda.models import LambdaFunction

from sandbox.aws.clock import Clock
from sandbox.aws.iam.roles import refusal
from sandbox.aws.lambda_.environments import ExecutionEnvironment, ended, timed_out
from sandbox.aws.lambda_.modules import code_of
from sandbox.aws.stepfunctions.roles import session_of_machine
from sandbox.deployment import Deployment, logical_id
from sandbox.known_faults import invoke_errors
from sandbox.plans import Plan
from sandbox.records import Call, Records, execution_of

OF_THE_SERVICE = "Lambda."  # Step Functions puts this before the names of Lambda's own errors
THROTTLED = "TooManyRequestsException"
SILENT = {"POWERTOOLS_LOG_LEVEL": "CRITICAL", "POWERTOOLS_METRICS_DISABLED": "true"}
TOO_LARGE = 256 * 1_024 + 1


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
        self._deployment = deployment
        self._clock = clock
        self._plan = plan
        self._records = records
        self._requests = count(1)
        self._idle: defaultdict[str, list[ExecutionEnvironment]] = defaultdict(list)
        self._ended = before._all_idle() if before else self._idle.copy()
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
        function, request_id = self._deployment.functions.get(arn), self._request_id()
        if function is None:
            return _refused("ResourceNotFoundException", f"Function not found: {arn}", 404, request_id)
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
                environment = self._environment(function)
                answer = environment.invoke(payload, request_id)
            if not fault:
                self._idle[arn].append(environment)
                return answer
        if fault == "too_large":
            return json.dumps("x" * TOO_LARGE), False
        if fault == "timed_out":
            self._clock.sleep(function.timeout)
            return timed_out(function, request_id)
        return ended("Runtime.ExitError", "Runtime exited with error: signal: killed", request_id)

    def _environment(self, function: LambdaFunction) -> ExecutionEnvironment:
        """Return an idle environment, or a cold one if none has the current code and settings."""
        idle, earlier = self._idle[function.function_arn], self._ended[function.function_arn]
        while idle:
            environment = idle.pop()
            if environment.is_current():
                return environment
        while earlier:
            environment = earlier.pop()
            if environment.code == code_of(function) and environment.switches == self._switches:
                environment.start()
                return environment
        return ExecutionEnvironment(function, self._clock, self._switches)

    def _all_idle(self) -> "defaultdict[str, list[ExecutionEnvironment]]":
        return defaultdict(list, {arn: self._idle[arn] + self._ended[arn] for arn in {*self._idle, *self._ended}})

    def _request_id(self) -> str:
        return str(uuid.UUID(int=next(self._requests), version=4))


def _refused(name: str, message: str, status: int, request_id: str) -> tuple[str, bool]:
    """Return an error of Lambda itself, which did not run the function."""
    sentence = f"{message} (Service: Lambda, Status Code: {status}, Request ID: {request_id})"
    return json.dumps({"errorType": OF_THE_SERVICE + name, "errorMessage": sentence}), True
