"""What explains an execution: the policies before and after, the rows of docs/errors.md, and its destinations."""

from types import SimpleNamespace
from typing import Any

from sandbox.page import document, explained, report

SAME = dict.fromkeys("abcdefgh", 1)
BEFORE, BETWEEN, AFTER = ({"Id": one, **SAME, "End": one} for one in ("before", "between", "after"))


def write(before: Any, after: Any, project: str = "p") -> dict[str, Any]:
    return {"parameters": {"ProjectArn": project}, "policiesBefore": before, "policiesAfter": after}


def test_the_policies_are_compared_from_before_the_first_write_to_after_the_last() -> None:
    calls = [write(BEFORE, BETWEEN), write(None, {}, "q"), {"parameters": {}, "policiesAfter": None}]

    found = {one["project"]: one["diff"] for one in explained.policies([*calls, write(BETWEEN, AFTER)])}

    assert [line for line in found["p"] if line[0] in "+-" or "..." in line] == [
        '-  "Id": "before",',
        '+  "Id": "after",',
        " ...",
        '-  "End": "before"',
        '+  "End": "after"',
    ]
    assert found["q"] == []


def test_an_error_that_was_absorbed_is_explained_too() -> None:
    events = [{"id": 1, "lambdaFunctionFailedEventDetails": {"error": "TransientError"}}]

    assert list(explained.advice({"error": None}, events)) == ["TransientError"]


def test_a_destination_whose_copy_never_started_says_so() -> None:
    def status(of_promotion: str) -> Any:
        promotion: Any = SimpleNamespace(status=of_promotion)
        return document._row("arn", None, promotion)["status"]

    assert [status(one) for one in ("RUNNING", "ABORTED")] == ["WAITING", "NotStarted"]


def test_a_name_in_the_title_is_not_markup() -> None:
    written = report.report({"execution": {"name": "<b>STYLE", "status": "FAILED"}})

    assert "<title>&lt;b&gt;STYLE: FAILED</title>" in written
    assert "<b>" not in written
