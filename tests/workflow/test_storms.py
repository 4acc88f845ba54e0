"""Many copies at once: slots are waited for, quotas are met, and nothing is lost or copied twice."""

from collections import Counter

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import DESTINATION_ACCOUNT, STACK_ACCOUNT
from sandbox.stories import backend_of, read_event
from tests.workflow.ending import Ending
from tests.workflow.invariants import copies, own_grants

REQUEST = read_event("copy_between_accounts")
HOUR = 3_600
COPY = 900


@pytest.fixture
def world(aws):
    aws.seed("copy_between_accounts")
    return aws


def start_all(world, witness, requests):
    """Start the requests at once, run them to their ends, and check the whole."""
    executions = [world.start(request, f"run-{number}") for number, request in enumerate(requests)]
    world.clock.run()
    endings = [Ending.of(execution) for execution in executions]
    witness.check_world()
    for ending, request in zip(endings, requests, strict=True):
        witness.check_ending(ending, request)
    witness.check_grants(list(zip(endings, requests, strict=True)))
    return endings


def test_a_request_waits_for_a_slot_when_all_five_are_taken_for_an_hour(world, end):
    source, destination = REQUEST["SourceProjectVersionArn"], REQUEST["DestinationProjectArn"]
    for number in range(5):
        held = backend_of(destination).create_project_version(destination, f"taken-{number}", {"S3Bucket": "training"})
        held.source_arn = source
        held.then(world.now(), "COPYING_IN_PROGRESS", HOUR, "COPYING_COMPLETED")

    ending = end(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert 2 * HOUR <= ending.seconds <= 2 * HOUR + 300 + 70


@pytest.mark.parametrize("others", [1, 3])
def test_copies_to_two_accounts_share_the_one_policy_that_those_of_others_leave_room_for(world, witness, others):
    """All of them list the policies before the first is granted, so that AWS refuses the others."""
    settings.policies_quota, settings.copy_seconds = others + 1, COPY
    for _ in range(others):
        world.others(REQUEST).put_policy()
    there = backend_of(REQUEST["DestinationProjectArn"].replace(DESTINATION_ACCOUNT, STACK_ACCOUNT))
    second = {**REQUEST, "DestinationProjectArn": there.create_project("another").arn}

    endings = start_all(world, witness, [REQUEST, second])

    assert {ending.told for ending in endings} == {"succeeds"}
    assert [failures(ending) for ending in endings] == [[], []], "nobody waits"
    assert max(ending.seconds for ending in endings) <= COPY * 1.1
    assert len({ending.output["Policy"]["PolicyName"] for ending in endings}) == 1
    assert own_grants() == set()


def test_fifty_requests_at_once_all_end_copied(world, witness, record_property):
    requests = list(fifty_requests())
    settings.requests_per_second, settings.copy_seconds = 5, COPY

    endings = start_all(world, witness, requests)

    lower_bound = COPY * len(requests) / settings.copies_quota
    beyond = max(ending.seconds for ending in endings) / lower_bound
    met = Counter(error for ending in endings for error in failures(ending))
    record_property("storm", f"50 copies took {beyond:.2f} times what slots and copy time take; met {dict(met)}")
    assert {ending.told for ending in endings} == {"succeeds"}
    assert len(copies()) == 50
    assert own_grants() == set()
    assert met["TransientError"] > 0
    assert beyond <= 1.3


def failures(ending):
    """The errors with which tasks failed on the way."""
    failed = (event.get("lambdaFunctionFailedEventDetails") for event in ending.history)
    return [details["error"] for details in failed if details]


def fifty_requests():
    """Ten versions of one source project into five projects of one destination account."""
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
