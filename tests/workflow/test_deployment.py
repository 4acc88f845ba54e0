"""The stack that the sandbox's CloudFormation creates from the template as SAM expands it."""

import json
import re
from graphlib import CycleError, TopologicalSorter
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from model_copy.policies import as_list
from sandbox.deployment import ROOT, STACK_ACCOUNT, STACK_NAME, client, expanded_template, function_names
from sandbox.world import Sandbox

Template = dict[str, Any]
TIMEOUTS = {
    "AnnounceOutcomeFunction": 600,
    "AnnouncePromotionFunction": 600,
    "SummarizePromotionFunction": 300,
    "AuditGrantsFunction": 900,
}


def references(part: object) -> set[str]:
    """Return the names of the resources that a part of a template refers to."""
    if isinstance(part, list):
        return {name for one in part for name in references(one)}
    if not isinstance(part, dict):
        return set()
    found = {name for one in part.values() for name in references(one)}
    if set(part) == {"Ref"}:
        found.add(part["Ref"])
    if set(part) == {"Fn::GetAtt"}:
        found.add(part["Fn::GetAtt"][0])
    if set(part) == {"Fn::Sub"}:
        found |= set(re.findall(r"\$\{(\w+)", json.dumps(part["Fn::Sub"])))
    return found


def order(template: Template) -> list[str]:
    """Return the resources in an order in which they can be created, or raise CycleError."""
    resources = template["Resources"]
    needs = {name: references(one) & set(resources) for name, one in resources.items()}
    for name, one in resources.items():
        needs[name] |= set(as_list(one.get("DependsOn")))
    return list(TopologicalSorter(needs).static_order())


def test_no_resources_depend_on_each_other_in_a_circle() -> None:
    template = expanded_template()
    ordered = order(template)
    assert ordered.index("CopyProjectVersionFunctionRole") < ordered.index("ValidateRequestFunction")
    assert ordered.index("ValidateRequestFunction") < ordered.index("CopyModelStateMachine")

    template["Resources"]["CopyProjectVersionFunctionRole"]["DependsOn"] = ["ValidateRequestFunction"]
    with pytest.raises(CycleError):
        order(template)


def test_each_function_has_the_role_of_its_name(aws: Sandbox) -> None:
    roles = {role["Arn"] for role in client("iam", STACK_ACCOUNT).list_roles()["Roles"]}

    for name in function_names():
        function = aws.deployment.function(name)
        assert function.role in roles
        assert f"-{name}Role-" in function.role


def test_each_function_has_the_properties_of_the_template(aws: Sandbox) -> None:
    given = expanded_template()["Resources"]
    for name in function_names():
        function, properties = aws.deployment.function(name), given[name]["Properties"]
        variables = function.environment_vars
        assert set(variables) == set(properties["Environment"]["Variables"])
        assert variables["STACK_ACCOUNT"] == STACK_ACCOUNT
        assert variables["COPY_ROLE_ARN"] == aws.deployment.function("CopyProjectVersionFunction").role
        assert not [value for value in variables.values() if "{" in str(value)]
        assert (function.handler, function.timeout, function.memory_size, function.run_time) == (
            properties["Handler"],
            TIMEOUTS.get(name, 60),
            1_024 if name == "AuditGrantsFunction" else 512,
            "python3.13",
        )


def test_the_definitions_call_the_created_functions(aws: Sandbox) -> None:
    step_functions = client("stepfunctions", STACK_ACCOUNT)
    roles = {role["Arn"] for role in client("iam", STACK_ACCOUNT).list_roles()["Roles"]}
    called = set()
    machines = [one for one in step_functions.list_state_machines()["stateMachines"] if STACK_NAME in one["name"]]
    for machine in machines:
        described = step_functions.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
        assert "${" not in described["definition"]
        assert described["roleArn"] in roles
        called |= set(re.findall(r"arn:aws:lambda:[^\"]+", described["definition"]))

    assert len(machines) == 2
    names = ("AnnounceOutcomeFunction", "AnnouncePromotionFunction", "AuditGrantsFunction")
    assert called == set(aws.deployment.functions) - {aws.deployment.function(name).function_arn for name in names}


def test_logs_go_to_the_created_log_groups(aws: Sandbox) -> None:
    groups = {group["logGroupName"] for group in client("logs", STACK_ACCOUNT).describe_log_groups()["logGroups"]}
    resources = expanded_template()["Resources"]
    (destination,) = resources["CopyModelStateMachine"]["Properties"]["LoggingConfiguration"]["Destinations"]

    assert len(groups) == 2
    assert "/aws/vendedlogs/states/rekognition-model-copy" in groups
    assert destination["CloudWatchLogsLogGroup"]["LogGroupArn"] == {"Fn::GetAtt": ["StateMachineLogGroup", "Arn"]}
    for name in function_names():
        assert resources[name]["Properties"]["LoggingConfig"]["LogGroup"] == {"Ref": "FunctionLogGroup"}


def roles_of(template: Template) -> list[dict[str, Any]]:
    return [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role"]


def test_each_role_can_have_a_permissions_boundary() -> None:
    accounts = [yaml_parse(path.read_text()) for path in (ROOT / "accounts").glob("*.yaml")]
    bounded = {"Fn::If": ["HasPermissionsBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]}
    roles = [role for template in (expanded_template(), *accounts) for role in roles_of(template)]

    assert len(roles) == 20
    assert [role["PermissionsBoundary"] for role in roles] == [bounded] * len(roles)


def test_each_function_can_be_placed_in_a_vpc() -> None:
    resources = expanded_template()["Resources"]
    for name in function_names():
        condition, subnets, otherwise = resources[name]["Properties"]["VpcConfig"]["Fn::If"]
        assert condition == "InVpc"
        assert subnets == {"SubnetIds": {"Ref": "SubnetIds"}, "SecurityGroupIds": {"Ref": "SecurityGroupIds"}}
        assert otherwise == {"Ref": "AWS::NoValue"}


def test_the_functions_roles_share_the_policies_for_logs_and_traces_and_for_the_vpc() -> None:
    shared = [{"Ref": "LogsAndTracesPolicy"}, {"Fn::If": ["InVpc", {"Ref": "NetworkPolicy"}, {"Ref": "AWS::NoValue"}]}]
    resources = expanded_template()["Resources"]
    attached = {name: one["Properties"].get("ManagedPolicyArns") for name, one in resources.items()}

    assert {name: found for name, found in attached.items() if found} == {
        f"{name}Role": shared for name in function_names()
    }
