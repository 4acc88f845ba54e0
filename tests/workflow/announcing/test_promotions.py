"""A promotion is announced once, by an event and a mail with its table; its copies put events and send no mails."""

import json
from collections import Counter
from typing import Any

import jsonschema
import pytest

from model_copy.request import STARTED_BY
from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions import executions
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.deployment import PROMOTIONS_BUCKET, ROOT
from sandbox.plans import Plan
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow import announcement, promotions
from tests.workflow.announcing.conftest import Event
from tests.workflow.invariants import copies, own_grants
from tests.workflow.promotions import promote, put_manifest, written

SCHEMA = json.loads((ROOT / "docs" / "promotion.schema.json").read_text())
TO_THREE, FROM_MANIFEST = read_event("promote_to_three"), read_event("promote_from_manifest")
TABLE = f"s3://{PROMOTIONS_BUCKET}/promotions/promote-v3/20300101T090000Z/table.csv"
OF_PROMOTIONS = ("Model Promoted", "Model Promotion Failed")


@pytest.fixture
def three(aws: Sandbox) -> Sandbox:
    """The world of the promotion to three accounts, whose copies take two minutes."""
    aws.seed("promote_to_three")
    settings.copy_seconds = 120
    return aws


def announced(aws: Sandbox) -> list[Event]:
    """Return the details of promotions' events, which follow the schema."""
    found = [event for event in aws.outcomes if event["detail-type"] in OF_PROMOTIONS]
    for event in found:
        jsonschema.validate(event["detail"], SCHEMA)
        assert set(event["detail"]) == set(SCHEMA["properties"])
        promoted = event["detail"]["Outcome"] == "Promoted"
        assert event["detail-type"] == ("Model Promoted" if promoted else "Model Promotion Failed")
        assert event["resources"] == [event["detail"]["ExecutionArn"]]
    return [event["detail"] for event in found]


def of_copies(aws: Sandbox) -> list[Event]:
    """Return the details of copies' events, which follow their schema."""
    found = [event["detail"] for event in aws.outcomes if event["detail-type"] not in OF_PROMOTIONS]
    for detail in found:
        announcement.check_schema(detail)
    return found


def counted(details: list[Event]) -> Counter[str]:
    return Counter(detail["Outcome"] for detail in details)


def without_second_project() -> Event:
    """Return the promotion with a second destination project that does not exist."""
    changed: Event = json.loads(json.dumps(TO_THREE))
    second = changed["Destinations"][1]
    second["DestinationProjectArn"] = second["DestinationProjectArn"].replace("/17", "-misspelt/17")
    return changed


def stop_in_the_middle(aws: Sandbox, request: Event) -> Any:
    """Stop a promotion after a minute; return its execution."""
    execution = promotions.start(aws, request, "promote-v3")
    aws.clock.after(60, lambda: executions.stop(execution, "NotNeeded", "The model is withdrawn."))
    aws.finish()
    return execution


def test_a_promotion_of_all_is_one_event_and_one_mail(three: Sandbox) -> None:
    promote(three, TO_THREE, "promote-v3")

    (outcome,) = announced(three)
    assert (outcome["Outcome"], outcome["Counts"], outcome["Table"]) == ("Promoted", {"Copied": 3}, TABLE)
    assert outcome["Request"] == {name: value for name, value in TO_THREE.items() if name != "Destinations"}
    assert (outcome["F1Score"], outcome["Failures"], outcome["Error"], outcome["Unread"]) == (0.9, [], None, None)
    assert counted(of_copies(three)) == {"Copied": 3}
    (mail,) = three.mails
    assert mail.subject == "Model Promoted: promote_to_three v3, to 3 of 3 destinations"
    assert mail.attributes == {"Outcome": "Copied"}
    assert "F1 score:    0.9\nTo:          3 of 3 destinations (3 Copied)\nAs:          v3\n" in mail.message
    facts, _, rows = mail.message.partition("\n\n")
    assert f"\nTable:       {TABLE}\nWhat to do:  Nothing.\n" in facts
    start = "Copied: arn:aws:rekognition:us-east-1"
    assert [line.partition(":project/")[0] for line in rows.splitlines()[:3]] == [
        f"{start}:{account}" for account in ("222222222222", "333333333333", "444444444444")
    ]
    assert rows.endswith(f"\n\nThe table has all rows: {TABLE}\n")


