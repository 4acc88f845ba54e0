"""A call is allowed by AWS's own rules: no Deny, and an Allow in each kind of policy that there is."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from sandbox.aws.iam.policies import allows, refusal

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
    """Ask for a call in a session of a role that has the policies."""
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
def test_an_action_is_allowed_by_its_name_or_a_pattern_of_it(ask: Ask, action: object) -> None:
    assert ask(statement(action=action)) is None


@pytest.mark.parametrize(
    "resource", [PROJECT, "arn:aws:rekognition:*:123456789012:project/*", ["arn:aws:s3:::models", "*"]]
)
def test_a_resource_is_allowed_by_its_name_or_a_pattern_of_it(ask: Ask, resource: object) -> None:
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
def test_what_no_policy_of_the_role_allows_is_refused(ask: Ask, wrong: Statement) -> None:
    assert ask(wrong) == f"{START} because no identity-based policy allows the {DESCRIBE} action"


def test_a_policy_that_is_attached_counts_like_one_of_the_role_s_own(ask: Ask) -> None:
    assert ask(statement(action="s3:GetObject"), attached=statement()) is None


def test_a_deny_decides_whatever_else_is_allowed(ask: Ask) -> None:
    deny = statement("Deny", "*", PROJECT)

    assert ask(statement(), deny) == f"{START} with an explicit deny in an identity-based policy"


def test_a_session_may_do_only_what_its_own_policy_allows_too(ask: Ask) -> None:
    assert ask(statement(), session=statement()) is None
    refused = ask(statement(), session=statement(action="rekognition:ListProjectPolicies"))
    assert refused == f"{START} because no session policy allows the {DESCRIBE} action"


def test_a_session_policy_gives_nothing_that_the_role_does_not_have(ask: Ask) -> None:
    refused = ask(statement(action="s3:GetObject"), session=statement())

    assert refused == f"{START} because no identity-based policy allows the {DESCRIBE} action"


def test_a_boundary_bounds_the_role(ask: Ask) -> None:
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
def test_a_condition_has_to_be_met_in_all_its_parts(ask: Ask, condition: object, met: bool) -> None:
    assert (ask(statement(Condition=condition), sts__ExternalId="secret") is None) is met


EVENTS = {"events.amazonaws.com"}
OF_QUEUE = statement(action="sqs:SendMessage", Principal={"Service": "events.amazonaws.com"})


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([OF_QUEUE], True),
        ([{**OF_QUEUE, "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]}}], True),
        ([{**OF_QUEUE, "Principal": "*"}], True),
        ([{**OF_QUEUE, "Principal": {"AWS": "111111111111"}}], False),
        ([{**OF_QUEUE, "Action": "sqs:ReceiveMessage"}], False),
        ([{**OF_QUEUE, "Resource": "arn:aws:sqs:us-east-1:123456789012:another"}], False),
        ([{**OF_QUEUE, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}], False),
        ([OF_QUEUE, {**OF_QUEUE, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}], False),
        ([OF_QUEUE, {**OF_QUEUE, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}], True),
        ([], False),
    ],
)
def test_the_policy_of_a_resource_lets_in_whom_it_names(statements: list[Statement], allowed: bool) -> None:
    asked = ("sqs:SendMessage", "arn:aws:sqs:us-east-1:123456789012:left-behind")

    assert allows(document(*statements), EVENTS, *asked, {"aws:SecureTransport": "false"}) is allowed
