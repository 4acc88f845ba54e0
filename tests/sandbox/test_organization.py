"""Service control policies limit the roles of their accounts; negated conditions and NotAction mean the opposite."""

import json

import pytest

from sandbox.aws.iam import organization
from sandbox.aws.iam.policies import Call, condition_is_met, effects

DENY = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-other"}}, True),
        ({"StringNotEquals": {"aws:PrincipalOrgID": ["o-other", "o-ours"]}}, False),
        ({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, True),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ours-*"}}, False),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/theirs-*"}}, True),
        ({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}, True),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-other"}}, False),
        ({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-ours"}}, False),
        ({"BoolIfExists": {"aws:ViaAWSService": "false"}}, True),
        ({"Bool": {"aws:ViaAWSService": "false"}}, False),
    ],
)
def test_a_condition_is_met_or_not(condition: dict[str, dict[str, str]], met: bool) -> None:
    context = {"aws:PrincipalOrgID": "o-ours", "aws:PrincipalArn": "arn:aws:iam::123456789012:role/ours-1"}

    assert condition_is_met(condition, context) is met


@pytest.mark.parametrize(("action", "found"), [("s3:GetObject", {"Deny"}), ("iam:CreateRole", set())])
def test_a_statement_with_not_action_is_about_all_other_actions(action: str, found: set[str]) -> None:
    policy = {"Statement": [{"Effect": "Deny", "NotAction": ["iam:*", "support:*"], "Resource": "*"}]}

    assert effects([json.dumps(policy)], Call(action, "*", {})) == found


def test_a_policy_is_attached_to_its_accounts_only_and_for_a_while() -> None:
    with organization.attached(DENY, ["111111111111"]):
        with organization.attached(DENY, ["222222222222"]):
            assert len(organization.policies_of("111111111111")) == 2
        assert organization.policies_of("222222222222") == []

    assert organization.policies_of("111111111111") == []
