"""A row says how a destination ended; all rows together say how the promotion ended."""

import csv
import io
import json

import pytest

from model_copy import promotion_rows
from tests.unit.world import REQUEST, Json

EXECUTION = "arn:aws:states:eu-central-1:333333333333:execution:CopyModel-1V5DCVZT:live-0007"
STATE: Json = {"Request": REQUEST, "Index": 7, "Promotion": {}}
TABLE = "s3://promotions/promotions/live/table.csv"


def row(**others: object) -> Json:
    return {
        "Index": 7,
        "DestinationProjectArn": REQUEST["DestinationProjectArn"],
        "VersionName": "v1",
        "Outcome": None,
        "Action": None,
        "ProjectVersionArn": None,
        "F1Score": None,
        "Error": None,
        "Cause": None,
        "ExecutionArn": None,
        **others,
    }


def ended(**description: object) -> Json:
    return {
        **STATE,
        "Failure": {"Error": "States.TaskFailed", "Cause": json.dumps({"ExecutionArn": EXECUTION, **description})},
    }


def test_a_copy_that_succeeded_has_its_version_and_score() -> None:
    output = {"ProjectVersionArn": "an-arn", "F1Score": 0.93, "Status": "COPYING_COMPLETED"}

    found = promotion_rows.of_copy({**STATE, "Copy": {"ExecutionArn": EXECUTION, "Output": output}})

    assert found == row(Outcome="Copied", ProjectVersionArn="an-arn", F1Score=0.93, ExecutionArn=EXECUTION)


def test_a_dry_run_has_its_plan() -> None:
    plan = {"Action": "REFUSE", "Error": "PolicyDeniedError", "Cause": "It is denied.", "F1Score": 0.93, "Policy": None}

    found = promotion_rows.of_copy({**STATE, "Copy": {"ExecutionArn": EXECUTION, "Output": {"Plan": plan}}})

    of_plan = {name: plan[name] for name in ("Action", "Error", "Cause", "F1Score")}
    assert found == row(Outcome="Planned", ExecutionArn=EXECUTION, Plan=plan, **of_plan)


def test_a_copy_that_was_refused_has_its_error_and_sentence() -> None:
    found = promotion_rows.of_copy(ended(Status="FAILED", Error="VersionConflictError", Cause="The name is taken."))

    assert found == row(
        Outcome="Refused", Error="VersionConflictError", Cause="The name is taken.", ExecutionArn=EXECUTION
    )


def test_a_copy_that_failed_at_a_task_has_the_sentence_without_lambdas_json() -> None:
    cause = json.dumps({"errorMessage": "It was denied.", "errorType": "AccessDeniedError"})

    found = promotion_rows.of_copy(ended(Status="FAILED", Error="AccessDeniedError", Cause=cause))

    assert found == row(Outcome="Failed", Error="AccessDeniedError", Cause="It was denied.", ExecutionArn=EXECUTION)


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("ABORTED", "Somebody stopped the execution."),
        ("TIMED_OUT", "The execution ran for longer than the state machine allows."),
        ("FAILED", None),
    ],
)
def test_a_copy_that_was_ended_from_outside_says_so(status: str, cause: str | None) -> None:
    found = promotion_rows.of_copy(ended(Status=status))

    assert found == row(Outcome="Failed", Error="States.TaskFailed", Cause=cause, ExecutionArn=EXECUTION)


def test_a_copy_that_could_not_be_started_has_the_error_of_step_functions() -> None:
    error = "StepFunctions.ExecutionLimitExceededException"

    found = promotion_rows.of_copy({**STATE, "Failure": {"Error": error, "Cause": "Too many.\n"}})

    assert found == row(Outcome="Failed", Error=error, Cause=r"Too many.\n")


def test_a_copy_that_was_not_started_says_why() -> None:
    found = promotion_rows.of_copy({**STATE, "Failures": {"Count": 3, "Stop": True}})

    assert found == row(Outcome="NotStarted", Cause="StopAfterFailures was reached, so this copy was not started.")


def test_a_row_that_was_not_written_is_filled_in() -> None:
    items = [{"Index": index, "Name": f"live-000{index}", "Request": REQUEST} for index in (6, 7)]
    written = row(Index=6, Outcome="Copied")

    first, second = promotion_rows.complete(items, [written])

    assert first == written
    assert second == row(
        Outcome="Failed",
        Cause="Nothing shows how this copy ended; its row could not be written. Look for its execution by its name, "
        "live-0007.",
    )


def test_the_table_for_a_spreadsheet_has_a_line_for_each_row() -> None:
    text = promotion_rows.as_csv([row(Outcome="Refused", Cause='A "name", taken'), row(Plan={})])

    header, first, second = csv.reader(io.StringIO(text))
    assert header == list(promotion_rows.COLUMNS)
    assert first[3:9] == ["Refused", "", "", "", "", 'A "name", taken']
    assert second[:3] == ["7", REQUEST["DestinationProjectArn"], "v1"]


@pytest.mark.parametrize(
    ("outcomes", "outcome"),
    [
        (["Copied", "Copied"], "Promoted"),
        (["Planned"], "Promoted"),
        (["Copied", "Refused"], "PartlyPromoted"),
        (["Copied", "NotStarted"], "PartlyPromoted"),
        (["Failed", "NotStarted"], "NotPromoted"),
    ],
)
def test_a_promotion_succeeds_only_if_every_destination_is_reached(outcomes: list[str], outcome: str) -> None:
    found = promotion_rows.summary([row(Outcome=one) for one in outcomes], TABLE)

    assert found["Outcome"] == outcome
    assert sum(found["Counts"].values()) == len(outcomes)
    assert found["Table"] == TABLE


def test_the_sentence_counts_names_the_first_failures_and_ends_in_what_to_do() -> None:
    rows = [
        row(Outcome="Copied"),
        row(Outcome="NotStarted", DestinationProjectArn="later"),
        *(
            row(Outcome="Failed", DestinationProjectArn=f"p{number}", Error="E", Cause="It broke. Runbook: x#e")
            for number in range(5)
        ),
    ]

    assert promotion_rows.summary(rows, TABLE)["Sentence"] == (
        "1 of 7 destinations have the model version. These do not: (1) p0: E. It broke. (2) p1: E. It broke. "
        f"(3) p2: E. It broke. (4) p3: E. It broke. (5) p4: E. It broke. And 1 more. The table {TABLE} has a row for "
        "each destination. Fix what the rows say, then start the same input again: it copies what is missing and "
        "adopts the rest."
    )


def test_the_sentence_of_a_promotion_that_reached_all_names_none() -> None:
    sentence = promotion_rows.summary([row(Outcome="Copied"), row(Outcome="Planned")], TABLE)["Sentence"]

    assert sentence == f"2 of 2 destinations have the model version. The table {TABLE} has a row for each destination."


def test_a_long_cause_is_cut_in_the_sentence() -> None:
    sentence = promotion_rows.summary([row(Outcome="Failed", Error="E", Cause="x" * 9_000)] * 9, TABLE)["Sentence"]

    assert "x" * 300 + "..." in sentence
    assert len(sentence) < 3_000
