"""The outcome of a promotion counts its rows, and fits into an event however many there are."""

import json

import jsonschema
import pytest

from model_copy import promotion_outcomes
from model_copy.endings import REFUSALS
from model_copy.execution import EndedExecution
from model_copy.outcomes import NotAnnouncedError
from model_copy.text import escape
from sandbox.deployment import ROOT
from tests.unit.outcome_samples import BY_TAG, EVENT
from tests.unit.promotion_samples import PROMOTION, STATE, WHERE, promoted, row
from tests.unit.world import Json

SCHEMA = json.loads((ROOT / "docs" / "promotion.schema.json").read_text())
LARGEST_EVENT = 256 * 1_024


def outcome_of(execution: EndedExecution, *table: Json, unread: str | None = None) -> Json:
    """Return the outcome, which follows the schema."""
    outcome = dict(promotion_outcomes.of_execution(execution, table, WHERE, unread))
    jsonschema.validate(outcome, SCHEMA)
    assert set(outcome) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    return outcome


def test_a_promotion_is_reported_with_its_counts_its_table_and_the_score() -> None:
    outcome = outcome_of(promoted(), row(0, F1Score=None), row(1))

    assert (outcome["Outcome"], outcome["Counts"], outcome["Table"]) == ("Promoted", {"Copied": 2}, WHERE)
    assert (outcome["F1Score"], outcome["Failures"], outcome["Redrivable"]) == (0.93, [], False)
    assert outcome["Request"] == {name: value for name, value in PROMOTION.items() if name != "Destinations"}


@pytest.mark.parametrize(
    ("error", "kind", "redrivable"),
    [
        ("PartlyPromotedError", "PartlyPromoted", False),
        ("NotPromotedError", "NotPromoted", False),
        *((error, "Refused", False) for error in sorted(REFUSALS)),
        ("AccessDeniedError", "Failed", True),
        ("States.Runtime", "Failed", False),
    ],
)
def test_an_error_decides_the_outcome(error: str, kind: str, redrivable: bool) -> None:
    outcome = outcome_of(promoted(error))

    assert (outcome["Outcome"], outcome["Redrivable"]) == (kind, redrivable)
    assert (outcome["Error"], outcome["Cause"]) == (error, "What is wrong. Runbook: a#b")


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
def test_a_promotion_that_was_ended_failed_whatever_error_it_was_given(status: str) -> None:
    outcome = outcome_of(promoted("PartlyPromotedError", status))

    assert (outcome["Outcome"], outcome["Redrivable"]) == ("Failed", True)


def test_failures_come_before_copies_that_were_not_tried() -> None:
    rows = [row(0, "NotStarted"), row(1, "Stopped"), row(2), row(3, "Refused", Plan={}), row(4, "Failed")]

    outcome = outcome_of(promoted("PartlyPromotedError"), *rows)

    assert [one["Index"] for one in outcome["Failures"]] == [3, 4, 0, 1]


def test_the_largest_outcome_fits_into_an_event() -> None:
    cause = escape("é\U0001f408" * 900)
    long = {"DestinationProjectArn": "a" * 350, "VersionName": "v" * 255, "ExecutionArn": "e" * 256}
    rows = [row(index, "Failed", Error="E" * 256, Cause=cause, **long) for index in range(1_000)]
    request = {**PROMOTION, "KmsKeyId": "k" * 99_000, "Destinations": [{}] * 1_000}

    outcome = outcome_of(promoted("NotPromotedError", data={**STATE, "Request": request}, cause="x" * 32_000), *rows)

    assert len(outcome["Failures"]) == 20
    assert len(outcome["Request"]["KmsKeyId"]) == 99_000
    assert len(json.dumps(outcome)) < LARGEST_EVENT


def test_a_cause_is_reported_without_its_link_to_the_runbook() -> None:
    outcome = outcome_of(promoted("NotPromotedError"), row(0, "Failed", Cause="It broke. Runbook: x#e"))

    assert outcome["Failures"][0]["Cause"] == "It broke."


def test_the_output_is_used_if_aws_could_not_be_read() -> None:
    output = json.dumps({"Table": WHERE, "Counts": {"Copied": 3}, "Approval": BY_TAG})

    outcome = outcome_of(promoted(data={}, input=json.dumps(PROMOTION), output=output))

    assert (outcome["Counts"], outcome["Table"], outcome["Approval"]) == ({"Copied": 3}, WHERE, BY_TAG)
    assert outcome["Request"]["VersionName"] == "v1"


def test_a_success_without_a_known_output_is_not_announced() -> None:
    with pytest.raises(NotAnnouncedError, match="neither the event nor AWS shows its output"):
        promotion_outcomes.of_execution(promoted(data={}), [], WHERE, None)


def test_what_could_not_be_read_is_reported() -> None:
    assert outcome_of(promoted("NotPromotedError"), unread="Denied.")["Unread"] == "Denied."


@pytest.mark.parametrize(
    ("request_", "planned"),
    [
        ({**PROMOTION, "DryRun": True}, True),
        ({**PROMOTION, "DryRun": "true"}, False),
        ({**PROMOTION, "DryRun": False}, False),
        (PROMOTION, False),
        ({**EVENT, "DryRun": True}, False),
        (["DryRun"], False),
    ],
)
def test_only_a_request_can_be_a_dry_run(request_: object, planned: bool) -> None:
    assert promotion_outcomes.is_dry_run(promoted("InvalidRequestError", data={"Request": request_})) is planned


def test_only_an_event_that_is_not_an_approval_is_ignored() -> None:
    ignored = {**STATE, "Approval": {**BY_TAG, "Ignored": "No."}}

    assert promotion_outcomes.is_ignored(promoted(data=ignored)) is True
    assert promotion_outcomes.is_ignored(promoted()) is False
    assert promotion_outcomes.is_ignored(promoted(status="ABORTED", data=ignored)) is False
