"""What explains an execution: how its calls changed policies, and what docs/errors.md says about its errors."""

import json
import re
from collections.abc import Iterable
from difflib import unified_diff
from functools import cache
from typing import Any

from sandbox.page.files import ROOT

Calls = list[dict[str, Any]]
ERRORS = ROOT / "docs" / "errors.md"
ROW = re.compile(r"^\| \[?`(\w+)`[^|]*\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def advice(execution: dict[str, Any], events: Iterable[Any]) -> dict[str, dict[str, str]]:
    """Return, for each error of the execution, its row of docs/errors.md: what it means, what to do, how to go on."""
    details = (part for event in events for part in event.values() if isinstance(part, dict))
    names = {execution.get("error"), *(part.get("error") for part in details)}
    return {name: row for name, row in _rows().items() if name in names}


@cache
def _rows() -> dict[str, dict[str, str]]:
    rows = ((name, *(cell.replace("`", "") for cell in cells)) for name, *cells in ROW.findall(ERRORS.read_text()))
    return {name: {"means": means, "todo": todo, "then": then} for name, means, todo, then in rows}


def with_differences(calls: Calls) -> Calls:
    """Return the calls; each that wrote a policy has the lines of the difference as ``policyDiff``."""
    return [
        {**call, "policyDiff": difference(call["policiesBefore"], call["policiesAfter"])}
        if call.get("policiesAfter") is not None
        else call
        for call in calls
    ]


def policies(calls: Calls) -> list[dict[str, Any]]:
    """Return, for each project whose policies were written, the difference between the first and the last moment."""
    writes = [call for call in calls if call.get("policiesAfter") is not None]
    projects = dict.fromkeys(call["parameters"]["ProjectArn"] for call in writes)
    of = {arn: [call for call in writes if call["parameters"]["ProjectArn"] == arn] for arn in projects}
    return [
        {"project": arn, "diff": difference(its[0]["policiesBefore"], its[-1]["policiesAfter"])}
        for arn, its in of.items()
    ]


def difference(before: Any, after: Any) -> list[str]:
    """Return the lines that differ and those around them, each with ``+``, ``-`` or a space in front."""
    _, _, _, *lines = [*unified_diff(_lines(before), _lines(after), lineterm=""), "", "", ""]  # without its head
    return [" ..." if line.startswith("@@") else line for line in lines if line]


def _lines(documents: Any) -> list[str]:
    return json.dumps(documents, indent=2).splitlines() if documents else []