def test_one_of_three_that_fails_is_the_first_row_of_the_mail(three: Sandbox) -> None:
    promote(three, without_second_project(), "promote-v3")

    (outcome,) = announced(three)
    assert (outcome["Outcome"], outcome["Error"]) == ("PartlyPromoted", "PartlyPromotedError")
    assert (outcome["Counts"], outcome["Redrivable"]) == ({"Copied": 2, "Refused": 1}, False)
    (row,) = outcome["Failures"]
    assert (row["Index"], row["Error"]) == (1, "DestinationProjectNotFoundError")
    assert row["ExecutionArn"].endswith(":promote-v3-0001")
    assert counted(of_copies(three)) == {"Copied": 2, "Refused": 1}
    (mail,) = three.mails
    assert mail.subject == ("Model Promotion Failed: PartlyPromotedError, promote_to_three v3, to 2 of 3 destinations")
    assert mail.attributes == {"Outcome": "Failed"}
    assert 'What to do:  Follow the advice under "Why", then start a new execution.' in mail.message
    assert "Runbook:     docs/runbook.md#partlypromotederror\n" in mail.message
    failed, why, *copied = mail.message.partition("\n\n")[2].splitlines()
    project = without_second_project()["Destinations"][1]["DestinationProjectArn"]
    assert failed == f"Refused, DestinationProjectNotFoundError: {project}"
    assert why.startswith(f"    There is no project {project}. Create the project in account 333333333333")
    assert "Runbook" not in why
    assert [line.partition(":")[0] for line in copied[:2]] == ["Copied", "Copied"]


def test_a_promotion_that_reaches_nobody_fails(three: Sandbox) -> None:
    three.follow("CopyProjectVersion: AccessDeniedException always")
    promote(three, TO_THREE, "promote-v3")

    (outcome,) = announced(three)
    assert (outcome["Outcome"], outcome["Counts"]) == ("NotPromoted", {"Failed": 3})
    assert [row["Error"] for row in outcome["Failures"]] == ["AccessDeniedError"] * 3
    (mail,) = three.mails
    assert str(mail.subject).endswith("NotPromotedError, promote_to_three v3, to 0 of 3 destinations")
    assert own_grants() == set()


@pytest.mark.parametrize("content", [None, "Destinations: []"])
def test_a_manifest_that_is_missing_or_not_json_is_refused(aws: Sandbox, content: str | None) -> None:
    if content:
        put_manifest(content)
    promote(aws, FROM_MANIFEST, "promote-v3")

    (outcome,) = announced(aws)
    assert (outcome["Outcome"], outcome["Error"]) == ("Refused", "ManifestError")
    assert outcome["Cause"].startswith(f"The manifest s3://{PROMOTIONS_BUCKET}/manifests/live.json cannot be used: ")
    assert (outcome["Counts"], outcome["Table"], outcome["Failures"]) == ({}, None, [])
    (mail,) = aws.mails
    assert mail.subject == "Model Promotion Failed: ManifestError, promote_from_manifest v3"
    assert mail.attributes == {"Outcome": "Refused"}
    assert f"Manifest:    s3://{PROMOTIONS_BUCKET}/manifests/live.json\n" in mail.message
    assert "Table:" not in mail.message


def test_a_project_that_is_named_twice_is_refused(aws: Sandbox) -> None:
    aws.seed("promote_to_duplicates")
    promote(aws, read_event("promote_to_duplicates"), "promote-v3")

    (outcome,) = announced(aws)
    assert (outcome["Outcome"], outcome["Error"], outcome["Table"]) == ("Refused", "InvalidRequestError", None)
    (mail,) = aws.mails
    assert "Destinations[2].DestinationProjectArn is the project of Destinations[0]." in mail.message
    assert of_copies(aws) == []


