"""``make report``: write the report of an execution of AWS, or of a sandbox that make serve serves. It only reads."""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import boto3
import urllib3
import yaml
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.page import explained, report
from sandbox.page.files import ROOT
from sandbox.usage import UsageError

EXECUTION = re.compile(r"arn:[\w-]+:states:([\w-]+):\d{12}:execution:([^:]+):([^:]+)")
NOT_RECORDED = "the calls to AWS and the project policies, because Step Functions does not record them."
TABLE = re.compile(r"s3://(?P<bucket>[^/\"]+)/(?P<key>promotions/[^\"]+/table)\.csv")
ROW = {
    "destination": "DestinationProjectArn",
    "status": "Outcome",
    "execution": "ExecutionArn",
    "error": "Error",
    "cause": "Cause",
    "version": "ProjectVersionArn",
}
ANY = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}  # to a sandbox, these are the stack's account


class ReportError(UsageError):
    """No report can be written; the message says why and what to do."""


def run(execution: str, endpoint: str) -> None:
    """Write the report of an execution, and print its path and what could not be read.

    Raises ReportError if the execution or its history cannot be read.
    """
    known = read(execution, endpoint or None)
    path = ROOT / "build" / f"report-{known['execution']['name']}.html"
    report.write(known, path)
    for sentence in known["missing"]:
        print(f"Not in the report: {sentence}")
    print(f"Report: {path.relative_to(ROOT)}")


def read(arn: str, endpoint: str | None = None) -> dict[str, Any]:
    """Return all that can be read of an execution.

    Raises ReportError if the execution or its history cannot be read.
    """
    found = EXECUTION.fullmatch(arn)
    if not found:
        raise ReportError(f"EXECUTION must be the ARN of an execution; got {arn!r}. Try: make report EXECUTION=arn:...")
    missing: list[str] = []
    make = _needed(lambda: _clients(found[1], endpoint))
    client = _needed(lambda: make("stepfunctions"))
    execution = _needed(lambda: client.describe_execution(executionArn=arn))
    events = _needed(lambda: _history(client, arn))
    known = {
        "execution": {key: value for key, value in execution.items() if key != "ResponseMetadata"},
        "events": events,
        "definition": _definition(client, arn, found[2], missing),
        "rows": _rows(make, events, missing),
        "calls": None,
        "policies": None,
        "docs": "../docs/errors.md",
        "missing": missing,
    }
    plain: dict[str, Any] = json.loads(json.dumps(known, default=lambda date: date.isoformat()))
    if endpoint:
        plain |= _of_sandbox(endpoint, arn, missing)
    else:
        missing.append(NOT_RECORDED)
    return {**plain, "missing": missing, "errors": explained.advice(plain["execution"], plain["events"])}


def _clients(region: str, endpoint: str | None) -> Callable[[str], Any]:
    session: Any = boto3.Session(region_name=region)
    settings = {"endpoint_url": endpoint} if endpoint else {}
    if endpoint and not session.get_credentials():
        settings |= ANY
    return lambda service: session.client(service, **settings)


def _history(client: Any, arn: str) -> list[Any]:
    pages = client.get_paginator("get_execution_history").paginate(
        executionArn=arn, PaginationConfig={"PageSize": 1_000}
    )
    return [event for page in pages for event in page["events"]]


def _needed(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except (BotoCoreError, ClientError, ValueError) as error:  # a ValueError is about the endpoint
        raise ReportError(_reason(error)) from error


def _reason(error: Exception) -> str:
    """Return what AWS or the SDK says, and what to do."""
    if not isinstance(error, ClientError):
        return f"{str(error).rstrip('.')}. Set AWS_PROFILE to the stack's account, or ENDPOINT to a sandbox."
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    advice = {
        "ExecutionDoesNotExist": "Check the ARN, and AWS_PROFILE. AWS keeps executions for 90 days.",
        "AccessDeniedException": "Ask for this permission, or use a profile that has it.",
        "ExpiredTokenException": "Sign in again.",
    }.get(code, "")
    return f"{error.operation_name} failed with {code}: {message.rstrip('.')}. {advice}".strip()


def _definition(client: Any, arn: str, machine: str, missing: list[str]) -> Any:
    """Return the definition that the execution runs; this working tree's if it may not be read."""
    try:
        return json.loads(client.describe_state_machine_for_execution(executionArn=arn)["definition"])
    except (BotoCoreError, ClientError) as error:
        name = "promote_model" if "PromoteModel" in machine else "copy_model"
        missing.append(f"the deployed definition; statemachine/{name}.asl.yaml is shown instead. {_reason(error)}")
        return yaml.safe_load((ROOT / "statemachine" / f"{name}.asl.yaml").read_text())


def _rows(make: Callable[[str], Any], events: list[Any], missing: list[str]) -> list[dict[str, Any]] | None:
    """Return the rows of a promotion, from the table that it wrote to S3."""
    outputs = (event.get("stateExitedEventDetails", {}).get("output", "") for event in reversed(events))
    place = next(filter(None, map(TABLE.search, outputs)), None)
    if not place:
        return None
    try:
        read = make("s3").get_object(Bucket=place["bucket"], Key=f"{place['key']}.json")["Body"].read()
    except (BotoCoreError, ClientError) as error:
        missing.append(f"the rows of the promotion, which are in {place[0]}. {_reason(error)}")
        return None
    return [{name: row.get(key) for name, key in ROW.items()} for row in json.loads(read)]


def _of_sandbox(endpoint: str, arn: str, missing: list[str]) -> dict[str, Any]:
    """Return what only the sandbox knows: the calls, the policies and the rows."""
    try:
        known = urllib3.request("GET", f"{endpoint.rstrip('/')}/_sandbox/execution?arn={quote(arn)}").json()
        return {name: known[name] for name in ("calls", "policies", "rows")}
    except (urllib3.exceptions.HTTPError, ValueError, KeyError):
        missing.append(NOT_RECORDED)
        return {}
