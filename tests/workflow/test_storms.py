"""Many copies at once: they wait for slots, quotas are reached, and nothing is lost or copied twice."""

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import DESTINATION_ACCOUNT, STACK_ACCOUNT
from sandbox.stories import backend_of
from sandbox.world import Sandbox
from tests.workflow.conftest import Run
from tests.workflow.ending import Ending
from tests.workflow.invariants import Request, Witness, copies, own_grants
from tests.workflow.story import REQUEST

HOUR = 3_600
COPY = 900


def start_all(world: Sandbox, witness: Witness, requests: list[Request]) -> list[Ending]:
    """Start the requests at once, run them to their ends, and check all invariants."""
    executions = [world.start(request, f"run-{number}") for number, request in enumerate(requests)]
    world.finish()
    endings = [Ending.of(execution) for execution in executions]
    witness.check_world()
    for ending, request in zip(endings, requests, strict=True):
        witness.check_ending(ending, request)
    witness.check_grants(list(zip(endings, requests, strict=True)))
    return endings


def test_a_request_waits_for_a_slot_if_all_five_are_taken_for_an_hour(world: Sandbox, run: Run) -> None:
    settings.copy_seconds = HOUR
    source, destination = REQUEST["SourceProjectVersionArn"], REQUEST["DestinationProjectArn"]
    for number in range(5):
        copy = backend_of(destination).create_project_version(destination, f"taken-{number}", {"S3Bucket": "training"})
        copy.source_arn = source
        copy.then(world.now(), "COPYING_IN_PROGRESS", HOUR, "COPYING_COMPLETED")

    ending = run(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert 2 * HOUR <= ending.seconds <= 2 * HOUR + 300 + 70


@pytest.mark.parametrize("others", [1, 3])
def test_copies_to_two_accounts_share_the_one_policy_that_other_policies_leave_room_for(
    world: Sandbox, witness: Witness, others: int
) -> None:
    """All of them list the policies before the first grant is added, so that AWS refuses the other grants."""
    settings.policies_quota, settings.copy_seconds = others + 1, COPY
    for _ in range(others):
        world.others(REQUEST).put_policy()
    there = backend_of(REQUEST["DestinationProjectArn"].replace(DESTINATION_ACCOUNT, STACK_ACCOUNT))
    second = {**REQUEST, "DestinationProjectArn": there.create_project("another").arn}

    endings = start_all(world, witness, [REQUEST, second])

    assert {ending.summary for ending in endings} == {"succeeds"}
    assert [ending.task_errors for ending in endings] == [[], []], "nobody waits"
    assert max(ending.seconds for ending in endings) <= COPY * 1.1
    assert len({ending.output["Policy"]["PolicyName"] for ending in endings}) == 1
    assert own_grants() == set()


def test_fifty_requests_at_once_are_all_copied(
    world: Sandbox, witness: Witness, record_property: Callable[[str, object], None]
) -> None:
    requests = list(fifty_requests())
    settings.requests_per_second, settings.copy_seconds = 5, COPY

    endings = start_all(world, witness, requests)

    lower_bound = COPY * len(requests) / settings.copies_quota
    beyond = max(ending.seconds for ending in endings) / lower_bound
    met = Counter(error for ending in endings for error in ending.task_errors)
    record_property("storm", f"50 copies took {beyond:.2f} times what slots and copy time take; met {dict(met)}")
    assert {ending.summary for ending in endings} == {"succeeds"}
    assert len(copies()) == 50
    assert own_grants() == set()
    assert met["TransientError"] > 0
    assert beyond <= 1.3


def fifty_requests() -> Iterator[Request]:
    """Yield requests for ten versions of one source project into five projects of one destination account."""
    source, destination = backend_of(REQUEST["SourceProjectArn"]), backend_of(REQUEST["DestinationProjectArn"])
    targets = [destination.create_project(f"target-{number}").arn for number in range(5)]
    for number in range(10):
        version = source.create_project_version(REQUEST["SourceProjectArn"], f"n{number}", {"S3Bucket": "training"})
        for target in targets:
            yield {
                **REQUEST,
                "SourceProjectVersionArn": version.arn,
                "DestinationProjectArn": target,
                "VersionName": version.name,
            }
