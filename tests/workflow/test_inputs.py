"""What an execution does with its input: refuses it with a sentence, copies it once, or adopts the existing copy."""

import json

import pytest

from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.conftest import Run
from tests.workflow.ending import Ending
from tests.workflow.invariants import Witness, copies, own_grants, projects
from tests.workflow.story import REQUEST, source_project, version


@pytest.mark.parametrize(
    "given",
    [{}, {"Comment": "Insert your JSON here"}, {"Request": REQUEST}, "a string", ["a list"], 7, True, None],
)
def test_an_input_that_is_not_a_request_is_refused_with_an_example(aws: Sandbox, given: object) -> None:
    ending = Ending.of(aws.run(given))

    assert ending.error == "NotARequestError"
    assert '"DestinationProjectArn": "arn:aws:rekognition:us-east-1:222222222222:project/' in ending.cause


def test_the_state_data_of_another_execution_is_refused_and_changes_nothing(
    world: Sandbox, run: Run, witness: Witness
) -> None:
    ending = run({**REQUEST, "Validation": {"NeedsGrant": True}, "Copy": {"Status": "COPYING_COMPLETED"}})

    assert ending.error == "InvalidRequestError"
    assert "Validation is not a field of the request" in ending.cause
    assert witness.calls == []


@pytest.mark.parametrize("region", ["us-esat-1", "us-east-", "mars-1"])
def test_an_unknown_region_is_refused(world: Sandbox, run: Run, region: str) -> None:
    ending = run(json.loads(json.dumps(REQUEST).replace("us-east-1", region)))

    assert ending.error == "InvalidRequestError"
    assert f"SourceProjectArn must be in a Region with Rekognition Custom Labels; got {region}" in ending.cause


def test_an_execution_with_a_name_as_long_as_eventbridges_copies_between_accounts(world: Sandbox, run: Run) -> None:
    name = "8c1b7a52-1f63-4f50-ae60-9f0c1b2a3d4e_0f9e8d7c-6b5a-4321-8765-0123456789ab"

    assert run(REQUEST, name).status == "SUCCEEDED"
    assert str(copies()[0].caller.session_arn).endswith("/" + name[:64])


def test_a_request_that_is_started_again_adopts_the_copy(world: Sandbox, run: Run) -> None:
    first, again = run(REQUEST), run(REQUEST, "again")

    assert first.output["Adopted"] is False
    assert again.output["Adopted"] is True
    assert len(copies()) == 1


def test_a_request_that_is_started_twice_at_once_is_copied_once(world: Sandbox) -> None:
    one, other = world.start(REQUEST, "one"), world.start(REQUEST, "other")
    world.finish()

    assert [one.status, other.status] == ["SUCCEEDED", "SUCCEEDED"]
    assert len(copies()) == 1
    assert own_grants() == set()


def test_an_existing_copy_is_adopted_even_if_its_source_is_gone(world: Sandbox, run: Run) -> None:
    run(REQUEST)
    source_project().versions.clear()

    again = run(REQUEST)

    assert again.status == "SUCCEEDED"
    assert again.output["Adopted"] is True


@pytest.fixture
def without_gate(world: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stack as it is by default, without a quality gate."""
    validate = world.deployment.function("ValidateRequestFunction")
    monkeypatch.setitem(validate.environment_vars, "MINIMUM_F1_SCORE", "0")


@pytest.mark.usefixtures("without_gate")
@pytest.mark.parametrize("score", [0.0, None])
def test_without_a_quality_gate_any_version_is_copied(world: Sandbox, run: Run, score: float | None) -> None:
    source_project().versions["v3"].f1_score = score

    copied = run(REQUEST)

    assert (copied.status, copied.output["F1Score"]) == ("SUCCEEDED", score)


@pytest.mark.usefixtures("without_gate")
def test_without_a_quality_gate_the_source_of_an_existing_copy_is_not_read(world: Sandbox, run: Run) -> None:
    run(REQUEST)
    world.follow("ValidateRequestFunction.DescribeProjectVersions: none, AccessDeniedException always")

    again = run(REQUEST)

    assert (again.status, again.output["Adopted"], again.output["F1Score"]) == ("SUCCEEDED", True, None)


def test_an_existing_copy_of_a_version_below_the_quality_gate_is_refused_and_stays(world: Sandbox, run: Run) -> None:
    run(REQUEST)
    source_project().versions["v3"].f1_score = 0.71

    again = run(REQUEST)

    assert again.error == "QualityGateError"
    assert version().status(world.now()) == "COPYING_COMPLETED"


def test_an_approval_does_not_override_the_quality_gate(aws: Sandbox, run: Run) -> None:
    aws.seed("approved_by_tag")
    event = read_event("approved_by_tag")
    project = next(project for project in projects() if project.name == "approved_by_tag" and project.versions)
    for one in project.versions.values():
        one.f1_score = 0.71

    assert run(event).error == "QualityGateError"
    assert copies() == []


@pytest.mark.parametrize("fault", ["lost_answer", "none"])
def test_a_copy_that_reports_the_output_of_its_source_is_adopted(world: Sandbox, run: Run, fault: str) -> None:
    world.follow(f"CopyProjectVersion: {fault}; copy_inherits_output_config = True", REQUEST)
    assert run(REQUEST).status == "SUCCEEDED"

    assert run(REQUEST).output["Adopted"] is True
    assert len(copies()) == 1
