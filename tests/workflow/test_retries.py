"""A passing fault is retried, a fault that a person can fix fails at its task, and a full account delays the copy."""

import json
import re
from collections import Counter

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.plans import Plan
from sandbox.stories import backend_of, read_event
from sandbox.world import Sandbox
from tests.definitions import tasks
from tests.workflow.conftest import Run
from tests.workflow.ending import Ending
from tests.workflow.invariants import Witness, copies, own_grants
from tests.workflow.story import REQUEST

# Errors of Lambda for a while after a function was idle for weeks, is changed, or gets its network interfaces.
PASSING_LAMBDA_ERRORS = [
    "CodeArtifactUserPendingException",
    "ResourceNotReadyException",
    "ResourceConflictException",
    "ENINotReadyException",
    "EC2ThrottledException",
    "EC2UnexpectedException",
]
OPERATIONS = [
    "AssumeRole",
    "DescribeProjectVersions",
    "ListProjectPolicies",
    "PutProjectPolicy",
    "CopyProjectVersion",
    "DeleteProjectPolicy",
]
TRANSIENT = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "InternalServerError",
    "http_500",
    "http_503",
    "dropped",
    "lost_answer",
    "slow",
]
# The functions that a copy invokes.
OF_A_COPY = {
    f"{''.join(map(str.capitalize, name.split()))}Function"
    for name in (*tasks("copy_model"), "Announce outcome")
    if name != "Plan copy"
}
AFTER_THE_EFFECT = ("lost_answer", "slow")


@pytest.mark.parametrize("fault", TRANSIENT)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_transient_fault_is_retried_until_it_is_over(world: Sandbox, run: Run, operation: str, fault: str) -> None:
    world.plan = Plan(f"{operation}: {fault} x7")

    ending = run(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert len(copies()) == 1
    assert len(world.plan.injected) == 7 or fault in AFTER_THE_EFFECT


@pytest.mark.parametrize("error", PASSING_LAMBDA_ERRORS)
def test_functions_that_were_idle_for_weeks_complete_the_copy(aws: Sandbox, witness: Witness, error: str) -> None:
    """Each invocation of each function, its first included, meets the error three times in a row."""
    aws.seed("approved_in_sagemaker")
    settings.copy_seconds, aws.announces = 120, True
    plan = ", ".join([f"{error} x3, none"] * 30)
    aws.follow("; ".join(f"{function}: {plan}" for function in sorted(OF_A_COPY)))

    ending = Ending.of(aws.run(read_event("approved_in_sagemaker")))

    witness.check_ending(ending, ending.request)
    assert ending.summary == "succeeds"
    assert {function for function, _ in aws.plan.injected} == OF_A_COPY
    assert Counter(ending.states)["Describe project version"] > 3
    assert len(copies()) == 1
    assert own_grants() == set()
    assert [event["detail-type"] for event in aws.outcomes] == ["Model Copied"]


def test_an_error_of_lambda_itself_has_lambdas_sentence_as_its_cause(world: Sandbox, run: Run) -> None:
    world.plan = Plan("ValidateRequestFunction: CodeArtifactUserFailedException")

    ending = run(REQUEST)

    assert ending.error == "Lambda.CodeArtifactUserFailedException"
    assert re.search(r"\(Service: Lambda, Status Code: 409, Request ID: [\da-f-]{36}\)$", ending.cause)


def test_retries_back_off_with_jitter_up_to_the_longest_delay_and_then_the_task_fails(world: Sandbox, run: Run) -> None:
    world.plan = Plan("DescribeProjectVersionFunction: throttled always")

    ending = run(REQUEST)
    tries = [event["timestamp"] for event in ending.history if event["type"].value == "LambdaFunctionFailed"]

    assert ending.failed_at_task
    assert ending.error == "Lambda.TooManyRequestsException"
    assert len(tries) == 21
    assert 300 < ending.seconds < 2 + 4 + 8 + 16 + 32 + 64 + 14 * 120


def test_an_error_at_a_task_has_its_name_and_its_sentence(world: Sandbox, run: Run) -> None:
    world.plan = Plan("DescribeProjectVersions: http_503 always")

    ending = run(REQUEST)

    assert ending.failed_at_task
    assert ending.error == "TransientError"
    assert json.loads(ending.cause)["errorMessage"].endswith(
        "then redrive the execution. Runbook: docs/runbook.md#transienterror"
    )


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one != "DeleteProjectPolicy"])
def test_a_denied_call_fails_at_its_task_at_once_and_names_the_call(world: Sandbox, run: Run, operation: str) -> None:
    settings.propagation_seconds = 0
    plan = f"{operation}: AccessDeniedException always"
    world.plan = Plan(plan)
    if operation == "CopyProjectVersion":
        world.seed("granted_by_account")
        world.clock.sleep(301)
        request = read_event("granted_by_account")
    else:
        request = REQUEST

    ending = run(request)

    assert ending.failed_at_task
    assert ending.error == "AccessDeniedError"
    assert f"{operation} on arn:aws:" in ending.cause
    assert len(world.plan.injected) == 1
    assert copies() == []


@pytest.mark.parametrize("error", ["LimitExceededException", "ServiceQuotaExceededException"])
def test_a_copy_waits_for_a_free_slot(world: Sandbox, run: Run, error: str) -> None:
    world.plan = Plan(f"CopyProjectVersion: {error} x30")

    ending = run(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert ending.seconds > 600


def test_a_copy_without_a_free_slot_for_hours_fails_at_its_task(world: Sandbox, run: Run) -> None:
    world.plan = Plan("CopyProjectVersion: LimitExceededException always")

    ending = run(REQUEST)

    assert ending.failed_at_task
    assert ending.error == "NoCopySlotError"
    assert ending.seconds > 6 * 3600


def test_a_project_full_of_versions_is_refused(world: Sandbox, run: Run) -> None:
    destination = REQUEST["DestinationProjectArn"]
    for number in range(100):
        backend_of(destination).create_project_version(destination, f"full-{number}", {"S3Bucket": "training"})

    ending = run(REQUEST)

    assert ending.error == "ModelQuotaError"
    assert "has 100 model versions" in ending.cause
