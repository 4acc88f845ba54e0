"""Who may assume the roles, who may not, and which error says what to correct."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.exceptions import AccessDeniedError
from moto.iam.models import iam_backends

from sandbox.aws.clock import VirtualClock
from sandbox.aws.iam import sts
from sandbox.deployment import DESTINATION_ACCOUNT, SOURCE_ACCOUNT, STACK_ACCOUNT, client, create_account_role
from sandbox.plans import Plan
from sandbox.world import Sandbox
from tests.workflow.conftest import Deploy
from tests.workflow.ending import Ending
from tests.workflow.sessions import acting_as, in_role
from tests.workflow.story import REQUEST, STORY

SOURCE_ROLE = f"arn:aws:iam::{SOURCE_ACCOUNT}:role/rekognition-model-copy-source"
DESTINATION_ROLE = f"arn:aws:iam::{DESTINATION_ACCOUNT}:role/rekognition-model-copy-destination"
NOT_TRUSTED = (
    "is not authorized to perform: sts:AssumeRole on resource: {role}. "
    "Deploy the role from accounts/ with the stack's function roles as TrustedRoleArns and the stack's ExternalId"
)


@pytest.fixture
def own_aws(deploy: Deploy) -> Iterator[Sandbox]:
    """A sandbox whose roles a test may change."""
    with deploy() as aws:
        aws.seed(STORY)
        yield aws


def recreate(side: str, account: str, **parameters: str) -> None:
    """Create a role of accounts/ again, with other parameters."""
    client("cloudformation", account).delete_stack(StackName=f"rekognition-model-copy-{side}")
    create_account_role(side, account, **parameters)


def principals(*functions: str) -> str:
    """Return the ARNs of the functions' roles."""
    roles = iam_backends[STACK_ACCOUNT]["aws"].roles.values()
    return ",".join(role.arn for role in roles if any(f"-{name}FunctionRole-" in role.name for name in functions))


def test_a_stack_with_another_external_id_may_not_assume_the_role(own_aws: Sandbox) -> None:
    for function in own_aws.deployment.functions.values():
        function.environment_vars = {**function.environment_vars, "EXTERNAL_ID": "another"}

    ending = Ending.of(own_aws.run(REQUEST))

    assert ending.summary == "task: AccessDeniedError"
    assert NOT_TRUSTED.format(role=SOURCE_ROLE) in ending.cause


def test_a_stack_whose_roles_are_not_trusted_may_not_assume_the_role(own_aws: Sandbox) -> None:
    others = ",".join(f"arn:aws:iam::999999999999:role/{name}" for name in ("one", "another"))
    recreate("destination", DESTINATION_ACCOUNT, TrustedRoleArns=others)

    ending = Ending.of(own_aws.run(REQUEST))

    assert ending.summary == "task: AccessDeniedError"
    assert NOT_TRUSTED.format(role=DESTINATION_ROLE) in ending.cause


def test_only_the_functions_that_need_a_role_may_assume_it(own_aws: Sandbox) -> None:
    trusted: dict[str, set[str]] = {SOURCE_ROLE: set(), DESTINATION_ROLE: set()}
    for function in own_aws.deployment.functions.values():
        session = sts.session_of_service("lambda.amazonaws.com", str(function.role), "me", function.function_arn)
        for role, names in trusted.items():
            with suppress(ClientError):
                acting_as(session, "sts").assume_role(
                    RoleArn=role, RoleSessionName="me", ExternalId="rekognition-model-copy"
                )
                names.add(str(function.handler).partition(".")[0])

    assert trusted == {
        SOURCE_ROLE: {
            "read_approval",
            "plan_copy",
            "validate_request",
            "ensure_project_policy",
            "copy_project_version",
            "withdraw_grant",
            "announce_outcome",
            "audit_grants",
        },
        DESTINATION_ROLE: {"plan_copy", "validate_request", "copy_project_version", "describe_project_version"},
    }


@pytest.mark.parametrize(
    ("required", "joined", "summary"),
    [
        ("theirs", True, "succeeds"),
        ("another", True, "task: AccessDeniedError"),
        ("another", False, "task: AccessDeniedError"),
    ],
)
def test_a_role_can_require_the_organization_of_the_stack(
    own_aws: Sandbox, required: str, joined: bool, summary: str
) -> None:
    organization = "o-aaaaaaaaaa"
    if joined:
        made = client("organizations", STACK_ACCOUNT).create_organization(FeatureSet="ALL")["Organization"]["Id"]
        organization = made if required == "theirs" else organization
    roles = principals("ValidateRequest", "EnsureProjectPolicy", "CopyProjectVersion", "WithdrawGrant")
    recreate("source", SOURCE_ACCOUNT, TrustedRoleArns=roles, OrganizationId=organization)

    assert Ending.of(own_aws.run(REQUEST)).summary == summary