def test_a_promotion_that_is_stopped_stops_its_copies_and_is_announced_with_its_table(three: Sandbox) -> None:
    stop_in_the_middle(three, without_second_project())

    (outcome,) = announced(three)
    assert (outcome["Outcome"], outcome["Status"], outcome["Redrivable"]) == ("Failed", "ABORTED", True)
    assert (outcome["Error"], outcome["Cause"]) == ("NotNeeded", "The model is withdrawn.")
    assert (outcome["Counts"], outcome["Table"]) == ({"Refused": 1, "Stopped": 2}, TABLE)
    assert [row["Outcome"] for row in outcome["Failures"]] == ["Refused", "Stopped", "Stopped"]
    assert {row["Outcome"] for row in json.loads(written("promotions/promote-v3/20300101T090000Z/table.json"))} == {
        "Refused",
        "Stopped",
    }
    assert written("promotions/promote-v3/20300101T090000Z/table.csv").count("Stopped") == 2
    told = of_copies(three)
    assert sorted(detail["Status"] for detail in told) == ["ABORTED", "ABORTED", "FAILED"]
    assert [detail["Grant"]["Withdrawn"] for detail in told if detail["Status"] == "ABORTED"] == [True, True]
    assert own_grants() == set()
    (mail,) = three.mails
    assert (
        "Stopped: arn:aws:rekognition:us-east-1:222222222222:project/promote_to_three/1710000000000\n" in mail.message
    )
    assert "its execution promote-v3-0000 was stopped, and Rekognition goes on with the copy." in mail.message
    assert "Runbook:     docs/runbook.md#aborted\n" in mail.message


@pytest.mark.parametrize("again", ["redrive", "start"])
def test_a_stopped_promotion_that_goes_on_adopts_its_copies_and_is_announced_again(three: Sandbox, again: str) -> None:
    execution = stop_in_the_middle(three, TO_THREE)
    if again == "redrive":
        redrive(execution)
        three.finish()
    else:
        promote(three, TO_THREE, "promote-v3-again")

    first, second = announced(three)
    assert [first["Outcome"], second["Outcome"]] == ["Failed", "Promoted"]
    assert second["RedriveCount"] == (1 if again == "redrive" else 0)
    assert (first["ExecutionArn"] == second["ExecutionArn"]) is (again == "redrive")
    assert second["Counts"] == {"Copied": 3}
    assert [mail.attributes["Outcome"] for mail in three.mails] == ["Failed", "Copied"]
    assert len(copies()) == 3
    assert own_grants() == set()


def test_a_promotion_that_fails_at_a_task_is_announced_with_the_rows_that_there_are(three: Sandbox) -> None:
    three.plan = Plan("SummarizePromotionFunction: CodeArtifactUserFailedException")
    promote(three, TO_THREE, "promote-v3")

    (outcome,) = announced(three)
    assert (outcome["Outcome"], outcome["Redrivable"]) == ("Failed", True)
    assert (outcome["Counts"], outcome["Table"]) == ({"Copied": 3}, TABLE)
    (mail,) = three.mails
    assert "to 3 of 3 destinations" in str(mail.subject)
    assert "What to do:  Fix the cause, then redrive the execution" in mail.message


@pytest.mark.parametrize("operation", ["GetObject", "ListObjectsV2", "PutObject"])
def test_a_table_that_cannot_be_read_or_written_is_announced_as_such(three: Sandbox, operation: str) -> None:
    three.plan = Plan(f"AnnouncePromotionFunction.{operation}: AccessDenied always")
    stop_in_the_middle(three, TO_THREE)

    (outcome,) = announced(three)
    assert (outcome["Outcome"], outcome["Counts"], outcome["Table"]) == ("Failed", {}, None)
    assert outcome["Unread"].startswith(f"The table could not be read or written: {operation} on s3://")
    assert "Note:        Some details may be missing. The table could not be read" in three.mails[0].message


