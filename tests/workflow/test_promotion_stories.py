"""The stories of promotions, and of the functions that write and read their rows."""

import json
from typing import Any

from sandbox.deployment import PROMOTIONS_BUCKET
from sandbox.stories import promotions_bucket, read_event
from sandbox.world import Sandbox
from tests.workflow.invariants import copies, own_grants
from tests.workflow.promotions import promote, written


def invoke(aws: Sandbox, function: str, story: str) -> Any:
    """Invoke a function with the event of a story, in the world of that story."""
    aws.seed(story)
    arn, payload = aws.deployment.function(function).function_arn, json.dumps(read_event(story))
    answers: list[tuple[str, bool]] = []
    # On the clock, because an invocation sets the deadline of its thread.
    aws.clock.spawn(lambda: answers.append(aws.lambdas.run(arn, payload)))
    aws.finish()
    ((answer, failed),) = answers
    assert not failed
    return json.loads(answer)


def test_row_after_failures(aws: Sandbox) -> None:
    assert invoke(aws, "CountFailuresFunction", "row_after_failures") == {"Count": 2, "Stop": True}


def test_row_of_failed_copy(aws: Sandbox) -> None:
    assert invoke(aws, "RecordCopyFunction", "row_of_failed_copy") == {"Outcome": "Refused"}

    prefix = "promotions/row-of-failed-copy/"
    row = json.loads(written(f"{prefix}rows/0001.json"))
    assert row["Error"] == "DestinationProjectNotFoundError"
    assert row["Cause"].startswith("There is no project arn:aws:rekognition:us-east-1:333333333333:")
    assert row["ExecutionArn"].endswith(":row-of-failed-copy-0001")
    assert written(f"{prefix}failed/0001.json") == written(f"{prefix}rows/0001.json")


def test_rows_of_promotion(aws: Sandbox) -> None:
    summary = invoke(aws, "SummarizePromotionFunction", "rows_of_promotion")

    assert summary["Outcome"] == "PartlyPromoted"
    assert summary["Table"] == f"s3://{PROMOTIONS_BUCKET}/promotions/rows-of-promotion/table.csv"
    assert summary["Sentence"].startswith("2 of 3 destinations have the model version. These do not: (1) arn:aws:")
    assert [row["Outcome"] for row in json.loads(written("promotions/rows-of-promotion/table.json"))] == [
        "Copied",
        "Refused",
        "Copied",
    ]


def test_promote_to_duplicates(aws: Sandbox) -> None:
    aws.seed("promote_to_duplicates")

    ending = promote(aws, read_event("promote_to_duplicates"), "promote-v3")

    assert ending.error == "InvalidRequestError"
    assert "1 error: (1) Destinations[2].DestinationProjectArn is the project of Destinations[0]. " in ending.cause
    assert promotions_bucket()[1].keys == {}


def test_promote_to_three(aws: Sandbox) -> None:
    aws.seed("promote_to_three")

    ending = promote(aws, read_event("promote_to_three"), "promote-v3")

    assert ending.status == "SUCCEEDED"
    assert ending.output == {
        "Table": f"s3://{PROMOTIONS_BUCKET}/promotions/promote-v3/table.csv",
        "Counts": {"Copied": 3},
        "Approval": {"Kind": "Request", "EventId": None, "At": None, "By": None, "Subject": None},
    }
    assert len(copies()) == 3
    assert own_grants() == set()
    assert 3_600 <= ending.seconds <= 3_600 * 1.2


def test_promote_from_manifest(aws: Sandbox) -> None:
    aws.seed("promote_from_manifest")

    ending = promote(aws, read_event("promote_from_manifest"), "promote-v3")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Counts"] == {"Copied": 3}
    assert len(copies()) == 3
