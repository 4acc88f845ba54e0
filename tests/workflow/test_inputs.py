"""What an execution does with its input: refuses it with a sentence, copies it once, or adopts the existing copy."""

import json

import pytest

from sandbox.world import Sandbox
from tests.workflow.conftest import Run
from tests.workflow.ending import Ending
from tests.workflow.invariants import Witness, copies, own_grants
from tests.workflow.story import REQUEST, source_project


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


@pytest.mark.parametrize("fault", ["lost_answer", "none"])
def test_a_copy_that_reports_the_output_of_its_source_is_adopted(world: Sandbox, run: Run, fault: str) -> None:
    world.follow(f"CopyProjectVersion: {fault}; copy_inherits_output_config = True", REQUEST)
    assert run(REQUEST).status == "SUCCEEDED"

    assert run(REQUEST).output["Adopted"] is True
    assert len(copies()) == 1
