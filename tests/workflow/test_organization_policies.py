"""The examples of docs/organization-policies.md do what the page says."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from sandbox.aws.iam import organization
from sandbox.aws.iam.policies import Call, as_list, aws, effects, service
from sandbox.aws.iam.roles import refusal
from sandbox.deployment import ADMINISTRATOR, DESTINATION_ACCOUNT, ROOT, SOURCE_ACCOUNT, STACK_ACCOUNT
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.ending import Ending
from tests.workflow.story import STORY

PAGE = (ROOT / "docs" / "organization-policies.md").read_text()
EXAMPLES = {
    one["Statement"][0]["Sid"]: one for one in map(json.loads, re.findall(r"^```json\n(.*?)^```$", PAGE, re.M | re.S))
}
GOOD_SCPS = ("OnlyTheStackCopies", "OnlyTheseRegions", "OnlyFromOurNetworks")
GOOD_RCPS = ("OnlyOurOrganization", "ServicesOnlyForOurOrganization")
LARGEST_POLICY = 5_120  # Organizations guide, Quotas: characters of an SCP or RCP
ACCOUNTS = (SOURCE_ACCOUNT, DESTINATION_ACCOUNT, STACK_ACCOUNT)
OURS, PROJECT = "o-abcd123456", f"arn:aws:rekognition:us-east-1:{SOURCE_ACCOUNT}:project/labels/1700000000000"


def run(aws: Sandbox, *policies: str) -> Ending:
    """Copy between accounts while the policies are attached to all accounts, one after the other."""
    aws.seed(STORY)
    statements = [statement for name in policies for statement in EXAMPLES[name]["Statement"]]
    with organization.attached({"Version": "2012-10-17", "Statement": statements}, ACCOUNTS):
        return Ending.of(aws.run(read_event(STORY)))


def refused(policy: str, role: str, action: str, resource: str, **context: str) -> str | None:
    """Return why a role of the source account may not make a call while a policy is attached."""
    arn = f"arn:aws:iam::{SOURCE_ACCOUNT}:role/{role}"
    session = sts_backends[SOURCE_ACCOUNT]["aws"].assume_role("us-east-1", "somebody", arn, "", 3_600, "")
    with organization.attached(EXAMPLES[policy], [SOURCE_ACCOUNT]):
        return refusal(session, action, resource, {key.replace("__", ":"): value for key, value in context.items()})


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_policy_that_organizations_takes(name: str) -> None:
    assert EXAMPLES[name]["Version"] == "2012-10-17"
    assert len(json.dumps(EXAMPLES[name])) <= LARGEST_POLICY
    for statement in EXAMPLES[name]["Statement"]:
        assert statement["Effect"] == "Deny"
        assert {"Action", "NotAction"} & statement.keys()


def test_each_example_is_tested() -> None:
    assert set(EXAMPLES) == {*GOOD_SCPS, *GOOD_RCPS, "NoModelLeaves", "NobodyElse"}


def test_a_copy_succeeds_under_all_the_policies_that_go_well(aws: Sandbox) -> None:
    assert run(aws, *GOOD_SCPS).status == "SUCCEEDED"


@pytest.mark.parametrize("action", EXAMPLES["OnlyTheStackCopies"]["Statement"][0]["Action"])
def test_nobody_else_may_copy_and_share(aws: Sandbox, action: str) -> None:
    message = refused("OnlyTheStackCopies", ADMINISTRATOR, action, PROJECT)

    assert message
    assert "with an explicit deny in a service control policy" in message
    assert refused("OnlyTheStackCopies", ADMINISTRATOR, "rekognition:DescribeProjectVersions", PROJECT) is None


def test_nobody_else_may_make_a_role_with_a_name_of_the_stack(aws: Sandbox) -> None:
    role = f"arn:aws:iam::{SOURCE_ACCOUNT}:role/rekognition-model-copy-source"

    assert refused("OnlyTheStackCopies", ADMINISTRATOR, "iam:CreateRole", role)
    assert (
        refused("OnlyTheStackCopies", ADMINISTRATOR, "iam:CreateRole", role.replace("rekognition-model-copy", "my"))
        is None
    )


def test_other_regions_are_denied_and_iam_is_not(aws: Sandbox) -> None:
    elsewhere = PROJECT.replace("us-east-1", "eu-west-1")

    assert refused("OnlyTheseRegions", ADMINISTRATOR, "rekognition:CreateProject", elsewhere)
    assert refused("OnlyTheseRegions", ADMINISTRATOR, "rekognition:CreateProject", PROJECT) is None
    assert refused("OnlyTheseRegions", ADMINISTRATOR, "iam:CreateRole", "*", aws__RequestedRegion="us-east-1") is None


def test_other_roles_are_denied_outside_of_the_network(aws: Sandbox) -> None:
    call = ("OnlyFromOurNetworks", ADMINISTRATOR, "rekognition:CreateProject", PROJECT)

    assert refused(*call)
    assert refused(*call, aws__SourceVpc="vpc-0123456789abcdef0") is None
    assert refused(*call, aws__ViaAWSService="true") is None


def test_a_policy_that_lets_no_model_leave_breaks_the_copy(aws: Sandbox) -> None:
    ending = run(aws, "NoModelLeaves")

    assert ending.error == "AccessDeniedError"
    assert ending.cause
    assert "explicit deny in a service control policy" in ending.cause


# What services do on their own, with the keys that they send or do not.
BY_SERVICES = [
    ("events.amazonaws.com", "sqs:SendMessage", {"aws:SourceAccount": STACK_ACCOUNT, "aws:SourceOrgID": OURS}),
    ("events.amazonaws.com", "sts:AssumeRole", {"aws:SourceAccount": STACK_ACCOUNT, "aws:SourceOrgID": OURS}),
    ("states.amazonaws.com", "sts:AssumeRole", {"aws:SourceAccount": STACK_ACCOUNT, "aws:SourceOrgID": OURS}),
    ("lambda.amazonaws.com", "sts:AssumeRole", {}),
    ("logs.us-east-1.amazonaws.com", "kms:GenerateDataKey", {}),
    ("cloudwatch.amazonaws.com", "kms:GenerateDataKey", {}),
]
BY_ROLES = ["s3:PutObject", "kms:GenerateDataKey", "sts:AssumeRole", "sqs:SendMessage"]


def denied(policy: str, action: str, principals: Any, **context: str) -> bool:
    call = Call(action, "*", {key.replace("__", ":"): value for key, value in context.items()}, principals)
    return effects([json.dumps(EXAMPLES[policy])], call) == {"Deny"}


@pytest.mark.parametrize(("name", "action", "keys"), BY_SERVICES)
def test_services_may_act_under_the_policies_that_go_well(name: str, action: str, keys: dict[str, str]) -> None:
    context = {key.replace(":", "__"): value for key, value in {**keys, "aws:PrincipalIsAWSService": "true"}.items()}

    assert not any(denied(policy, action, service(name), **context) for policy in GOOD_RCPS)
    assert denied("NobodyElse", action, service(name), **context)


@pytest.mark.parametrize("action", BY_ROLES)
def test_roles_of_the_organization_may_act_and_strangers_may_not(action: str) -> None:
    own = {"aws__PrincipalOrgID": OURS, "aws__PrincipalIsAWSService": "false"}
    strange = {**own, "aws__PrincipalOrgID": "o-stranger00"}

    assert not any(denied(policy, action, aws(STACK_ACCOUNT), **own) for policy in (*GOOD_RCPS, "NobodyElse"))
    assert denied("OnlyOurOrganization", action, aws("999999999999"), **strange)


def test_a_service_may_not_act_for_a_stranger() -> None:
    strange = {
        "aws__SourceAccount": "999999999999",
        "aws__SourceOrgID": "o-stranger00",
        "aws__PrincipalIsAWSService": "true",
    }

    assert denied("ServicesOnlyForOurOrganization", "sqs:SendMessage", service("events.amazonaws.com"), **strange)


@pytest.mark.parametrize(("policy", "needs"), [("OnlyTheStackCopies", "ProjectPolicy"), ("OnlyFromOurNetworks", "")])
def test_the_policies_exempt_the_roles_of_the_stack_by_their_names(aws: Sandbox, policy: str, needs: str) -> None:
    patterns = as_list(EXAMPLES[policy]["Statement"][0]["Condition"]["ArnNotLike"]["aws:PrincipalArn"])
    roles = [role for account in ACCOUNTS for role in iam_backends[account]["aws"].roles.values()]
    ours = [role for role in roles if role.name != ADMINISTRATOR and needs in str(role.policies)]

    assert len(ours) > len(ACCOUNTS)
    assert [role.arn for role in ours if not any(fnmatchcase(role.arn, pattern) for pattern in patterns)] == []
