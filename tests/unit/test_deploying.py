"""docs/deploying.md lists the template's parameters, and the deployer's policy covers what the templates create."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cfnlint
import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from samtranslator.yaml_helper import yaml_parse

from sandbox.deployment import ROOT, expanded_template
from tools.list_parameters import TABLES, tables

POLICY = "docs/deployer-policy.json"
STATEMENTS: list[dict[str, Any]] = json.loads((ROOT / POLICY).read_text())["Statement"]
TEMPLATES = [expanded_template(), *(yaml_parse(file.read_text()) for file in (ROOT / "accounts").glob("*.yaml"))]
TYPES = sorted({resource["Type"] for template in TEMPLATES for resource in template["Resources"].values()})
# Actions that SAM and the AWS CLI need for themselves, not for a resource.
OF_THE_TOOLS = ("cloudformation:*", "s3:*", "cloudwatch:SetAlarmState")
# Actions for properties that no resource here has.
UNUSED = {
    "iam:*Group*": "policies are attached to roles only",
    "iam:*User*": "policies are attached to roles only",
    "lambda:*Concurrency": "no function reserves concurrency",
    "lambda:*FunctionCodeSigningConfig": "no function is signed",
    "lambda:PutRuntimeManagementConfig": "Lambda updates the runtime",
    "lambda:PutFunctionRecursionConfig": "no function calls itself",
    "lambda:PutFunctionScalingConfig": "no function has a capacity provider",
    "lambda:PassCapacityProvider": "no function has a capacity provider",
    "lambda:AssociateRuntimeAlias": "no function has an alias",
    "lambda:PublishVersion": "no function has versions",
    "elasticfilesystem:*": "no function has a file system",
    "s3files:*": "no function has a file system",
    "kms:CreateGrant": "no function has a key",
    "kms:Decrypt": "neither a function nor the state machine has a key",
    "kms:Encrypt": "no function has a key",
    "kms:GenerateDataKey": "neither a function nor the state machine has a key",
    "logs:PutDataProtectionPolicy": "no log group has such a policy",
    "logs:DeleteDataProtectionPolicy": "no log group has such a policy",
    "logs:PutIndexPolicy": "no log group has such a policy",
    "logs:DeleteIndexPolicy": "no log group has such a policy",
    "logs:PutResourcePolicy": "no log group has such a policy",
    "logs:DeleteResourcePolicy": "no log group has such a policy",
    "logs:CreateLogDelivery": "no log group is of the class DELIVERY",
    "logs:PutBearerTokenAuthentication": "no log group takes bearer tokens",
    "logs:PutLogGroupDeletionProtection": "no log group is protected",
    "firehose:*": "no log group is of the class DELIVERY",
    "s3:*Metadata*Table*": "no bucket has metadata tables",
    "s3tables:*": "no bucket has metadata tables",
    "s3:PutObjectAcl": "no bucket has access control lists",
    "s3:REST.PUT.OBJECT": "no log group is of the class DELIVERY",
    "sns:PutDataProtectionPolicy": "no topic has such a policy",
}


def is_among(action: str, patterns: Any) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in patterns)


def needed(resource_type: str) -> set[str]:
    """Return the actions that CloudFormation needs to create, update and delete a resource, from its type's schema."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema["handlers"]
    every = {action for name, handler in handlers.items() if name != "list" for action in handler["permissions"]}
    return {action for action in every if not is_among(action, UNUSED)}


def actions(statement: dict[str, Any]) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


ALLOWED = sorted({action for statement in STATEMENTS for action in actions(statement)})
NEEDED = set().union(*map(needed, TYPES))


def test_the_parameters_are_those_of_the_template() -> None:
    page = (ROOT / "docs" / "deploying.md").read_text()
    made = tables(yaml_parse((ROOT / "template.yaml").read_text()))

    stale = "The parameters in docs/deploying.md are stale: run make parameters."
    assert TABLES.sub(lambda match: f"{match[1]}\n{made}\n{match[2]}", page) == page, stale


def test_each_parameter_is_in_a_group_of_the_template() -> None:
    template = yaml_parse((ROOT / "template.yaml").read_text())
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]

    grouped = [name for group in groups for name in group["Parameters"]]
    assert len(grouped) == len(set(grouped))
    for name in template["Parameters"].keys() ^ set(grouped):
        pytest.fail(
            f"{name} is not both a parameter and in a group of AWS::CloudFormation::Interface in template.yaml."
        )


@pytest.mark.parametrize("resource_type", TYPES)
def test_the_deployer_may_create_each_type_of_resource(resource_type: str) -> None:
    missing = sorted(action for action in needed(resource_type) if not is_among(action, ALLOWED))

    assert not missing, f"{POLICY} lacks {', '.join(missing)}, which CloudFormation needs for {resource_type}."


@pytest.mark.parametrize("action", ALLOWED)
def test_the_deployer_may_do_nothing_that_is_not_needed(action: str) -> None:
    is_needed = is_among(action, OF_THE_TOOLS) or any(fnmatchcase(one, action) for one in NEEDED)

    assert is_needed, f"{POLICY} allows {action}, which no resource of the templates needs: remove it."


@pytest.mark.parametrize("pattern", UNUSED)
def test_an_action_that_is_left_out_is_one_that_cloudformation_lists(pattern: str) -> None:
    schemas = [PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema for name in TYPES]
    listed = {action for schema in schemas for one in schema["handlers"].values() for action in one["permissions"]}

    assert any(fnmatchcase(action, pattern) for action in listed)


@pytest.mark.parametrize("action", ALLOWED)
def test_an_action_of_the_deployer_exists_and_is_limited_to_resources_if_possible(action: str) -> None:
    file = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    service, _, name = action.lower().partition(":")
    known = {one: spec.get("Resources") for one, spec in json.loads(file.read_text())[service]["Actions"].items()}
    found = [one for one in known if fnmatchcase(one, name)]
    resources = {json.dumps(one["Resource"]) for one in STATEMENTS if action in actions(one)}

    assert found, f"There is no action {action}."
    if not any(known[one] for one in found):
        assert resources == {'"*"'}, (
            f"{action} knows no resources: move it to the statement WithoutResource of {POLICY}."
        )


def test_the_policy_fits_into_a_managed_policy() -> None:
    assert len(re.sub(r"\s", "", (ROOT / POLICY).read_text())) <= 6144


def test_the_deployment_page_tests_an_alarm_that_exists() -> None:
    page = (ROOT / "docs" / "deploying.md").read_text()
    (alarm,) = re.findall(r"set-alarm-state .+\n.+\n  --logical-resource-id (\w+)", page)

    assert TEMPLATES[0]["Resources"][alarm]["Type"] == "AWS::CloudWatch::Alarm"
