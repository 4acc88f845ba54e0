"""A promotion copies to each destination; a failure stays in its row, and starting again copies what is missing."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from model_copy.request import STARTED_BY
from sandbox import deployment
from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions.executions import stop
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.deployment import PROMOTIONS_BUCKET, function_names
from sandbox.stories import backend_of, read_event
from sandbox.world import Sandbox
from tests.workflow.conftest import Deploy
from tests.workflow.ending import Ending
from tests.workflow.invariants import copies
from tests.workflow.promotions import machine, promote, put_manifest, start, table

Json = dict[str, Any]

TO_THREE, FROM_MANIFEST = read_event("promote_to_three"), read_event("promote_from_manifest")
MANIFEST = f"{PROMOTIONS_BUCKET}/manifests/live.json"


def without_projects(*indexes: int) -> Json:
    """Return the promotion with destination projects that do not exist."""
    destinations = [
        {**one, "DestinationProjectArn": one["DestinationProjectArn"].replace("/17", "-misspelt/17")}
        if index in indexes
        else one
        for index, one in enumerate(TO_THREE["Destinations"])
    ]
    return {**TO_THREE, "Destinations": destinations}


@pytest.fixture
def three(aws: Sandbox) -> Sandbox:
    """The world of the promotion to three accounts, whose copies take a minute."""
    aws.seed("promote_to_three")
    settings.copy_seconds = 60
    return aws


def test_each_copy_is_named_after_the_promotion_and_names_it(three: Sandbox) -> None:
    promote(three, TO_THREE, "promote-v3")

    assert sorted(execution.name for execution in three.executions) == [f"promote-v3-000{index}" for index in range(3)]
    for execution in three.executions:
        assert json.loads(str(execution.execution_input))[STARTED_BY].endswith(":promote-v3")


def test_a_failure_stays_in_its_row(three: Sandbox) -> None:
    ending = promote(three, without_projects(1), "promote-v3")

    assert ending.error == "PartlyPromotedError"
    assert ending.cause.startswith("2 of 3 destinations have the model version. These do not: (1) arn:aws:rekognition:")
    assert "DestinationProjectNotFoundError. There is no project " in ending.cause
    where = f"{PROMOTIONS_BUCKET}/promotions/promote-v3/20300101T090000Z/table.csv"
    assert f"The table s3://{where} has a row" in ending.cause
    first, second, third = table()
    assert [first["Outcome"], second["Outcome"], third["Outcome"]] == ["Copied", "Refused", "Copied"]
    assert second["Error"] == "DestinationProjectNotFoundError"
    assert second["ExecutionArn"].endswith(":promote-v3-0001")
    assert first["ProjectVersionArn"].startswith("arn:aws:rekognition:us-east-1:222222222222:project/promote_to_three/")
    assert len(copies()) == 2


def test_a_promotion_without_any_copy_is_not_promoted(three: Sandbox) -> None:
    ending = promote(three, without_projects(0, 1, 2), "promote-v3")

    assert ending.error == "NotPromotedError"
    assert ending.cause.startswith("0 of 3 destinations have the model version.")
    assert copies() == []


def test_after_so_many_failures_no_further_copy_is_started(three: Sandbox) -> None:
    given = {**without_projects(0), "MaxConcurrency": 1, "StopAfterFailures": 1}

    ending = promote(three, given, "promote-v3")

    assert ending.error == "NotPromotedError"
    assert [row["Outcome"] for row in table()] == ["Refused", "NotStarted", "NotStarted"]
    assert len(three.executions) == 1


def test_with_fewer_failures_every_copy_is_started(three: Sandbox) -> None:
    promote(three, {**without_projects(0), "MaxConcurrency": 1, "StopAfterFailures": 2}, "promote-v3")

    assert [row["Outcome"] for row in table()] == ["Refused", "Copied", "Copied"]


def test_starting_the_same_input_again_copies_what_is_missing_and_adopts_the_rest(three: Sandbox) -> None:
    given = without_projects(1)
    promote(three, given, "first")
    project = given["Destinations"][1]["DestinationProjectArn"]
    created = datetime.fromtimestamp(int(project.rpartition("/")[2]) / 1_000, UTC).replace(tzinfo=None)
    backend_of(project).create_project(project.split("/")[1], created=created)

    ending = promote(three, given, "second")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Counts"] == {"Copied": 3}
    assert len(copies()) == 3
    endings = [Ending.of(execution) for execution in three.executions if execution.name.startswith("second")]
    assert sorted(ending.output["Adopted"] for ending in endings) == [False, True, True]


def test_a_missing_manifest_is_named(aws: Sandbox) -> None:
    ending = promote(aws, FROM_MANIFEST, "promote-v3")

    assert ending.error == "ManifestError"
    assert ending.cause.startswith(f"The manifest s3://{MANIFEST} cannot be used: S3 returns: ")
    assert ending.cause.endswith("then start the request again. Runbook: docs/runbook.md#manifesterror")


@pytest.mark.parametrize(
    ("content", "reason"),
    [("Destinations: []", "it is not JSON ("), ("[]", "it must be an object with the field Destinations; got a list")],
)
def test_a_manifest_that_is_none_is_refused(aws: Sandbox, content: str, reason: str) -> None:
    put_manifest(content)

    ending = promote(aws, FROM_MANIFEST, "promote-v3")

    assert ending.error == "ManifestError"
    assert reason in ending.cause
    assert copies() == []


def test_all_errors_of_all_destinations_are_named_before_anything_is_copied(aws: Sandbox) -> None:
    aws.seed("promote_to_three")
    first, second, _ = TO_THREE["Destinations"]

    ending = promote(aws, {**TO_THREE, "Speed": 1, "Destinations": [first, {**second, "Tags": 7}, first]}, "promote-v3")

    assert ending.error == "InvalidRequestError"
    assert ending.cause.startswith(
        "The request has 3 errors: (1) Speed is not a field of a promotion. "
        "(2) Destinations[1].Tags must be an object; got 7. "
        "(3) Destinations[2].DestinationProjectArn is the project of Destinations[0]. "
    )
    assert copies() == []


@pytest.mark.parametrize("given", [{}, {"Comment": "Insert your JSON here"}, {"detail-type": "x"}])
def test_an_input_that_is_not_a_promotion_gets_an_example(aws: Sandbox, given: dict[str, str]) -> None:
    ending = promote(aws, given, "promote-v3")

    assert ending.error == "NotARequestError"
    assert '"Destinations": [' in ending.cause


def test_an_approval_that_names_its_own_destination_is_refused(aws: Sandbox) -> None:
    aws.seed("approved_by_own_event")

    ending = promote(aws, read_event("approved_by_own_event"), "promote-v3")

    assert ending.error == "InvalidApprovalError"
    assert "DestinationProjectArn must be left out, because the stack's parameter DestinationsManifest" in ending.cause
    assert copies() == []


def test_an_event_that_is_not_an_approval_is_ignored(aws: Sandbox) -> None:
    ending = promote(aws, read_event("tagged_differently"), "promote-v3")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Approval"]["Ignored"].startswith("The tags do not contain ")


def test_with_a_manifest_each_approval_starts_a_promotion(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(deployment.PARAMETERS, "DestinationsManifest", MANIFEST)
    with deploy() as aws:
        for story in ("approved_by_own_event", "approved_in_sagemaker", "approved_by_tag"):
            aws.seed(story)
            assert aws.put(read_event(story)) == []
            assert aws.dead_letters == []
        assert len(machine().executions) == 3


def test_an_approval_is_promoted_to_the_destinations_of_the_manifest(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(deployment.PARAMETERS, "DestinationsManifest", MANIFEST)
    project = deployment.PARAMETERS["DefaultDestinationProjectArn"]
    with deploy() as aws:
        aws.seed("approved_by_tag")
        put_manifest(json.dumps({"Destinations": [{"DestinationProjectArn": project}]}))

        aws.put(read_event("approved_by_tag"))
        aws.finish()

        [ending] = map(Ending.of, machine().executions)
        assert ending.status == "SUCCEEDED"
        assert ending.output["Approval"]["Kind"] == "Tag"
        assert ending.output["Counts"] == {"Copied": 1}


def test_a_promotion_that_is_stopped_stops_its_executions_and_the_next_one_adopts_the_copies(three: Sandbox) -> None:
    settings.copy_seconds = 600
    execution = start(three, TO_THREE, "stopped")
    three.clock.after(120, lambda: stop(execution))
    three.finish()
    assert execution.status == "ABORTED"
    assert {copy.status for copy in three.executions} == {"ABORTED"}
    assert len(copies()) == 3

    ending = promote(three, TO_THREE, "again")

    assert ending.status == "SUCCEEDED"
    assert ending.output["Counts"] == {"Copied": 3}
    assert len(copies()) == 3


def test_a_promotion_that_is_stopped_can_be_redriven(three: Sandbox) -> None:
    settings.copy_seconds = 600
    execution = start(three, TO_THREE, "stopped")
    three.clock.after(120, lambda: stop(execution))
    three.finish()

    redrive(execution)
    three.finish()

    assert execution.status == "SUCCEEDED"
    assert [row["Outcome"] for row in table("stopped")] == ["Copied"] * 3
    assert len(copies()) == 3


def test_a_promotion_whose_table_could_not_be_written_can_be_redriven(three: Sandbox) -> None:
    three.follow("SummarizePromotionFunction: crashed x21")
    execution = start(three, TO_THREE, "promote-v3")
    three.finish()
    assert Ending.of(execution).error == "Runtime.ExitError"

    redrive(execution)
    three.finish()

    assert execution.status == "SUCCEEDED"
    assert len(three.executions) == 3


def test_a_row_that_could_not_be_written_is_filled_in(three: Sandbox) -> None:
    three.follow("RecordCopyFunction: crashed x21")

    ending = promote(three, {**TO_THREE, "MaxConcurrency": 1}, "promote-v3")

    assert ending.error == "PartlyPromotedError"
    first, *others = table()
    assert first["Outcome"] == "Failed"
    assert first["Cause"].endswith("Look for its execution by its name, promote-v3-0000.")
    assert [row["Outcome"] for row in others] == ["Copied", "Copied"]


def test_functions_that_were_idle_for_weeks_complete_the_promotion(three: Sandbox) -> None:
    plan = ", ".join(["CodeArtifactUserPendingException x3, none"] * 30)
    three.announces = True
    three.follow("; ".join(f"{function}: {plan}" for function in function_names()))

    ending = promote(three, {**TO_THREE, "StopAfterFailures": 1}, "promote-v3")

    assert ending.status == "SUCCEEDED"
    not_invoked = {"ReadApprovalFunction", "PlanCopyFunction", "AuditGrantsFunction"}
    assert {function for function, _ in three.plan.injected} == set(function_names()) - not_invoked
    assert len(copies()) == 3
    assert [event["detail-type"] for event in three.outcomes] == ["Model Copied"] * 3 + ["Model Promoted"]
