"""The tasks of a promotion: they list its copies, count its failures, and write its rows and its table."""

import json
from types import ModuleType

import count_failures
import pytest
import record_copy
import summarize_promotion
import validate_promotion
from aws_lambda_powertools.utilities.typing import LambdaContext

from model_copy.aws import clients
from model_copy.errors import InvalidRequestError
from model_copy.request import STARTED_BY
from tests.unit.world import REGION, REQUEST, SETTINGS, STATE, Json, Wire, World

BUCKET = SETTINGS["PROMOTIONS_BUCKET"]
PROMOTION: Json = {
    **{name: value for name, value in REQUEST.items() if name != "DestinationProjectArn"},
    "Destinations": [
        {"DestinationProjectArn": REQUEST["DestinationProjectArn"].replace("222222222222", account)}
        for account in ("222222222222", "444444444444", "555555555555")
    ],
}
PREFIX = "promotions/promote-v1/20300101T090000Z/"


@pytest.fixture
def s3(world: World) -> Wire:
    wire = Wire(clients.own("s3"))
    wire.client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return wire


def objects(s3: Wire) -> dict[str, str]:
    listed = s3.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())
    read = {one["Key"]: s3.client.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read() for one in listed}
    return {key.removeprefix(PREFIX): content.decode() for key, content in read.items()}


def validated(**others: object) -> Json:
    """Return the state data after Validate promotion."""
    state = {**STATE, "Request": {**PROMOTION, **others}}
    return {**state, "Promotion": validate_promotion.lambda_handler(state, LambdaContext())}


def record(state: Json, index: int, **copy: object) -> Json:
    items = json.loads(clients.own("s3").get_object(Bucket=BUCKET, Key=f"{PREFIX}destinations.json")["Body"].read())
    return record_copy.lambda_handler({**state, **items[index], **copy}, LambdaContext())


COPIED = {"ExecutionArn": "copy", "Output": {"ProjectVersionArn": "version"}}
FAILED = {"Error": "States.TaskFailed", "Cause": '{"ExecutionArn": "copy", "Status": "ABORTED"}'}


def test_a_valid_promotion_is_listed_in_the_bucket(s3: Wire) -> None:
    state = validated()

    assert state["Promotion"] == {
        "Bucket": BUCKET,
        "Prefix": PREFIX,
        "Key": f"{PREFIX}destinations.json",
        "Destinations": 3,
        "MaxConcurrency": 100,
        "StopAfterFailures": None,
        "DryRun": False,
    }
    first, *_ = json.loads(objects(s3)["destinations.json"])
    assert first == {"Index": 0, "Name": "promote-v1-0000", "Request": {**REQUEST, STARTED_BY: "an-execution"}}


def test_a_promotion_chooses_its_limits(s3: Wire) -> None:
    found = validated(MaxConcurrency=7, StopAfterFailures=3, DryRun=True)["Promotion"]

    assert (found["MaxConcurrency"], found["StopAfterFailures"], found["DryRun"]) == (7, 3, True)


def test_nothing_is_written_if_anything_is_wrong(s3: Wire) -> None:
    with pytest.raises(InvalidRequestError, match=r"2 errors: .* \(2\) Destinations\[1\] must be an object"):
        validated(Speed=1, Destinations=[PROMOTION["Destinations"][0], None])
    with pytest.raises(InvalidRequestError, match="Destinations or DestinationsFrom is required"):
        validate_promotion.lambda_handler({"Request": "v1"}, LambdaContext())

    assert objects(s3) == {}


def test_an_approval_is_promoted_to_the_stack_s_manifest(s3: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESTINATIONS_MANIFEST", f"{BUCKET}/live.json")
    s3.client.put_object(Bucket=BUCKET, Key="live.json", Body=json.dumps({"Destinations": PROMOTION["Destinations"]}))
    approved = {name: value for name, value in PROMOTION.items() if name != "Destinations"}
    state = {**STATE, "Request": approved, "Approval": {"Kind": "Tag"}}

    assert validate_promotion.lambda_handler(state, LambdaContext())["Destinations"] == 3


@pytest.mark.parametrize(("most", "stops"), [(1, True), (2, True), (3, False)])
def test_failed_rows_are_counted_and_no_others(s3: Wire, most: int, stops: bool) -> None:
    state = validated(StopAfterFailures=most)
    record(state, 0, Failure=FAILED)
    record(state, 1, Failure=FAILED)
    record(state, 2, Copy=COPIED)

    found = count_failures.lambda_handler(state, LambdaContext())

    assert found == {"Count": min(most, 2), "Stop": stops}


def test_a_row_that_was_not_started_is_not_a_failure(s3: Wire) -> None:
    state = validated(StopAfterFailures=1)

    assert record(state, 0) == {"Outcome": "NotStarted"}
    assert count_failures.lambda_handler(state, LambdaContext()) == {"Count": 0, "Stop": False}
    assert sorted(objects(s3)) == ["destinations.json", "rows/0000.json"]


def test_a_success_replaces_the_failure_of_an_earlier_attempt(s3: Wire) -> None:
    state = validated()

    assert record(state, 1, Failure=FAILED) == {"Outcome": "Failed"}
    assert sorted(objects(s3)) == ["destinations.json", "failed/0001.json", "rows/0001.json"]
    assert record(state, 1, Copy=COPIED) == {"Outcome": "Copied"}
    assert sorted(objects(s3)) == ["destinations.json", "rows/0001.json"]


def test_the_table_has_a_row_for_each_destination_in_their_order(s3: Wire) -> None:
    state = validated()
    record(state, 2, Failure=FAILED)
    record(state, 0, Copy=COPIED)

    found = summarize_promotion.lambda_handler(state, LambdaContext())

    assert found["Outcome"] == "PartlyPromoted"
    assert found["Counts"] == {"Copied": 1, "Failed": 2}
    assert found["Table"] == f"s3://{BUCKET}/{PREFIX}table.csv"
    rows = json.loads(objects(s3)["table.json"])
    assert [(row["Index"], row["Outcome"]) for row in rows] == [(0, "Copied"), (1, "Failed"), (2, "Failed")]
    assert "Look for its execution by its name, promote-v1-0001" in rows[1]["Cause"]
    assert objects(s3)["table.csv"].count("\r\n") == 4


@pytest.mark.parametrize("task", [count_failures, record_copy, summarize_promotion])
def test_a_task_needs_the_state_data_of_a_promotion(environment: None, task: ModuleType) -> None:
    with pytest.raises(InvalidRequestError, match=r"\(1\) Promotion is required; invoke the function with"):
        task.lambda_handler(PROMOTION, LambdaContext())
