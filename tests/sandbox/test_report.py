"""``make report`` reads an execution by AWS's API and says what it could not read."""

import json
from collections.abc import Iterator

import pytest

from sandbox import report
from sandbox.aws.clock import VirtualClock
from sandbox.serve import served
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox

UNKNOWN = "arn:aws:states:us-east-1:123456789012:execution:machine:name"


@pytest.fixture(scope="module")
def aws() -> Iterator[Sandbox]:
    with sandbox(VirtualClock()) as made:
        made.records.recording = True
        for story in ("copy_fails", "promote_to_three"):
            made.seed(story)
        yield made


@pytest.fixture(scope="module")
def endpoint(aws: Sandbox) -> Iterator[str]:
    with served() as address:
        yield address


def test_a_report_has_the_whole_history_and_the_definition(aws: Sandbox, endpoint: str) -> None:
    execution = aws.run(read_event("copy_fails"))

    known = report.read(execution.exec_arn, endpoint)

    assert len(known["events"]) == len(execution.to_history_output()["events"]) > 100
    assert known["execution"]["cause"] == execution.cause
    assert known["definition"] == json.loads(execution.state_machine.definition)
    assert list(known["errors"]) == ["CopyFailedError"]
    json.dumps(known)


def test_a_report_of_a_promotion_has_its_rows(aws: Sandbox, endpoint: str) -> None:
    promotion = aws.start(read_event("promote_to_three"), machine=aws.deployment.promotion_machine_arn)
    aws.finish()

    rows = report.read(promotion.exec_arn, endpoint)["rows"]

    assert [row["destination"].split(":")[4] for row in rows] == ["222222222222", "333333333333", "444444444444"]
    assert {row["status"] for row in rows} == {"Copied"}


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        ("", "EXECUTION must be the ARN of an execution; got ''"),
        ("arn:aws:states:us-east-1:123456789012:stateMachine:x", "EXECUTION must be the ARN of an execution"),
        (UNKNOWN, "DescribeExecution failed with ExecutionDoesNotExist.*Check the ARN"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(endpoint: str, arn: str, words: str) -> None:
    with pytest.raises(report.ReportError, match=words):
        report.read(arn, endpoint)


def test_a_sandbox_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(report.ReportError, match=r"Could not connect.*ENDPOINT to a sandbox"):
        report.read(UNKNOWN, "http://127.0.0.1:1")
