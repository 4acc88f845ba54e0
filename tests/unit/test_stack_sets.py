"""docs/stack-sets.md names parameters, outputs and actions that exist."""

import json
import re
from pathlib import Path

import cfnlint
import pytest
from samtranslator.yaml_helper import yaml_parse

from sandbox.deployment import ROOT

PAGE = (ROOT / "docs" / "stack-sets.md").read_text()
STACK = yaml_parse((ROOT / "template.yaml").read_text())
ROLES = {side: yaml_parse((ROOT / "accounts" / f"{side}.yaml").read_text()) for side in ("source", "destination")}
PARAMETERS = {name for template in ROLES.values() for name in template["Parameters"]}
ACTIONS = sorted(
    action
    for block in re.findall(r"^```json\n(.*?)^```$", PAGE, re.M | re.S)
    for statement in json.loads(block)["Statement"]
    for action in statement["Action"]
)


def test_the_table_has_each_parameter_that_differs_in_a_stack_set() -> None:
    rows = re.findall(r"^\| (`.+`) \|", PAGE, re.M)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}

    # A stack set has nothing to say about the names of projects, which differ with the models and not the accounts.
    assert named == PARAMETERS - {"ProjectName"}


@pytest.mark.parametrize(
    ("side", "output"), [("source", "SourceRolePrincipals"), ("destination", "DestinationRolePrincipals")]
)
def test_the_roles_trust_the_stack(side: str, output: str) -> None:
    commands = re.findall(
        rf"^aws cloudformation \w+-stack-set .*?accounts/{side}.yaml.*?(?=^```|^aws)", PAGE, re.M | re.S
    )

    assert commands
    assert output in STACK["Outputs"]
    for command in commands:
        assert f"ParameterKey=TrustedRoleArns,ParameterValue='$(output {output})'" in command


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_of_the_deployer_exists(action: str) -> None:
    file = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    service, _, name = action.lower().partition(":")

    assert name in json.loads(file.read_text())[service]["Actions"]
