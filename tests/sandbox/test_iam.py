"""A call needs an Allow in each kind of policy that limits it, and no Deny."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from sandbox.aws.iam.policies import Call, allows, aws, service
from sandbox.aws.iam.roles import refusal

ACCOUNT = "123456789012"
PROJECT = f"arn:aws:rekognition:us-east-1:{ACCOUNT}:project/cats/1700000000000"
DESCRIBE = "rekognition:DescribeProjectVersions"

Statement = dict[str, Any]
Ask = Callable[..., str | None]


def statement(effect: str = "Allow", action: object = DESCRIBE, resource: object = "*", **more: object) -> Statement:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def ask() -> Iterator[Ask]:
    """A function that makes a call in the session of a role with the given policies."""
    with mock_aws():
        iam = boto3.client("iam", region_name="us-east-1")
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument=document())
        role = iam_backends[ACCOUNT]["aws"].get_role("reader")

        def ask(
            *own: Statement,
            session: Statement | None = None,
            boundary: Statement | None = None,
            attached: Statement | None = None,
            action: str = DESCRIBE,
            **context: str,
        ) -> str | None:
            iam.put_role_policy(RoleName="reader", PolicyName="own", PolicyDocument=document(*own))
            if attached:
                made = iam.create_policy(PolicyName="attached", PolicyDocument=document(attached))
                iam.attach_role_policy(RoleName="reader", PolicyArn=made["Policy"]["Arn"])
            if boundary:
                made = iam.create_policy(PolicyName="boundary", PolicyDocument=document(boundary))
                iam.put_role_permissions_boundary(RoleName="reader", PermissionsBoundary=made["Policy"]["Arn"])
            policy = document(session) if session else ""
            made = sts_backends[ACCOUNT]["aws"].assume_role("us-east-1", "me", role.arn, policy, 3600, "")
            return refusal(made, action, PROJECT, {key.replace("__", ":"): value for key, value in context.items()})

        yield ask


ME = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
START = f"User: {ME} is not authorized to perform: {DESCRIBE} on resource: {PROJECT}"


@pytest.mark.parametrize(
    "action", [DESCRIBE, "rekognition:Describe*", "REKOGNITION:describeprojectversion?", ["a:b", "*"]]
)
def test_an_action_matches_by_name_or_pattern_whatever_its_case(ask: Ask, action: object) -> None:
    assert ask(statement(action=action)) is None


@pytest.mark.parametrize(
    "resource", [PROJECT, "arn:aws:rekognition:*:123456789012:project/*", ["arn:aws:s3:::models", "*"]]
)
def test_a_resource_matches_by_arn_or_pattern(ask: Ask, resource: object) -> None:
    assert ask(statement(resource=resource)) is None


@pytest.mark.parametrize(
    "wrong",
    [
        statement(action="rekognition:DescribeProjects"),
        statement(resource="arn:aws:rekognition:*:222222222222:project/*"),
        statement(resource=PROJECT.replace("cats", "Cats")),
        statement(Condition={"StringEquals": {"sts:ExternalId": "secret"}}),
    ],
)
def test_a_call_that_no_policy_of_the_role_allows_is_refused(ask: Ask, wrong: Statement) -> None:
    assert ask(wrong) == f"{START} because no identity-based policy allows the {DESCRIBE} action"


def test_an_attached_policy_counts_like_an_inline_one(ask: Ask) -> None:
    assert ask(statement(action="s3:GetObject"), attached=statement()) is None


def test_a_deny_overrides_an_allow(ask: Ask) -> None:
    deny = statement("Deny", "*", PROJECT)

    assert ask(statement(), deny) == f"{START} with an explicit deny in an identity-based policy"


def test_a_session_policy_limits_the_role(ask: Ask) -> None:
    assert ask(statement(), session=statement()) is None
    refused = ask(statement(), session=statement(action="rekognition:ListProjectPolicies"))
    assert refused == f"{START} because no session policy allows the {DESCRIBE} action"


def test_a_session_policy_adds_no_permission(ask: Ask) -> None:
    refused = ask(statement(action="s3:GetObject"), session=statement())

    assert refused == f"{START} because no identity-based policy allows the {DESCRIBE} action"


def test_a_permissions_boundary_limits_the_role(ask: Ask) -> None:
    refused = ask(statement(), boundary=statement(action="s3:*"))

    assert refused == f"{START} because no permissions boundary allows the {DESCRIBE} action"


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({"StringEquals": {"sts:ExternalId": ["other", "secret"]}}, True),
        ({"StringEquals": {"sts:ExternalId": "Secret"}}, False),
        ({"StringLike": {"sts:ExternalId": "sec*"}}, True),
        ({"StringLike": {"sts:ExternalId": "*x"}}, False),
        ({"ArnLike": {"sts:ExternalId": "s?cret"}}, True),
        ({"Null": {"lambda:SourceFunctionArn": "true"}}, True),
        ({"Null": {"sts:ExternalId": "true"}}, False),
        ({"StringEquals": {"sts:ExternalId": "secret"}, "StringLike": {"aws:absent": "*"}}, False),
    ],
)
def test_all_tests_of_a_condition_must_be_met(ask: Ask, condition: object, met: bool) -> None:
    assert (ask(statement(Condition=condition), sts__ExternalId="secret") is None) is met


EVENTS = service("events.amazonaws.com")
OF_QUEUE = statement(action="sqs:SendMessage", Principal={"Service": "events.amazonaws.com"})


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([OF_QUEUE], True),
        ([{**OF_QUEUE, "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}}], True),
        ([{**OF_QUEUE, "Principal": "*"}], True),
        ([{**OF_QUEUE, "Principal": {"AWS": "111111111111"}}], False),
        ([{**OF_QUEUE, "Principal": {"AWS": "*"}}], False),
        ([{**OF_QUEUE, "Principal": {"AWS": "events.amazonaws.com"}}], False),
        ([statement(action="sqs:SendMessage")], False),
        ([{key: value for key, value in OF_QUEUE.items() if key != "Resource"}], True),
        ([{**OF_QUEUE, "Action": "sqs:ReceiveMessage"}], False),
        ([{**OF_QUEUE, "Resource": "arn:aws:sqs:us-east-1:123456789012:another"}], False),
        ([{**OF_QUEUE, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}], False),
        ([OF_QUEUE, {**OF_QUEUE, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}], False),
        ([OF_QUEUE, {**OF_QUEUE, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}], True),
        ([], False),
    ],
)
def test_the_policy_of_a_resource_allows_the_principals_that_it_names(
    statements: list[Statement], allowed: bool
) -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:left-behind"
    call = Call("sqs:SendMessage", queue, {"aws:SecureTransport": "false"}, EVENTS)

    assert allows(document(*statements), call) is allowed


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": ["222222222222", ME]}, True),
        ({"AWS": "222222222222"}, False),
        ({"Service": ME}, False),
    ],
)
def test_a_principal_is_known_by_each_of_its_names(principal: object, allowed: bool) -> None:
    call = Call(DESCRIBE, PROJECT, {}, aws(ACCOUNT, ME))

    assert allows(document(statement(Principal=principal)), call) is allowed


def test_a_policy_that_names_a_principal_is_not_the_callers_own() -> None:
    own = Call(DESCRIBE, PROJECT, {})

    assert allows(document(statement()), own)
    assert not allows(document(statement(Principal="*")), own)


def test_only_the_policy_of_a_resource_can_leave_the_resource_out() -> None:
    incomplete = {key: value for key, value in statement().items() if key != "Resource"}

    with pytest.raises(KeyError, match="Resource"):
        allows(document(incomplete), Call(DESCRIBE, PROJECT, {}))
