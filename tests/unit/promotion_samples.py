"""Ended promotions, with their rows."""

from typing import Any

from model_copy.execution import EndedExecution
from tests.unit.outcome_samples import BY_HAND, ended
from tests.unit.world import EXECUTION, REQUEST, Json

PROMOTION: Json = {
    **{name: value for name, value in REQUEST.items() if name != "DestinationProjectArn"},
    "Destinations": [{"DestinationProjectArn": REQUEST["DestinationProjectArn"]}],
}
STATE: Json = {"Request": PROMOTION, "Execution": EXECUTION, "Approval": BY_HAND, "Promotion": {"DryRun": False}}
WHERE = "s3://promotions/promotions/promote-v1/table.csv"


def row(index: int = 0, outcome: str = "Copied", **others: Any) -> Json:
    """Return a row of the table."""
    known = {"Index": index, "DestinationProjectArn": REQUEST["DestinationProjectArn"], "VersionName": "v1"}
    nothing = dict.fromkeys(("ProjectVersionArn", "F1Score", "Error", "Cause", "ExecutionArn"))
    copied = {"ProjectVersionArn": f"copy-{index}", "F1Score": 0.93} if outcome == "Copied" else {}
    return {**known, "Outcome": outcome, **nothing, **copied, **others}


def promoted(error: str | None = None, status: str = "FAILED", data: Json = STATE, **details: Any) -> EndedExecution:
    """Return a promotion that ended with this error; without one, it succeeded."""
    if error is None and status == "FAILED":
        return ended("SUCCEEDED", data, **details)
    return ended(status, data, **{"error": error, "cause": "What is wrong. Runbook: a#b", **details})
