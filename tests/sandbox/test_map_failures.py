"""A map run fails if its items cannot be read, are too large, or fail too often."""

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.maps import AS_USUAL, FAIL_IF_TRUE, GIVEN, PASS, distributed, minutes, statuses
from tests.sandbox.step_functions import OF_STATES, WAIT, Machines, history


@pytest.mark.parametrize(
    ("items", "tolerance", "status"),
    [
        ([True, False, False, False], {}, "FAILED"),
        ([True, False, False, False], {"ToleratedFailurePercentage": 24}, "FAILED"),
        ([True, False, False, False], {"ToleratedFailurePercentage": 25}, "SUCCEEDED"),
        ([True, False, False, False], {"ToleratedFailurePercentage": 24.5, "ToleratedFailureCount": 1}, "FAILED"),
        ([True, True, False, False], {"ToleratedFailureCount": 1}, "FAILED"),
        ([True, True, True, True], {"ToleratedFailurePercentage": 100}, "SUCCEEDED"),
    ],
)
def test_more_failures_than_tolerated_fail_the_map_run(
    aws: Machines, items: list[bool], tolerance: dict[str, float], status: str
) -> None:
    aws.put_items(items)
    parent = aws.run(distributed(FAIL_IF_TRUE, **tolerance), GIVEN)

    assert parent.status == status
    if status == "FAILED":
        assert parent.error == "States.ExceedToleratedFailureThreshold"
        assert parent.cause == "The specified tolerated failure threshold was exceeded"
        assert history(parent) == [*AS_USUAL, "MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_failed_map_run_aborts_its_running_children_and_starts_no_more(aws: Machines) -> None:
    states = {**FAIL_IF_TRUE["States"], "Succeed": {"Type": "Wait", "Seconds": 60, "End": True}}
    aws.put_items([False, True, False])
    parent = aws.run(distributed({**FAIL_IF_TRUE, "States": states}, MaxConcurrency=2), GIVEN)

    assert statuses(parent) == ["ABORTED", "FAILED"]
    assert minutes(parent) == [0, 0]


@pytest.mark.parametrize(
    ("items", "cause"),
    [
        (None, "The specified key does not exist. (Service: Amazon S3; Status Code: 404; Error Code: NoSuchKey)"),
        ("[1, 2", "Attempting to read the items failed: "),
        ('{"a": 1}', "Attempting to map over non-iterable node."),
    ],
)
def test_an_object_that_is_missing_or_no_json_array_fails_the_item_reader(
    aws: Machines, items: str | None, cause: str
) -> None:
    if items:
        aws.put_items(items)
    parent = aws.run(distributed(WAIT), GIVEN)

    assert (parent.error, parent.cause[: len(cause)]) == ("States.ItemReaderFailed", cause)
    assert history(parent) == [*AS_USUAL, "MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_an_item_reader_needs_permission_to_read_the_object(aws: Machines) -> None:
    aws.put_items([1])
    aws.allow_all_but("s3:GetObject")
    parent = aws.run(distributed(WAIT), GIVEN)

    assert parent.error == "States.ItemReaderFailed"
    assert "not authorized to perform: s3:GetObject on resource: arn:aws:s3:::items/items.json" in parent.cause


def test_a_map_run_needs_permission_to_start_executions_of_its_own_machine(aws: Machines) -> None:
    aws.put_items([1])
    aws.allow_all_but("states:StartExecution")
    parent = aws.run(distributed(WAIT), GIVEN)

    assert parent.error == "StepFunctions.AWSStepFunctionsException"
    assert f"perform: states:StartExecution on resource: {OF_STATES}:stateMachine:parent because" in parent.cause


def test_a_failed_map_run_can_be_caught(aws: Machines) -> None:
    catch = [{"ErrorEquals": ["States.ItemReaderFailed"], "Next": "Caught"}]
    definition = distributed(WAIT, Catch=catch)
    definition["States"]["Caught"] = {"Type": "Succeed"}

    assert aws.run(definition, GIVEN).output["Error"] == "States.ItemReaderFailed"


@pytest.mark.parametrize("items", [["x" * 262_144], ["x" * 1_000] * 300])
def test_items_and_results_of_more_than_256_kib_are_refused(aws: Machines, items: list[str]) -> None:
    aws.put_items(items)
    parent = aws.run(distributed(PASS, ResultPath=None), GIVEN)

    assert parent.error == "States.DataLimitExceeded"


def test_a_transition_to_a_missing_state_inside_a_map_is_refused(aws: Machines) -> None:
    broken = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "Next": "Nowhere"}}}

    with pytest.raises(ClientError, match="MISSING_TRANSITION_TARGET: Nowhere"):
        aws.create("parent", distributed(broken))
