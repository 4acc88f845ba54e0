"""The checks of what is announced about an execution."""

import json
from typing import Any

import jsonschema

from model_copy.errors import RefusedError
from sandbox.deployment import ROOT
from sandbox.world import Sandbox
from tests.workflow.ending import Ending

SCHEMA = json.loads((ROOT / "docs" / "outcome.schema.json").read_text())
# These end a copy that was under way, so they are failures and not refusals.
FAILURES = {"CopyDeadlineError", "VersionGoneError"}
REFUSALS = {error.__name__ for error in RefusedError.__subclasses__()} - FAILURES | {"NotARequestError"}
DETAIL_TYPES = {
    "Copied": "Model Copied",
    "Refused": "Model Copy Refused",
    "Failed": "Model Copy Failed",
    "Ignored": "Model Copy Ignored",
}
Outcome = dict[str, Any]


def outcomes(aws: Sandbox) -> list[Outcome]:
    """Return the details of the announced events."""
    return [event["detail"] for event in aws.outcomes]


def check_schema(outcome: Outcome) -> None:
    """Check that the outcome has the documented shape."""
    jsonschema.validate(outcome, SCHEMA)


def outcome_of(ending: Ending) -> str:
    """Return the outcome that an ending must be announced as."""
    if ending.status == "SUCCEEDED":
        return "Ignored" if ending.ignored else "Copied"
    return "Refused" if ending.error in REFUSALS else "Failed"


def request_of(ending: Ending, given: object) -> Outcome | None:
    """Return the request that the workflow knew at the end; None if that is an event."""
    if ending.request or not isinstance(given, dict):
        return ending.request
    return None if "detail-type" in given else given


def check(aws: Sandbox, ending: Ending, given: object) -> Outcome:
    """Check that the one execution was announced as it ended; return the announced outcome."""
    (event,) = aws.outcomes
    detail: Outcome = event["detail"]
    kind = outcome_of(ending)
    check_schema(detail)
    assert (event["source"], event["detail-type"]) == ("rekognition-model-copy", DETAIL_TYPES[kind])
    assert (detail["Outcome"], detail["Status"], detail["Error"]) == (kind, ending.status, ending.error)
    assert detail["Cause"] == (ending.cause or None)
    assert (detail["Redrivable"], detail["Unread"]) == (ending.failed_at_task, None)
    assert detail["Request"] == (None if ending.ignored else request_of(ending, given))
    if kind == "Copied":
        names = ("ProjectVersionArn", "Adopted", "F1Score")
        assert [detail[name] for name in names] == [ending.output[name] for name in names]
    assert len(aws.mails) == (0 if ending.ignored else 1)
    return detail