@pytest.mark.parametrize("operation", ["DescribeExecution", "GetExecutionHistory"])
def test_a_promotion_that_aws_cannot_describe_is_announced_from_its_event(three: Sandbox, operation: str) -> None:
    three.plan = Plan(f"AnnouncePromotionFunction.{operation}: AccessDeniedException always")
    promote(three, TO_THREE, "promote-v3")

    (outcome,) = announced(three)
    assert (outcome["Outcome"], outcome["Counts"], outcome["Table"]) == ("Promoted", {"Copied": 3}, TABLE)
    assert operation in outcome["Unread"]
    assert three.mails[0].subject == "Model Promoted: promote_to_three v3, to 3 of 3 destinations"


def test_an_event_that_is_not_an_approval_is_announced_as_ignored(aws: Sandbox) -> None:
    promote(aws, read_event("tagged_differently"), "promote-v3")

    (event,) = aws.outcomes
    announcement.check_schema(event["detail"])
    assert (event["detail-type"], event["detail"]["Outcome"]) == ("Model Copy Ignored", "Ignored")
    assert aws.mails == []


@pytest.mark.parametrize("given", [TO_THREE, {**TO_THREE, "Speed": 1}])
def test_a_dry_run_is_not_announced_whether_or_not_it_is_valid(three: Sandbox, given: Event) -> None:
    promote(three, {**given, "DryRun": True}, "promote-v3")

    assert announced(three) == []
    assert three.mails == []
    assert three.dead_letters == []


@pytest.mark.parametrize("chosen", ["", "Copied", "Failed,Refused"])
def test_only_the_outcomes_of_the_parameter_are_mailed(
    three: Sandbox, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    variables = three.deployment.function("AnnouncePromotionFunction").environment_vars
    monkeypatch.setitem(variables, "MAILED_OUTCOMES", chosen)
    promote(three, without_second_project(), "one")
    promote(three, {**TO_THREE, "Speed": 1}, "two")
    promote(three, TO_THREE, "three")

    assert [outcome["Outcome"] for outcome in announced(three)] == ["PartlyPromoted", "Refused", "Promoted"]
    kinds = ["Failed", "Refused", "Copied"]
    assert [mail.attributes["Outcome"] for mail in three.mails] == [kind for kind in kinds if kind in chosen.split(",")]


@pytest.mark.parametrize(
    ("started_by", "mails"),
    [
        ("{machine}:promote-v3", 0),
        ("{machine}-other:promote-v3", 1),
        ("{machine}/Copies:promote-v3", 1),
        ("arn:aws:states:us-east-1:999999999999:execution:other:{machine}:promote-v3", 1),
    ],
)
def test_a_copy_sends_no_mail_only_if_it_names_a_promotion_of_the_stack(
    three: Sandbox, started_by: str, mails: int
) -> None:
    machine = promotions.machine().arn.replace(":stateMachine:", ":execution:")
    first, *_ = TO_THREE["Destinations"]
    request = {**{name: value for name, value in TO_THREE.items() if name != "Destinations"}, **first}
    three.run({**request, STARTED_BY: started_by.format(machine=machine)})

    (outcome,) = of_copies(three)
    assert outcome["Request"][STARTED_BY].endswith(":promote-v3")
    assert len(three.mails) == mails


def test_a_failed_announcement_goes_to_the_queue(three: Sandbox) -> None:
    three.plan = Plan("AnnouncePromotionFunction: crashed x3")
    execution = promotions.start(three, TO_THREE, "promote-v3")
    three.finish()

    (letter,) = three.dead_letters
    assert letter.event["detail"]["executionArn"] == execution.exec_arn
    assert announced(three) == []


def test_the_child_executions_of_a_promotion_are_not_announced(three: Sandbox, changes: list[Event]) -> None:
    promote(three, TO_THREE, "promote-v3")

    ended = [change["detail"] for change in changes if change["detail"]["status"] == "SUCCEEDED"]
    children = [detail for detail in ended if detail["stateMachineArn"] == f"{promotions.machine().arn}/Copies"]
    assert (len(ended), len(children)) == (7, 3)
    assert len(three.outcomes) == 4
