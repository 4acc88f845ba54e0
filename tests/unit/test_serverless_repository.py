"""The AWS Serverless Application Repository would take the application, and its users can deploy it."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from samtranslator.yaml_helper import yaml_parse

from model_copy import placement
from sandbox.deployment import ROOT, expanded_template
from tools import publish
from tools.serverless_repository import METADATA, STACK_PREFIX, capabilities, problems

TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
EXPANDED = expanded_template()
PAGE = (ROOT / "docs" / "deploying.md").read_text()
LONGEST_STACK_NAME = STACK_PREFIX + "n" * (128 - len(STACK_PREFIX))


def with_metadata(**changes: Any) -> dict[str, Any]:
    return {**TEMPLATE, "Metadata": {METADATA: {**TEMPLATE["Metadata"][METADATA], **changes}}}


def with_resource(**resource: Any) -> dict[str, Any]:
    return {**TEMPLATE, "Resources": {"Added": resource}}


def with_statement(**changes: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", **changes}
    return with_resource(
        Type="AWS::IAM::Role", Properties={"Policies": [{"PolicyDocument": {"Statement": [statement]}}]}
    )


@pytest.mark.parametrize("template", [TEMPLATE, EXPANDED], ids=["as_written", "as_sam_expands_it"])
def test_the_repository_would_take_the_application(template: dict[str, Any]) -> None:
    assert problems(template, ROOT) == []


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ({"Resources": {}}, "The template has no Metadata"),
        (with_metadata(Author=""), "Author is missing"),
        (with_metadata(Name="model_copy"), "Name does not match"),
        (with_metadata(Name="n" * 141), "Name does not match"),
        (with_metadata(Description="d" * 257), "Description does not match"),
        (with_metadata(Author="The authors"), "Author does not match"),
        (with_metadata(Author="the--authors"), "Author does not match"),
        (with_metadata(Author="a" * 128), "Author does not match"),
        (with_metadata(SemanticVersion="1.0"), "SemanticVersion does not match"),
        (with_metadata(Homepage="https://example.com"), "Homepage is not a property"),
        (with_metadata(Labels=[str(number) for number in range(11)]), "There are 11 Labels"),
        (with_metadata(Labels=["custom labels"]), "The label 'custom labels' does not match"),
        (with_metadata(LicenseUrl="COPYING"), "LicenseUrl names"),
        (with_metadata(ReadmeUrl="README.md"), "the link docs/architecture.md#a-dry-run leads nowhere"),
        (with_resource(Type="AWS::Scheduler::Schedule"), "AWS::Scheduler::Schedule, which is not known"),
        (with_statement(), "Added allows iam:PassRole on all resources"),
        (with_statement(Action=["s3:GetObject", "iam:*"]), "Added allows iam:AttachRolePolicy, "),
        (
            with_resource(
                Type="AWS::IAM::Role",
                Properties={"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AWSLambda_FullAccess"]},
            ),
            "Added has the policy AWSLambda_FullAccess",
        ),
    ],
)
def test_what_the_repository_would_not_take_is_reported(template: dict[str, Any], sentence: str) -> None:
    assert [one for one in problems(template, ROOT) if sentence in one]


@pytest.mark.parametrize("changes", [{"Effect": "Deny"}, {"Resource": "arn:aws:iam::*:role/ours"}, {"Action": "s3:*"}])
def test_what_is_not_too_broad_is_not_reported(changes: dict[str, str]) -> None:
    assert problems(with_statement(**changes), ROOT) == []


def test_a_file_that_is_too_large_is_reported(tmp_path: Path) -> None:
    (tmp_path / "LICENSE").write_bytes(b" " * (5 * 1024**2 + 1))

    assert [one for one in problems(TEMPLATE, tmp_path) if "more than 5242880 bytes" in one]


def test_users_acknowledge_what_the_page_names() -> None:
    (named,) = re.findall(r"aws serverlessrepo .*?--capabilities ([A-Z_ ]+?) ?\\$", PAGE, re.M | re.S)

    assert named.split() == capabilities(EXPANDED) == ["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"]


@pytest.mark.parametrize(
    ("resource", "capability"),
    [
        ({"Type": "AWS::IAM::Role", "Properties": {"RoleName": "ours"}}, "CAPABILITY_NAMED_IAM"),
        ({"Type": "AWS::SQS::QueuePolicy", "Properties": {}}, "CAPABILITY_RESOURCE_POLICY"),
        ({"Type": "AWS::Serverless::Application", "Properties": {}}, "CAPABILITY_AUTO_EXPAND"),
    ],
)
def test_a_resource_needs_its_capability(resource: dict[str, Any], capability: str) -> None:
    assert capabilities({"Resources": {"Added": resource}}) == [capability]


def test_the_longest_stack_name_of_the_repository_fits_into_the_names_made_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STACK_NAME", LONGEST_STACK_NAME)
    model = botocore.session.get_session().get_service_model("rekognition").operation_model("PutProjectPolicy")
    log_group = EXPANDED["Resources"]["StateMachineLogGroup"]["Properties"]["LogGroupName"]["Fn::Sub"]
    assert model.input_shape
    limits = model.input_shape.members["PolicyName"].metadata

    policy = f"{placement.policy_prefix()}5"
    assert len(policy) <= limits["max"]
    assert re.fullmatch(limits["pattern"], policy)
    assert re.fullmatch(r"[\w.#/-]{1,512}", log_group.replace("${AWS::StackName}", LONGEST_STACK_NAME))


def deployer_policies() -> dict[str, str]:
    """Return the deployer's policy for each name of the stack; the page has the command that makes the second."""
    policy = (ROOT / "docs" / "deployer-policy.json").read_text()
    ((old, new),) = re.findall(r"^sed 's/(\S+)/(\S+)/g' docs/deployer-policy.json", PAGE, re.M)
    return {"rekognition-model-copy": policy, new: policy.replace(old, new)}


