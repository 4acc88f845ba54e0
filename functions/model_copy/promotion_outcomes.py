"""Outcomes of promotions: how a promotion ended, as programs see it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from model_copy.endings import (
    NOT_PROMOTED,
    PARTLY_PROMOTED,
    REFUSALS,
    Outcome,
    approval_of,
    error_of,
    head,
    part,
    request_of,
    state_data,
    tail,
)
from model_copy.execution import EndedExecution
from model_copy.outcomes import without_output
from model_copy.promotion_rows import COLUMNS, Row, first_words, missed
from model_copy.request import DRY_RUN
from model_copy.text import parse_object

METRIC_OF = {
    "Promoted": "PromotionsCompleted",
    "Refused": "PromotionsRefused",
    **dict.fromkeys(("PartlyPromoted", "NotPromoted", "Failed"), "PromotionsFailed"),
}
MOST_FAILURES, LONGEST_CAUSE = 20, 1_000
_BY_ERROR = {
    PARTLY_PROMOTED: "PartlyPromoted",
    NOT_PROMOTED: "NotPromoted",
    **dict.fromkeys(REFUSALS, "Refused"),
}


def is_ignored(execution: EndedExecution) -> bool:
    """Return whether the promotion was started by an event that is not an approval."""
    return execution.status == "SUCCEEDED" and "Ignored" in part(state_data(execution), "Approval")


def is_dry_run(execution: EndedExecution) -> bool:
    """Return whether the promotion only plans, whether or not its request is valid."""
    return (_request(execution) or {}).get(DRY_RUN) is True


def of_execution(execution: EndedExecution, table: Sequence[Row], where: str | None, unread: str | None) -> Outcome:
    """Return the detail of the event that announces the outcome; docs/promotion.schema.json has its shape.

    Raises NotAnnouncedError if nothing shows whether a model was promoted or an approval ignored.

    Parameters
    ----------
    table: all rows; empty if nothing was begun or if the table could not be read.
    where: the address of the table; None if the promotion has none.
    unread: why the table could not be read.
    """
    error, cause = error_of(execution)
    output = parse_object(execution.text("output"))
    if execution.status == "SUCCEEDED" and not table and "Table" not in output:
        raise without_output(execution)
    reasons = " ".join(reason for reason in (execution.unread, unread) if reason)
    return {
        **head(execution, _kind(execution, error), error),
        "Request": _request(execution),
        "F1Score": next((row["F1Score"] for row in table if row["F1Score"] is not None), None),
        "Counts": dict(Counter(row["Outcome"] for row in table)) or output.get("Counts") or {},
        "Table": where if table else output.get("Table"),
        "Failures": [_shortened(row) for row in missed(table)[:MOST_FAILURES]],
        "Error": error,
        "Cause": cause,
        **tail(approval_of(execution, state_data(execution)), reasons or None),
    }


def _request(execution: EndedExecution) -> Any:
    """Return the request without its destinations, which may be too many for an event."""
    request = part(state_data(execution), "Request")
    return request_of({"Request": {name: value for name, value in request.items() if name != "Destinations"}})


def _kind(execution: EndedExecution, error: str | None) -> str:
    if execution.status == "FAILED":
        return _BY_ERROR.get(error or "", "Failed")
    return "Promoted" if execution.status == "SUCCEEDED" else "Failed"


def _shortened(row: Row) -> Row:
    """Return the row with a cause that leaves room for others in an event; an announced row has no plan."""
    columns = (name for name in COLUMNS if name != "Action")
    return {**{name: row[name] for name in columns}, "Cause": first_words(row, LONGEST_CAUSE) or None}
