"""``make report`` reads an execution by AWS's API and says what it could not read."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from moto.stepfunctions.parser.backend.execution import Execution
from moto.sts.models import sts_backends

from sandbox import report
from sandbox.aws.clock import VirtualClock
from sandbox.deployment import REGION, STACK_ACCOUNT, client
from sandbox.page.server import Page
from sandbox.serve import served
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox

UNKNOWN = "arn:aws:states:us-east-1:123456789012:execution:machine:name"
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def aws() -> Iterator[Sandbox]:
    with sandbox(VirtualClock()) as made:
        made.records.recording = True
        for story in ("copy_fails", "name_taken", "promote_to_three"):
            made.seed(story)
        yield made


@pytest.fixture(scope="module")
def endpoint(aws: Sandbox) -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(scope="module")
def promotion(aws: Sandbox) -> Execution:
    made = aws.start(read_event("promote_to_three"), machine=aws.deployment.promotion_machine_arn)
    aws.finish()
    return made


def policy(statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def reader(promotion: Execution, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials of a role that may read executions and their histories, and nothing else.

    They come after the promotion, because the sandbox's functions change these variables.
    """
    iam = client("iam", STACK_ACCOUNT)
    trust = {"Effect": "Allow", "Principal": {"AWS": STACK_ACCOUNT}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": ["states:DescribeExecution", "states:GetExecutionHistory"], "Resource": "*"}
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="reader", PolicyName="reads", PolicyDocument=policy(may))
    session = sts_backends[STACK_ACCOUNT]["aws"].assume_role(REGION, "me", role, "", 3_600, "")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session.secret_access_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", session.session_token)


def test_a_report_has_the_whole_history_and_the_definition(aws: Sandbox, endpoint: str) -> None:
    execution = aws.run(read_event("copy_fails"))

    known = report.read(execution.exec_arn, endpoint)

    assert len(known["events"]) == len(execution.to_history_output()["events"]) > 100
    assert known["execution"]["cause"] == execution.cause
    assert known["definition"] == json.loads(execution.state_machine.definition)
    assert list(known["errors"]) == ["CopyFailedError"]
    assert report.read(execution.exec_arn)["missing"] == [report.NOT_RECORDED]
    json.dumps(known)


def test_a_report_is_written_and_its_path_printed(
    aws: Sandbox, endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    execution = aws.run(read_event("copy_fails"))
    monkeypatch.setattr(report, "ROOT", tmp_path)

    report.run(execution.exec_arn, endpoint)

    path = f"build/report-{execution.name}.html"
    assert capsys.readouterr().out.splitlines() == [f"Not in the report: {report.NOT_RECORDED}", f"Report: {path}"]
    assert (tmp_path / path).read_text().startswith("<!doctype html>")


def test_a_report_of_a_promotion_has_its_rows(promotion: Execution, endpoint: str) -> None:
    rows = report.read(promotion.exec_arn, endpoint)["rows"]

    assert [row["destination"].split(":")[4] for row in rows] == ["222222222222", "333333333333", "444444444444"]
    assert {row["status"] for row in rows} == {"Copied"}


def test_a_report_says_what_could_not_be_read(promotion: Execution, endpoint: str, reader: None) -> None:
    known = report.read(promotion.exec_arn, endpoint)

    of_machine, of_rows, of_calls = known["missing"]
    assert of_machine.startswith(
        "the deployed definition; statemachine/promote_model.asl.yaml is shown instead. Descri"
    )
    assert "AccessDenied" in of_machine
    assert of_rows.startswith("the rows of the promotion, which are in s3://rekognition-model-copy-promotionsbucket-")
    assert of_calls == "the calls to AWS and the project policies, because Step Functions does not record them."
    assert known["definition"]["StartAt"] == "Nest the request"
    assert known["rows"] is None


def test_a_report_of_a_served_sandbox_has_the_calls(aws: Sandbox) -> None:
    clock: Any = aws.clock
    execution = aws.run(read_event("copy_fails"))

    with served(wrap=partial(Page, aws, clock)) as address:
        known = report.read(execution.exec_arn, address)

    assert {"AssumeRole", "ListProjectPolicies"} <= {call["operation"] for call in known["calls"]}
    assert known["missing"] == []


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


@pytest.mark.parametrize(
    ("endpoint", "profile", "words"),
    [
        (NOWHERE, None, r"Could not connect.*ENDPOINT to a sandbox"),
        ("127.0.0.1:5000", None, r"Invalid endpoint: 127\.0\.0\.1:5000\. .*ENDPOINT to a sandbox"),
        (None, "nobody", r"The config profile \(nobody\) could not be found\. Set AWS_PROFILE"),
    ],
)
def test_an_aws_that_cannot_be_asked_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, endpoint: str | None, profile: str | None, words: str
) -> None:
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)

    with pytest.raises(report.ReportError, match=words):
        report.read(UNKNOWN, endpoint)


def test_what_may_not_be_read_is_named() -> None:
    missing: list[str] = []
    make = report._clients("us-east-1", NOWHERE)
    output = json.dumps({"Table": "s3://a-bucket/promotions/live/table.csv"})

    definitions = [
        report._definition(make("stepfunctions"), UNKNOWN, machine, missing) for machine in ("PromoteModel-1", "Copy-1")
    ]
    rows = report._rows(make, [{"stateExitedEventDetails": {"output": output}}], missing)

    assert ["Summarize promotion" in definition["States"] for definition in definitions] == [True, False]
    assert rows is None
    assert report._of_sandbox(NOWHERE, UNKNOWN, missing) == {}
    assert [sentence.partition(". ")[0].partition(";")[0] for sentence in missing] == [
        "the deployed definition",
        "the deployed definition",
        "the rows of the promotion, which are in s3://a-bucket/promotions/live/table.csv",
        report.NOT_RECORDED,
    ]
