"""The mail about the findings of an audit: a subject, and a text that says what was found, where, and what to do."""

from collections.abc import Iterator

from model_copy import mail
from model_copy.audit_findings import KINDS
from model_copy.audit_report import Detail
from model_copy.text import escape

ANCHOR = "findings-of-an-audit"
WHAT_TO_DO = "Do what each finding says. The runbook explains each kind of finding."


def subject(name: str, detail: Detail) -> str:
    """Return how much was found, in less than 100 characters of printable ASCII."""
    found = found_in(detail)
    return f"{name}: {found} {'finding' if found == 1 else 'findings'}"


def found_in(detail: Detail) -> int:
    """Return the number of all findings."""
    return sum(detail["Counts"][kind] for kind in KINDS)


def text(name: str, detail: Detail, runbook: str) -> str:
    """Return the text of the mail: a line for each known fact, then the findings, in printable ASCII."""
    lines = (("Outcome", name), *_what(detail), ("What to do", WHAT_TO_DO), ("Runbook", f"{runbook}#{ANCHOR}"))
    return mail.written(lines) + _list(detail)


def _what(detail: Detail) -> Iterator[tuple[str, object]]:
    counts, report = detail["Counts"], detail["Report"]
    yield "Found", ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])
    yield "Time", f"{detail['StartedAt']} to {detail['EndedAt']}"
    read = ", ".join(f"{counts[what]} {what.lower()}" for what in ("Accounts", "Projects", "Policies", "Grants"))
    yield "Read", read
    if counts["NotSeen"]:
        first = detail["NotSeen"][0]
        more = f" (and {counts['NotSeen'] - 1} more)" if counts["NotSeen"] > 1 else ""
        yield "Not seen", f"{first['Project'] or 'account ' + first['Account']}{more}: {first['Why']}"
    if not detail["Complete"]:
        yield "Incomplete", detail["NotJudged"] or "Not all projects could be read. There may be more findings."
    if report:
        yield "Report", report["Csv"]
    if detail["Unwritten"]:
        yield "Note", f"The report could not be written. {detail['Unwritten']}"


def _list(detail: Detail) -> str:
    """Return the findings of the event, which fit into the 256 KiB of a message, and how many there are besides."""
    more = detail["FindingsLeftOut"]
    return f"\n{''.join(map(_entry, detail['Findings']))}" + (f"\nAnd {more} more.\n" if more else "")


def _entry(finding: Detail) -> str:
    where = f"{finding['Kind']}: policy {finding['Policy']} of {finding['Project']} (owner: {finding['Owner']})"
    what = f"{finding['Principal']} for {', '.join(finding['Versions'])}"
    return "".join(f"{escape(line)}\n" for line in (where, f"    {what}", f"    {finding['What']}"))
