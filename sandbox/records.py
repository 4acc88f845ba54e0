"""The calls of the stack's functions to AWS, each with its answer, and the faults where they struck."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from sandbox.aws.rekognition.models import rekognition_backends

MOST_CALLS = 20_000  # the sandbox that make serve serves can run for days
POLICY_WRITES = ("PutProjectPolicy", "DeleteProjectPolicy")
Policies = dict[str, Any]
Answer = Callable[[], AWSResponse | None]


@dataclass(frozen=True)
class Call:
    """A call of a function to AWS, or an invocation of a function that a fault struck (the operation Invoke)."""

    at: float  # seconds since 1970
    execution: str | None  # the ARN, if the function knew it
    function: str  # the logical id
    service: str
    operation: str
    parameters: Any = None
    answer: Any = None
    error: str | None = None
    fault: str | None = None
    # The project's policies around a call that writes them: name to document.
    policies_before: Policies | None = None
    policies_after: Policies | None = None


@dataclass
class Records:
    """The calls so far, and whether they are recorded: reading each call costs a test a tenth of its time."""

    recording: bool = False
    calls: list[Call] = field(default_factory=list)

    def call(self, made: Call, request: AWSPreparedRequest, answer: Answer) -> AWSResponse | None:
        """Return the answer to a request of boto3, and record both."""
        if not (self.recording and made.function):
            return answer()
        parameters = _parameters(request)
        writes = parameters["ProjectArn"] if made.operation in POLICY_WRITES else None
        before = policies_of(writes) if writes else None
        response, error = None, None
        try:
            response = answer()
        except Exception as raised:
            error = type(raised).__name__
            raise
        finally:
            failed = response is not None and response.status_code >= 400
            # Reading an object of S3 here would leave nothing for its reader.
            content = _content(response) if response is not None and (failed or made.service != "s3") else None
            if response is not None and failed:
                error = _error(content) or f"HTTP {response.status_code}"
            after = policies_of(writes) if writes else None
            known = {"parameters": parameters, "answer": content if isinstance(content, dict) else None, "error": error}
            self.add(replace(made, **known, policies_before=before, policies_after=after))
        return response

    def add(self, call: Call) -> None:
        """Record a call, and forget the oldest ones."""
        if self.recording:
            self.calls.append(call)
            del self.calls[:-MOST_CALLS]


def policies_of(project_arn: str) -> Policies:
    """Return the documents of a project's policies by their names."""
    _, _, _, region, account, _ = project_arn.split(":", 5)
    project = rekognition_backends[account][region].projects.get(project_arn)
    return {name: json.loads(policy.document) for name, policy in project.policies.items()} if project else {}


def execution_of(payload: Any) -> str | None:
    """Return the ARN of the execution that the input of a function is about, if it names one."""
    for key, name in (("Execution", "Id"), ("detail", "executionArn")):
        if isinstance(payload, dict) and isinstance(payload.get(key), dict) and isinstance(payload[key].get(name), str):
            return str(payload[key][name])
    return None


def _parameters(request: AWSPreparedRequest) -> Any:
    """Return the parameters of a request: JSON, a form, or for S3 what its address says."""
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    if request.headers.get("X-Amz-Target"):
        return json.loads(body)
    if "Action=" in body:
        return {key: value for key, value in parse_qsl(body) if key not in ("Action", "Version")}
    return {"Path": unquote(urlsplit(str(request.url)).path)}


def _content(response: AWSResponse) -> Any:
    """Return the body of an answer if it is JSON, else its text."""
    try:
        return json.loads(response.content)
    except ValueError:
        return response.text


def _error(content: Any) -> str | None:
    if isinstance(content, dict):
        return str(content.get("__type", "")).rpartition("#")[2] or None
    code = str(content).partition("<Code>")[2].partition("</Code>")[0]
    return code or None
