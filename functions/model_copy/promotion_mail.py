"""The mail about a promotion: a subject, and a text with a row for each destination, failures first."""

from collections.abc import Iterator, Sequence

from model_copy import mail
from model_copy.endings import Outcome, duration
from model_copy.promotion_outcomes import LONGEST_CAUSE
from model_copy.promotion_rows import Row, count_reached, first_words, missed
from model_copy.text import escape

LONGEST_TABLE = 200_000  # of the 256 KiB of a message


def subject(name: str, outcome: Outcome) -> str:
    """Return outcome, error, model version and count of destinations in less than 100 printable ASCII characters."""
    reached = _reached(outcome)
    return mail.fitting_subject(name, outcome, lambda most: f"to {reached}" if reached else "")


def text(name: str, outcome: Outcome, runbook: str, table: Sequence[Row]) -> str:
    """Return the text of the mail: a line for each known fact, then the rows, in printable ASCII."""
    lines = (("Outcome", name), *_what(outcome), *mail.why(outcome), *mail.links(outcome, runbook))
    return mail.written(lines) + (_table(table, outcome) if table else "")


def _reached(outcome: Outcome) -> str:
    counts = outcome["Counts"]
    return f"{count_reached(counts)} of {sum(counts.values())} destinations" if counts else ""


def _what(outcome: Outcome) -> Iterator[tuple[str, object]]:
    request = outcome["Request"] or {}
    yield from mail.given(request, "Model", "SourceProjectVersionArn")
    if outcome["F1Score"] is not None:
        yield "F1 score", outcome["F1Score"]
    if outcome["Counts"]:
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(outcome["Counts"].items()))
        yield "To", f"{_reached(outcome)} ({counted})"
    yield from mail.given(request, "As", "VersionName")
    manifest = request.get("DestinationsFrom")
    if isinstance(manifest, dict):
        yield "Manifest", f"s3://{manifest.get('S3Bucket')}/{manifest.get('S3Key')}"
    yield "Time", f"{outcome['StartedAt']} to {outcome['EndedAt']} ({duration(outcome)})"
    yield from mail.approval(outcome)
    yield from mail.given(outcome, "Table", "Table")


def _table(table: Sequence[Row], outcome: Outcome) -> str:
    """Return the rows, as many as a mail can have, and where the others are."""
    failed = missed(table)
    reached = [row for row in table if row not in failed]
    rows = [*map(_failed_row, failed), *map(_reached_row, reached)]
    shown, size = [], 0
    for row in rows:
        size += len(row)
        if size > LONGEST_TABLE:
            break
        shown.append(row)
    more = len(rows) - len(shown)
    rest = f"And {more} more rows. " if more else ""
    return f"\n{''.join(shown)}\n{rest}The table has all rows: {outcome['Table']}\n"


def _failed_row(row: Row) -> str:
    error = f", {row['Error']}" if row["Error"] else ""
    why = first_words(row, LONGEST_CAUSE)
    return escape(f"{row['Outcome']}{error}: {row['DestinationProjectArn']}") + f"\n    {escape(why)}\n"


def _reached_row(row: Row) -> str:
    return escape(f"{row['Outcome']}: {row['ProjectVersionArn'] or row['DestinationProjectArn']}") + "\n"
