"""Who is let in, who is not, and the sentence that tells the user what to correct."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.exceptions import AccessDeniedError
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends

from sandbox.aws.clock import VirtualClock
from sandbox.aws.iam import sts
from sandbox.deployment import DESTINATION_ACCOUNT, SOURCE_ACCOUNT, STACK_ACCOUNT, client, create_account_role
from sandbox.faults import Plan
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox
from tests.workflow.ending import Ending

REQUEST = read_event("copy_between_accounts")
SOURCE_ROLE = f"arn:aws:iam::{SOURCE_ACCOUNT}:role/rekognition-model-copy-source"
DESTINATION_ROLE = f"arn:aws:iam::{DESTINATION_ACCOUNT}:role/rekognition-model-copy-destination"
NOT_LET_IN = (
    "is not authorized to perform: sts:AssumeRole on resource: {role}. "
    "Create the role from accounts/ with this stack's function roles as principals and its external id"
)


@pytest.fixture
def own_aws() -> Iterator[Sandbox]:
    """A sandbox whose roles a test may change."""
    with sandbox(VirtualClock()) as aws:
        aws.seed("copy_between_accounts")
        yield aws


def acting_as(session: AssumedRole, service: str = "rekognition") -> Any:
    """Give a client that acts in a session."""
    make: Any = boto3.client
    keys = {"aws_access_key_id": session.access_key_id, "aws_secret_access_key": session.secret_access_key}
    return make(service, region_name="us-east-1", aws_session_token=session.session_token, **keys)


def in_role(role_arn: str, service: str = "rekognition") -> Any:
    """Give a client of a service in an hour's session of a role."""
    backend = sts_backends[role_arn.split(":")[4]]["aws"]
    return acting_as(backend.assume_role("us-east-1", "me", role_arn, "", 3_600, "rekognition-model-copy"), service)


def recreate(side: str, account: str, **parameters: str) -> None:
    """Create a role of accounts/ again with other parameters."""
    client("cloudformation", account).delete_stack(StackName=f"rekognition-model-copy-{side}")
    create_account_role(side, account, **parameters)


def principals(*functions: str) -> str:
    """Name the roles of the stack's functions."""
    roles = iam_backends[STACK_ACCOUNT]["aws"].roles.values()
    return ",".join(role.arn for role in roles if any(f"-{name}FunctionRole-" in role.name for name in functions))


def test_a_stack_with_another_external_id_is_not_let_in(own_aws: Sandbox) -> None:
    for function in own_aws.deployment.functions.values():
        function.environment_vars = {**function.environment_vars, "EXTERNAL_ID": "another"}

    ending = Ending.of(own_aws.run(REQUEST))

    assert ending.told == "task: AccessDeniedError"
    assert NOT_LET_IN.format(role=SOURCE_ROLE) in ending.cause


def test_a_stack_whose_roles_are_not_named_is_not_let_in(own_aws: Sandbox) -> None:
    others = ",".join(f"arn:aws:iam::999999999999:role/{name}" for name in ("one", "another"))
    recreate("destination", DESTINATION_ACCOUNT, TrustedRoleArns=others)

    ending = Ending.of(own_aws.run(REQUEST))

    assert ending.told == "task: AccessDeniedError"
    assert NOT_LET_IN.format(role=DESTINATION_ROLE) in ending.cause


def test_only_the_functions_that_need_a_role_are_let_in(own_aws: Sandbox) -> None:
    let_in: dict[str, set[str]] = {SOURCE_ROLE: set(), DESTINATION_ROLE: set()}
    for function in own_aws.deployment.functions.values():
        session = sts.session_of_service("lambda.amazonaws.com", str(function.role), "me", function.function_arn)
        for role, names in let_in.items():
            with suppress(ClientError):
                acting_as(session, "sts").assume_role(
                    RoleArn=role, RoleSessionName="me", ExternalId="rekognition-model-copy"
                )
                names.add(str(function.handler).partition(".")[0])

    assert let_in == {
        SOURCE_ROLE: {
            "read_approval",
            "validate_request",
            "ensure_project_policy",
            "copy_project_version",
            "withdraw_grant",
        },
        DESTINATION_ROLE: {"validate_request", "copy_project_version", "describe_project_version"},
    }