def test_a_role_without_a_project_policy_copies_nothing(own_aws: Sandbox) -> None:
    with pytest.raises(
        ClientError, match=r"not authorized to perform: rekognition:CopyProjectVersion on resource: \S+/version/v3/"
    ):
        in_role(DESTINATION_ROLE).copy_project_version(**REQUEST)


def test_a_grant_that_is_always_removed_leads_to_cloudtrail(own_aws: Sandbox) -> None:
    own_aws.follow("PutProjectPolicy: grant_withdrawn always", REQUEST)

    ending = Ending.of(own_aws.run(REQUEST))

    assert ending.summary == "refused: GrantLostError"
    assert "Find in CloudTrail what removes it (DeleteProjectPolicy or PutProjectPolicy)" in ending.cause


@pytest.mark.parametrize(("times", "summary"), [("x2", "succeeds"), ("always", "task: TransientError")])
def test_an_expired_session_is_replaced(own_aws: Sandbox, times: str, summary: str) -> None:
    own_aws.plan = Plan(f"ListProjectPolicies: ExpiredTokenException {times}")

    ending = Ending.of(own_aws.run(REQUEST))

    assert ending.summary == summary
    assert summary == "succeeds" or "ExpiredTokenException" in ending.cause
    assert summary == "succeeds" or "then redrive the execution." in ending.cause


def test_an_expired_session_is_refused(own_aws: Sandbox) -> None:
    clock, client, caller = own_aws.clock, in_role(DESTINATION_ROLE), in_role(DESTINATION_ROLE, "sts")
    assert client.describe_project_versions(ProjectArn=REQUEST["DestinationProjectArn"])
    assert isinstance(clock, VirtualClock)

    clock.spawn(lambda: clock.sleep(3_601))
    clock.run()

    with pytest.raises(ClientError, match="ExpiredTokenException"):
        client.describe_project_versions(ProjectArn=REQUEST["DestinationProjectArn"])
    with pytest.raises(ClientError, match="ExpiredToken"):
        caller.assume_role(RoleArn=SOURCE_ROLE, RoleSessionName="me")


def test_the_source_role_copies_nothing_and_the_destination_role_changes_no_policy(own_aws: Sandbox) -> None:
    with pytest.raises(ClientError, match="no identity-based policy allows the rekognition:CopyProjectVersion action"):
        in_role(SOURCE_ROLE).copy_project_version(**REQUEST)
    with pytest.raises(ClientError, match="no identity-based policy allows the rekognition:DeleteProjectPolicy action"):
        in_role(DESTINATION_ROLE.replace(DESTINATION_ACCOUNT, SOURCE_ACCOUNT)).delete_project_policy(
            ProjectArn=REQUEST["SourceProjectArn"], PolicyName="any"
        )


@pytest.mark.parametrize("conditions", [{}, {"Condition": {"StringEquals": {"aws:SourceAccount": STACK_ACCOUNT}}}])
def test_other_services_than_lambda_assume_a_role_for_a_resource(conditions: dict[str, Any]) -> None:
    machine = f"arn:aws:states:us-east-1:{STACK_ACCOUNT}:stateMachine:mine"
    role = f"arn:aws:iam::{STACK_ACCOUNT}:role/mine"
    services = ("states.amazonaws.com", "lambda.amazonaws.com")
    with mock_aws():
        trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole", **conditions}
        iam = client("iam", STACK_ACCOUNT)
        iam.create_role(RoleName="mine", AssumeRolePolicyDocument=json.dumps({"Statement": trust}))

        def may_assume(service: str, resource: str) -> bool:
            try:
                return sts.session_of_service(service, role, "me", resource).role_arn == role
            except AccessDeniedError:
                return False

        assert may_assume("states.amazonaws.com", machine)
        assert may_assume("states.amazonaws.com", machine.replace(STACK_ACCOUNT, SOURCE_ACCOUNT)) is not bool(
            conditions
        )
        assert may_assume("lambda.amazonaws.com", machine) is not bool(conditions)
        assert not may_assume("events.amazonaws.com", machine)
