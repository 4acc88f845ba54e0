"""Copies to several accounts at once, whose grants share a policy."""

from collections.abc import Callable

import pytest
from moto.iam.models import iam_backends
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.deployment import DESTINATION_ACCOUNT, FURTHER_DESTINATIONS
from sandbox.plans import Plan
from sandbox.stories import backend_of
from sandbox.world import Sandbox
from tests.workflow.accounts import role_in, seed_projects, to
from tests.workflow.ending import Ending
from tests.workflow.invariants import Request, Witness, copies, own_grants
from tests.workflow.story import REQUEST, STORY
from tests.workflow.test_matrix import ROWS

# Runs requests at once to their ends.
RunAll = Callable[[list[Request]], tuple[list[Execution], list[Ending]]]

ACCOUNTS = (DESTINATION_ACCOUNT, *FURTHER_DESTINATIONS)
FAULTS = {
    "EnsureProjectPolicyFunction": "crashed killed timed_out",
    "EnsureProjectPolicyFunction.ListProjectPolicies": "ThrottlingException lost_answer others_change_policy",
    "EnsureProjectPolicyFunction.PutProjectPolicy": "ThrottlingException lost_answer InvalidPolicyRevisionIdException "
    "others_change_policy others_delete_policy grant_withdrawn",
    "WithdrawGrantFunction": "crashed killed timed_out",
    "WithdrawGrantFunction.ListProjectPolicies": "ThrottlingException lost_answer others_change_policy",
    "WithdrawGrantFunction.PutProjectPolicy": "ThrottlingException lost_answer InvalidPolicyRevisionIdException",
    "WithdrawGrantFunction.DeleteProjectPolicy": "ThrottlingException lost_answer InvalidPolicyRevisionIdException",
}
# Where others change the only policy for ever, there is no other one to go to.
ALONE = {("EnsureProjectPolicyFunction.ListProjectPolicies", "others_change_policy", "always"): "task: TransientError"}
CELLS = [
    (row["place"], row["fault"], count, ALONE.get((row["place"], row["fault"], count), row[count]))
    for row in ROWS
    if row["fault"] in FAULTS.get(row["place"], "").split()
    for count in ("x3", "always")
    if (row["fault"], count) != ("timed_out", "always")  # it takes effect as killed does
]


@pytest.fixture
def world(aws: Sandbox) -> Sandbox:
    """A model, a project for it in each account, and room for one policy."""
    aws.seed(STORY)
    seed_projects(REQUEST, aws.now())
    settings.copy_seconds, settings.policies_quota = 30, 1
    return aws


@pytest.fixture
def end_all(world: Sandbox, witness: Witness) -> RunAll:
    """Run requests at once to their ends, and check the rules that every run must keep."""

    def end_all(requests: list[Request]) -> tuple[list[Execution], list[Ending]]:
        executions = [world.start(request) for request in requests]
        world.finish()
        endings = [Ending.of(execution) for execution in executions]
        check(witness, endings, requests)
        return executions, endings

    return end_all


def check(witness: Witness, endings: list[Ending], requests: list[Request]) -> None:
    witness.check_world()
    for ending, request in zip(endings, requests, strict=True):
        witness.check_ending(ending, request, len(witness.calls))  # the calls are of all of them
    witness.check_grants(list(zip(endings, requests, strict=True)))


@pytest.mark.parametrize(("place", "fault", "count", "expected"), CELLS)
def test_two_copies_that_share_a_policy_end_as_one_does(
    world: Sandbox, witness: Witness, end_all: RunAll, place: str, fault: str, count: str, expected: str
) -> None:
    requests = [to(account, REQUEST) for account in FURTHER_DESTINATIONS]
    world.follow(f"{place}: {fault} {count}", requests[0])

    executions, endings = end_all(requests)

    assert world.plan.injected
    assert {ending.summary for ending in endings} <= {expected, "succeeds"}
    assert expected in {ending.summary for ending in endings}
    world.follow("")
    for execution, ending in zip(executions, endings, strict=True):
        if ending.failed_at_task:
            redrive(execution)
    world.finish()
    check(witness, [Ending.of(execution) for execution in executions], requests)
    assert not any(Ending.of(execution).failed_at_task for execution in executions)


