"""Ended executions, with the state data that the workflow leaves."""

from datetime import UTC, datetime
from typing import Any

from model_copy.execution import EndedExecution
from tests.unit.world import STATE, Json

COPY = {"ProjectVersionArn": "the-copy", "Status": "COPYING_COMPLETED", "Adopted": False}
POLICY = {"PolicyName": "model-copy-1", "Changed": True, "Rounds": 1}
WITHDRAWAL = {"PolicyName": "model-copy-1", "Withdrawn": True}
BY_HAND = {"Kind": "Request", "EventId": None, "At": None, "By": None, "Subject": None}
BY_TAG = {"Kind": "Tag", "EventId": "e1", "At": "2030-01-01T09:00:00Z", "By": "arn:aws:iam::1:user/a", "Subject": "v"}
VALIDATED: Json = {**STATE, "Approval": BY_HAND, "Validation": {"NeedsGrant": True, "F1Score": 0.93}}
DONE: Json = {**VALIDATED, "Policy": POLICY, "Copy": COPY, "Withdrawal": WITHDRAWAL}
IGNORED: Json = {"Request": {}, "Execution": {}, "Approval": {**BY_TAG, "Ignored": "The call failed."}}
OUTPUT: Json = {**COPY, "F1Score": 0.93, "Policy": POLICY, "Withdrawal": WITHDRAWAL, "Approval": BY_TAG}
EVENT: Json = {
    "id": "e2",
    "time": "2030-01-01T09:00:00Z",
    "source": "ours",
    "detail-type": "Model Approved",
    "detail": {},
}


def ended(status: str = "SUCCEEDED", data: Json | None = None, **details: Any) -> EndedExecution:
    """Return an execution that ended after an hour, with this state data; without it, AWS could not be read."""
    started, stopped = datetime(2030, 1, 1, 9, tzinfo=UTC), datetime(2030, 1, 1, 10, tzinfo=UTC)
    arn = "arn:aws:states:eu-central-1:333333333333:execution:copies:an-execution"
    return EndedExecution(arn, status, started, stopped, 0, details, data or {})


def failed(error: str, data: Json = DONE, **details: Any) -> EndedExecution:
    """Return an execution that failed with this error."""
    return ended("FAILED", data, **{"error": error, "cause": "What is wrong. What to do.", **details})
