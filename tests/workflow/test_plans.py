"""A dry run plans what the same request without DryRun then does, and changes nothing."""

import copy
from typing import Any

import pytest

from sandbox.stories import read_event, stories
from sandbox.world import Sandbox
from tests.workflow.conftest import Run
from tests.workflow.invariants import Witness, copies
from tests.workflow.promotions import promote, table
from tests.workflow.story import REQUEST

REQUESTS = [
    story
    for story in stories()
    if "DestinationProjectArn" in read_event(story) and "DryRun" not in read_event(story) and story != "many_errors"
]
# What only the calls that write show.
NOT_PLANNED = {
    "copy_fails": "CopyFailedError",
    "never_finishes": "CopyDeadlineError",
    "policies_full": "PolicyQuotaError",
}
OWN_EVENT = "approved_by_own_event"


def as_planned(plan: dict[str, Any]) -> tuple[bool | None, str | None]:
    """Return whether a copy is adopted, and the error, of an execution that does what is planned."""
    return {"COPY": False, "WAIT": False, "ADOPT": True, "REFUSE": None}[plan["Action"]], (
        plan["Error"] if plan["Action"] == "REFUSE" else None
    )


@pytest.mark.parametrize("story", REQUESTS)
def test_a_copy_does_what_is_planned(aws: Sandbox, run: Run, witness: Witness, story: str) -> None:
    aws.seed(story)
    request = read_event(story)

    plan = run({**request, "DryRun": True}).output["Plan"]
    assert witness.calls == []
    ending = run(request)

    if story in NOT_PLANNED:
        assert (plan["Action"], ending.error) == ("COPY", NOT_PLANNED[story])
    else:
        assert (ending.output.get("Adopted"), ending.error) == as_planned(plan)
        assert plan["Cause"] is None or plan["Action"] == "WAIT" or plan["Cause"] == ending.cause
        assert ending.status == "FAILED" or ending.output["F1Score"] == plan["F1Score"]
    if plan["Policy"] and story != "policies_full":
        assert ending.output.get("Policy", plan["Policy"])["PolicyName"] == plan["Policy"]["PolicyName"]


def test_a_request_that_is_no_dry_run_is_copied(world: Sandbox, run: Run) -> None:
    assert run({**REQUEST, "DryRun": False}).output["Adopted"] is False
    assert len(copies()) == 1


@pytest.mark.parametrize("given", ["true", 1, None, [True], {}])
def test_a_dry_run_that_is_neither_true_nor_false_is_refused(
    world: Sandbox, run: Run, witness: Witness, given: object
) -> None:
    ending = run({**REQUEST, "DryRun": given})

    assert ending.error == "InvalidRequestError"
    assert "1 error: (1) DryRun must be true or false; got " in ending.cause
    assert witness.calls == []


def test_a_dry_run_reports_all_errors_of_its_request(aws: Sandbox, run: Run) -> None:
    plan = run({"DryRun": True}).output["Plan"]

    assert (plan["Action"], plan["Error"]) == ("REFUSE", "InvalidRequestError")
    assert plan["Cause"].startswith("The request has 5 errors: (1) SourceProjectArn is required. ")


def test_the_plan_of_the_largest_request_is_not_too_large(world: Sandbox, run: Run) -> None:
    plan = run({**REQUEST, "DryRun": True, "Tags": {"long": "x" * 261_000}}).output["Plan"]

    assert (plan["Action"], plan["Error"]) == ("REFUSE", "InvalidRequestError")


def test_an_approval_is_a_dry_run_only_if_the_detail_of_an_own_event_says_so(
    aws: Sandbox, run: Run, witness: Witness
) -> None:
    aws.seed(OWN_EVENT)
    event = copy.deepcopy(read_event(OWN_EVENT))
    event["detail"]["DryRun"] = True

    ending = run(event)

    assert ending.output["Plan"]["Action"] == "COPY"
    assert ending.output["Approval"]["Kind"] == "Event"
    assert witness.calls == []
    assert run({**read_event(OWN_EVENT), "DryRun": True}).output["Adopted"] is False


def test_the_table_of_a_planned_promotion_has_the_plan_of_each_copy(aws: Sandbox, witness: Witness) -> None:
    aws.seed("promote_to_three")
    request = copy.deepcopy(read_event("promote_to_three"))
    wrong = request["Destinations"][1]
    wrong["DestinationProjectArn"] = wrong["DestinationProjectArn"].replace("/17", "-misspelt/17")

    ending = promote(aws, {**request, "DryRun": True}, "promote-v3")

    assert ending.output["Counts"] == {"Planned": 3}
    assert [(row["Action"], row["Error"]) for row in table()] == [
        ("COPY", None),
        ("REFUSE", "DestinationProjectNotFoundError"),
        ("COPY", None),
    ]
    assert table()[1]["Cause"].startswith("There is no project ")
    assert table()[0]["Plan"]["Policy"]["PolicyName"] == "rekognition-model-copy-1"
    assert witness.calls == []
