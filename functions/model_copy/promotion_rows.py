"""The table of a promotion: a row for each destination, and what all rows together say."""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from model_copy.endings import CAUSES, REFUSALS
from model_copy.text import escape, parse_object, shorten

COPIED, PLANNED, REFUSED, FAILED = "Copied", "Planned", "Refused", "Failed"
NOT_STARTED, STOPPED = "NotStarted", "Stopped"
SUCCESSES, FAILURES = (COPIED, PLANNED), (REFUSED, FAILED)
COLUMNS = (
    "Index",
    "DestinationProjectArn",
    "VersionName",
    "Outcome",
    "Action",
    "ProjectVersionArn",
    "F1Score",
    "Error",
    "Cause",
    "ExecutionArn",
)
NOT_STARTED_CAUSE = "StopAfterFailures was reached, so this copy was not started."
# The outcome and the cause of a copy without a row, in a promotion that was summarized and in one that was not.
NOT_RECORDED = (
    FAILED,
    "Nothing shows how this copy ended; its row could not be written. Look for its execution by its name, {}.",
)
ENDED_EARLY = (
    STOPPED,
    "The promotion ended before this copy did. If the copy had begun, its execution {} was stopped, and Rekognition "
    "goes on with the copy. Start the same input again: it adopts what was copied and copies what is missing.",
)
NAMED = 5
LONGEST_CAUSE = 300

Row = Mapping[str, Any]


def of_copy(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of one destination.

    The state data has ``Copy`` if the copy succeeded and ``Failure`` if it did not; neither if it was not started.
    """
    copy, failure = state.get("Copy"), state.get("Failure")
    if copy:
        output = copy["Output"]
        ended = {**output["Plan"], "Outcome": PLANNED, "Plan": output["Plan"]} if "Plan" in output else output
        found = {"Outcome": COPIED, "ExecutionArn": copy["ExecutionArn"], **ended}
    elif failure:
        found = _of_failure(failure)
    else:
        found = {"Outcome": NOT_STARTED, "Cause": NOT_STARTED_CAUSE}
    return _row(state["Index"], state["Request"], found)


def _row(index: int, request: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    known = {"Index": index, **{name: request.get(name) for name in ("DestinationProjectArn", "VersionName")}}
    plan = {"Plan": found["Plan"]} if "Plan" in found else {}
    return {**{name: known.get(name, found.get(name)) for name in COLUMNS}, **plan}


def _of_failure(failure: Mapping[str, Any]) -> dict[str, Any]:
    """Read the failure of the nested execution: its description is the Cause, unless it did not even start."""
    ended = parse_object(failure.get("Cause"))
    if "ExecutionArn" not in ended:
        return {"Outcome": FAILED, "Error": failure.get("Error"), "Cause": _sentence(failure.get("Cause"))}
    error = ended.get("Error")
    is_refused = ended.get("Status") == "FAILED" and error in REFUSALS
    return {
        "Outcome": REFUSED if is_refused else FAILED,
        "ExecutionArn": ended["ExecutionArn"],
        "Error": error or failure.get("Error"),
        "Cause": _sentence(ended.get("Cause")) or CAUSES.get(str(ended.get("Status"))),
    }


def _sentence(cause: object) -> str | None:
    """Return the sentence of a Cause; Lambda wraps it in JSON."""
    sentence = parse_object(cause).get("errorMessage", cause)
    return shorten(escape(str(sentence))) if sentence else None


def complete(
    items: Sequence[Mapping[str, Any]], written: Sequence[Row], unwritten: tuple[str, str] = NOT_RECORDED
) -> list[Row]:
    """Return a row for each item of the promotion, in their order, whether or not it was written."""
    rows, (outcome, cause) = {row["Index"]: row for row in written}, unwritten
    return [
        rows.get(item["Index"])
        or _row(item["Index"], item["Request"], {"Outcome": outcome, "Cause": cause.format(item["Name"])})
        for item in items
    ]


def as_csv(table: Sequence[Row]) -> str:
    """Write the table for a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def summary(table: Sequence[Row], where: str) -> dict[str, Any]:
    """Return what all rows together say: the outcome, a count for each outcome of a row, and a sentence."""
    counts = Counter(row["Outcome"] for row in table)
    reached = count_reached(counts)
    outcome = "Promoted" if reached == len(table) else "PartlyPromoted" if reached else "NotPromoted"
    return {"Outcome": outcome, "Counts": dict(counts), "Table": where, "Sentence": _say(table, reached, where)}


def count_reached(counts: Mapping[str, int]) -> int:
    """Return how many destinations have the model version, by the counts of the rows' outcomes."""
    return sum(counts.get(outcome, 0) for outcome in SUCCESSES)


def missed(table: Sequence[Row]) -> list[Row]:
    """Return the rows of destinations without the model version; failures come before copies that were not tried."""
    rows = (row for row in table if row["Outcome"] not in SUCCESSES)
    return sorted(rows, key=lambda row: row["Outcome"] not in FAILURES)


def _say(table: Sequence[Row], reached: int, where: str) -> str:
    rows, counted = missed(table), f"{reached} of {len(table)} destinations have the model version."
    if not rows:
        return f"{counted} The table {where} has a row for each destination."
    named = " ".join(f"({number}) {_first_words(row)}" for number, row in enumerate(rows[:NAMED], start=1))
    more = f" And {len(rows) - NAMED} more." if len(rows) > NAMED else ""
    return (
        f"{counted} These do not: {named}{more} The table {where} "
        "has a row for each destination. Fix what the rows say, then start the same input again: it copies what is "
        "missing and adopts the rest."
    )


def _first_words(row: Row) -> str:
    return f"{row['DestinationProjectArn']}: {row['Error'] or row['Outcome']}. {first_words(row, LONGEST_CAUSE)}"


def first_words(row: Row, longest: int) -> str:
    """Return the cause of a row without its link to the runbook, cut to a length."""
    cause = (row["Cause"] or "").partition(" Runbook: ")[0]
    return cause if len(cause) <= longest else f"{cause[:longest]}..."