@pytest.mark.parametrize("name", deployer_policies())
def test_the_deployer_may_create_the_log_groups(name: str) -> None:
    statements = {one["Sid"]: one for one in json.loads(deployer_policies()[name])["Statement"]}
    log_group = EXPANDED["Resources"]["StateMachineLogGroup"]["Properties"]["LogGroupName"]["Fn::Sub"]

    for made in (f"{name}-FunctionLogGroup-1A2B3C", log_group.replace("${AWS::StackName}", name)):
        arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{made}"
        assert any(fnmatchcase(arn, pattern) for pattern in statements["Logs"]["Resource"]), arn


def test_the_policy_for_a_stack_of_the_repository_fits_into_a_managed_policy() -> None:
    policies = deployer_policies()
    (name,) = policies.keys() - {"rekognition-model-copy"}
    (added,) = (json.loads(block) for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.M | re.S))
    policy = json.loads(policies[name])
    policy["Statement"] = [one for one in policy["Statement"] if one["Sid"] != "Uploads"] + [added]

    assert name.startswith(STACK_PREFIX)
    assert len(json.dumps(policy, separators=(",", ":"))) <= 6144
    assert added["Resource"].endswith(f":applications/{TEMPLATE['Metadata'][METADATA]['Name']}")


def test_only_the_repository_may_read_the_bucket_and_only_for_applications_of_the_account() -> None:
    (statement,) = publish.bucket_policy("amzn-s3-demo-bucket", "111111111111")["Statement"]

    assert statement["Principal"] == {"Service": "serverlessrepo.amazonaws.com"}
    assert statement["Resource"] == "arn:aws:s3:::amzn-s3-demo-bucket/*"
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}}


def test_an_application_that_the_repository_would_not_take_is_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit, match=r"would not take this:\nAuthor is missing\."):
        publish.checked(with_metadata(Author=""), tmp_path)
    monkeypatch.setattr(publish.repository, "LARGEST_ARTIFACTS", -1)
    with pytest.raises(SystemExit, match=r"\nThe packages have 0 bytes; -1 are allowed\."):
        publish.checked(TEMPLATE, tmp_path)


def test_the_application_is_shared_with_the_organization_only_and_each_version_is_published_once() -> None:
    assert " Principals=*,PrincipalOrgIDs={organization},Actions=Deploy,UnshareApplication\n" in publish.GUIDE
    assert publish.COMMANDS.endswith(" --fail-on-same-version")


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("BUCKET", "s3://amzn-s3-demo-bucket"),
        ("ACCOUNT", "111"),
        ("REGION", "Virginia"),
        ("ORGANIZATION", "ou-abcd-12345678"),
    ],
)
def test_a_value_that_aws_would_refuse_is_refused_before_anything_is_written(name: str, given: str) -> None:
    with pytest.raises(SystemExit, match=f"is no {name}"):
        publish.value(name, given)


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1", "ap-southeast-2"])
def test_regions_are_accepted(region: str) -> None:
    assert publish.value("REGION", region) == region