@pytest.mark.parametrize(
    ("asked_for", "joined", "told"),
    [
        ("theirs", True, "succeeds"),
        ("another", True, "task: AccessDeniedError"),
        ("another", False, "task: AccessDeniedError"),
    ],
)
def test_a_role_can_ask_for_the_organization_of_the_stack(
    own_aws: Sandbox, asked_for: str, joined: bool, told: str
) -> None:
    organization = "o-aaaaaaaaaa"
    if joined:
        made = client("organizations", STACK_ACCOUNT).create_organization(FeatureSet="ALL")["Organization"]["Id"]
        organization = made if asked_for == "theirs" else organization
    roles = principals("ValidateRequest", "EnsureProjectPolicy", "CopyProjectVersion", "WithdrawGrant")
    recreate("source", SOURCE_ACCOUNT, TrustedRoleArns=roles, OrganizationId=organization)

    assert Ending.of(own_aws.run(REQUEST)).told == told


def test_a_role_without_a_project_policy_copies_nothing(own_aws: Sandbox) -> None:
    with pytest.raises(
        ClientError, match=r"not authorized to perform: rekognition:CopyProjectVersion on resource: \S+/version/v3/"
    ):
        in_role(DESTINATION_ROLE).copy_project_version(**REQUEST)


def test_who_withdraws_each_grant_is_to_be_found_before_a_role_without_one_copies(own_aws: Sandbox) -> None:
    own_aws.follow("PutProjectPolicy: grant_withdrawn always", REQUEST)

    ending = Ending.of(own_aws.run(REQUEST))

    assert ending.told == "refused: GrantLostError"
    assert "Find out what removes it (CloudTrail: DeleteProjectPolicy, PutProjectPolicy)" in ending.cause


@pytest.mark.parametrize(("times", "told"), [("x2", "succeeds"), ("always", "task: TransientError")])
def test_a_session_past_its_end_is_followed_by_another(own_aws: Sandbox, times: str, told: str) -> None:
    own_aws.plan = Plan(f"ListProjectPolicies: ExpiredTokenException {times}")

    ending = Ending.of(own_aws.run(REQUEST))

    assert ending.told == told
    assert told == "succeeds" or "ExpiredTokenException" in ending.cause
    assert told == "succeeds" or "then redrive the execution." in ending.cause


def test_a_session_past_its_end_is_refused(own_aws: Sandbox) -> None:
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
def test_a_service_but_lambda_says_for_whose_resource_it_assumes_a_role(conditions: dict[str, Any]) -> None:
    machine = f"arn:aws:states:us-east-1:{STACK_ACCOUNT}:stateMachine:mine"
    role = f"arn:aws:iam::{STACK_ACCOUNT}:role/mine"
    services = ("states.amazonaws.com", "lambda.amazonaws.com")
    with mock_aws():
        trust = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole", **conditions}
        iam = client("iam", STACK_ACCOUNT)
        iam.create_role(RoleName="mine", AssumeRolePolicyDocument=json.dumps({"Statement": trust}))

        def let_in(service: str, resource: str) -> bool:
            try:
                return sts.session_of_service(service, role, "me", resource).role_arn == role
            except AccessDeniedError:
                return False

        assert let_in("states.amazonaws.com", machine)
        assert let_in("states.amazonaws.com", machine.replace(STACK_ACCOUNT, SOURCE_ACCOUNT)) is not bool(conditions)
        assert let_in("lambda.amazonaws.com", machine) is not bool(conditions)
        assert not let_in("events.amazonaws.com", machine)
