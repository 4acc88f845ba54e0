"""The operation Invoke of AWS Lambda in the sandbox: it runs the stack's functions.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction
from moto.awslambda.responses import LambdaResponse

from sandbox.aws.lambda_.functions import OF_THE_SERVICE
from sandbox.aws.patches import applied
from sandbox.faults import invocation
from sandbox.known_faults import invoke_errors

Answer = tuple[int, dict[str, str], str]
Run = Callable[[str, str], tuple[str, bool]]
Queue = Callable[[str, object], object]

VERSION = {"X-Amz-Executed-Version": "$LATEST"}


@contextmanager
def install(runs: Callable[[LambdaFunction], bool], run: Run, queue: Queue) -> Iterator[None]:
    """Make Invoke call ``run``, or ``queue`` for an event, if ``runs`` says that the sandbox runs the function."""
    respond = LambdaResponse.invoke

    def invoke(self: LambdaResponse) -> Any:
        function = self.backend.get_function(function_name(self), self._get_param("Qualifier"))
        if not runs(function):
            return respond(self)
        payload = self.body or "{}"
        try:
            event = json.loads(payload)
        except ValueError as error:
            message = f"Could not parse request body into json: {error}"
            raise _error("InvalidRequestContentException", message) from None
        kind = self.headers.get("X-Amz-Invocation-Type")
        if kind == "DryRun":
            return 204, {**VERSION, "status": "204"}, ""
        if kind == "Event":
            queue(function.function_arn, event)
            return 202, {"status": "202"}, ""
        return _answer(*_run(run, function.function_arn, payload))

    with applied("api", {"LambdaResponse.invoke": invoke}):
        yield


def function_name(request: LambdaResponse) -> str:
    """Return the name or ARN of the function in the path of a request of Invoke."""
    return unquote(request.path.rsplit("/", 2)[-2])


def _run(run: Run, arn: str, payload: str) -> tuple[str, bool]:
    """Run a function inside a thread that may itself run another one, as in the tests."""
    before = dict(vars(invocation))
    try:
        return run(arn, payload)
    finally:
        vars(invocation).clear()
        vars(invocation).update(before)


def _answer(result: str, failed: bool) -> Answer:
    error = json.loads(result) if failed else {}
    name = error.get("errorType", "")
    if name.startswith(OF_THE_SERVICE):
        raise _error(name.removeprefix(OF_THE_SERVICE), error["errorMessage"])
    headers = {**VERSION, "Content-Type": "application/json"}
    return 200, headers | ({"X-Amz-Function-Error": "Unhandled"} if failed else {}), result


def _error(name: str, message: str) -> LambdaClientError:
    error = LambdaClientError(name, message)
    error.code = invoke_errors()[name]
    return error
