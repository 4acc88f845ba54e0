"""The report of an audit: as a summary for an event, as objects in a bucket, and as a table."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from model_copy.audit import Audit
from model_copy.audit_findings import KINDS, Finding, in_order
from model_copy.audit_rows import COLUMNS

SCHEMA_VERSION = "1.0"
# Of the 256 KB of an event, in bytes of JSON.
LARGEST_FINDINGS, LARGEST_NOT_SEEN = 150_000, 50_000
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")

# The detail of the event, which is also what the function returns; docs/audit.schema.json has its shape.
Detail = dict[str, Any]


def detail(audit: Audit, ended: datetime, reports: Mapping[str, str] | None, unwritten: str | None) -> Detail:
    """Return what an audit has found, with as many findings as an event can have.

    Parameters
    ----------
    reports: the addresses of the whole report; None if it was not written.
    unwritten: why the report could not be written.
    """
    findings, more = _fitting([one.as_fields() for one in in_order(audit.findings)], LARGEST_FINDINGS)
    not_seen, more_not_seen = _fitting(_not_seen(audit), LARGEST_NOT_SEEN)
    return {
        **_head(audit, ended),
        "Findings": findings,
        "FindingsLeftOut": more,
        "NotSeen": not_seen,
        "NotSeenLeftOut": more_not_seen,
        "NotJudged": audit.not_judged,
        "Report": dict(reports) if reports else None,
        "Unwritten": unwritten,
    }


def _head(audit: Audit, ended: datetime) -> dict[str, Any]:
    kinds = Counter(one.kind for one in audit.findings)
    return {
        "SchemaVersion": SCHEMA_VERSION,
        "Complete": audit.is_complete,
        "StartedAt": audit.began.isoformat(timespec="seconds"),
        "EndedAt": ended.isoformat(timespec="seconds"),
        "Counts": {
            "Accounts": audit.accounts,
            "Projects": audit.projects,
            "Policies": audit.policies,
            "Grants": len(audit.rows),
            "NotSeen": len(audit.not_seen),
            **{kind: kinds[kind] for kind in KINDS},
        },
    }


def _not_seen(audit: Audit) -> list[dict[str, Any]]:
    return sorted((one.as_fields() for one in audit.not_seen), key=lambda one: (one["Account"], one["Project"] or ""))


def _fitting(entries: Sequence[dict[str, Any]], largest: int) -> tuple[list[dict[str, Any]], int]:
    """Return the first entries that fit, and how many are left out."""
    shown, size = [], 0
    for one in entries:
        size += len(json.dumps(one)) + 2
        if size > largest:
            break
        shown.append(one)
    return shown, len(entries) - len(shown)


def as_json(audit: Audit, ended: datetime) -> str:
    """Write the whole report for programs."""
    content = {
        **_head(audit, ended),
        "Findings": [one.as_fields() for one in in_order(audit.findings)],
        "NotSeen": _not_seen(audit),
        "NotJudged": audit.not_judged,
        "Grants": _table(audit, ended),
    }
    return json.dumps(content, indent=1)


def as_csv(audit: Audit, ended: datetime) -> str:
    """Write a line for each grant, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in fields.values()] for fields in _table(audit, ended))
    return text.getvalue()


def _table(audit: Audit, ended: datetime) -> list[dict[str, Any]]:
    kinds = _kinds_of_rows(audit.findings)
    rows = sorted(audit.rows, key=lambda row: (row.project.text, row.policy, row.statement))
    return [row.as_fields(ended, kinds.get(id(row), ())) for row in rows]


def _kinds_of_rows(findings: Iterable[Finding]) -> dict[int, list[str]]:
    kinds: dict[int, list[str]] = {}
    for one in findings:
        kinds.setdefault(id(one.row), []).append(one.kind)
    return kinds


def _cell(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, list):
        value = " ".join(map(str, value))
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