def test_a_version_is_copied_to_all_accounts_at_once_by_one_policy(end_all: RunAll) -> None:
    settings.roles_must_exist = True

    _, endings = end_all([to(account, REQUEST) for account in ACCOUNTS])

    assert [ending.summary for ending in endings] == ["succeeds"] * 3
    assert {ending.output["Policy"]["PolicyName"] for ending in endings} == {"rekognition-model-copy-1"}
    assert len(copies()) == 3
    assert own_grants() == set()


def test_versions_are_copied_to_one_account_at_once_by_one_policy(end_all: RunAll) -> None:
    settings.roles_must_exist = True
    project = REQUEST["SourceProjectArn"]
    names = ["n1", "n2", "n3"]
    made = [backend_of(project).create_project_version(project, name, {"S3Bucket": "training"}) for name in names]

    _, endings = end_all(
        [
            {
                **to(FURTHER_DESTINATIONS[0], REQUEST),
                "SourceProjectVersionArn": version.arn,
                "VersionName": version.name,
            }
            for version in made
        ]
    )

    assert [ending.summary for ending in endings] == ["succeeds"] * 3
    assert {ending.output["Policy"]["PolicyName"] for ending in endings} == {"rekognition-model-copy-1"}
    assert own_grants() == set()


@pytest.fixture
def lose_role(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Delete the role that copies in an account."""

    def lose_role(account: str) -> None:
        roles = iam_backends[account]["aws"].roles
        (found,) = (key for key, role in roles.items() if role.arn == role_in(account))
        monkeypatch.delitem(roles, found)

    return lose_role


def test_an_account_whose_role_is_missing_is_refused_and_the_others_are_copied(
    end_all: RunAll, lose_role: Callable[[str], None]
) -> None:
    settings.roles_must_exist = True
    lose_role(FURTHER_DESTINATIONS[0])

    _, (first, second, third) = end_all([to(account, REQUEST) for account in ACCOUNTS])

    assert [first.summary, third.summary] == ["succeeds", "succeeds"]
    assert second.summary == "task: AccessDeniedError"
    assert role_in(FURTHER_DESTINATIONS[0]) in second.cause
    assert own_grants() == set()


@pytest.mark.parametrize("quota", [1, 5])
def test_only_the_account_whose_role_goes_before_its_grant_is_refused(
    world: Sandbox, end_all: RunAll, lose_role: Callable[[str], None], quota: int
) -> None:
    """Its role is there when the request is validated and gone when AWS reads the policy with the grant."""
    settings.roles_must_exist, settings.policies_quota = True, quota
    lost = iter([FURTHER_DESTINATIONS[0]])

    def role_goes() -> None:
        for account in lost:
            lose_role(account)

    world.plan = Plan("EnsureProjectPolicyFunction.ListProjectPolicies: role_goes always", {"role_goes": role_goes})

    _, (first, second, third) = end_all([to(account, REQUEST) for account in ACCOUNTS])

    assert [first.summary, third.summary] == ["succeeds", "succeeds"]
    assert second.summary == "refused: PolicyRejectedError"
    assert f"cannot be written for {role_in(FURTHER_DESTINATIONS[0])}: " in second.cause
    assert own_grants() == set()


def test_the_grant_of_a_role_that_was_deleted_is_removed_when_the_next_is_added(
    world: Sandbox, end_all: RunAll, lose_role: Callable[[str], None]
) -> None:
    settings.roles_must_exist = True
    first, second = (to(account, REQUEST) for account in FURTHER_DESTINATIONS)
    world.follow("DescribeProjectVersionFunction: CodeArtifactUserFailedException", first)
    _, (ending,) = end_all([first])
    assert ending.failed_at_task
    assert own_grants() == {(role_in(FURTHER_DESTINATIONS[0]), REQUEST["SourceProjectVersionArn"])}

    lose_role(FURTHER_DESTINATIONS[0])
    _, (ending,) = end_all([second])

    assert ending.summary == "succeeds"
    assert own_grants() == set()
