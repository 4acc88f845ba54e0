"""The Terraform modules, run by Terraform."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from sandbox.deployment import (
    DESTINATION_ACCOUNT,
    FURTHER_DESTINATIONS,
    PARAMETERS,
    ROOT,
    SOURCE_ACCOUNT,
    STACK_NAME,
    client,
)
from sandbox.world import Sandbox
from tests.deploy import provider
from tests.deploy.conftest import run_story
from tests.deploy.resources import stack_sets
from tests.deploy.terraform import Terraform
from tools.write_terraform import MODULES, snake

Example = Callable[[str], Terraform]

BUCKET = "amzn-s3-demo-releases"
UNIT = "ou-abcd-12345678"
DESTINATIONS = (DESTINATION_ACCOUNT, *FURTHER_DESTINATIONS)

WRONG = {"String": "é", "Number": 10_000}
# What a pattern of Java says in another way than one of Go.
ALLOWED = {"AllowedAccounts": ",".join([SOURCE_ACCOUNT] * 100), "OwnEventDetailType": "Model Copied Elsewhere"}
REFUSED = {
    "AllowedAccounts": ",".join([SOURCE_ACCOUNT] * 101),
    "OwnEventSource": "aws.rekognition",
    "OwnEventDetailType": "Model Copied",
}


@pytest.fixture
def example(tmp_path: Path, release: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Example]:
    """Set up an example in a checkout with a release in dist/, as make release leaves it."""
    modules = shutil.copytree(ROOT / "deploy" / "terraform", tmp_path / "deploy" / "terraform")
    with provider.served(tmp_path / "socket") as environment:

        def example(name: str) -> Terraform:
            terraform = Terraform(modules / "examples" / name, environment)
            monkeypatch.chdir(terraform.folder)  # where Terraform would start the provider
            terraform.run("init", "-input=false")
            terraform.run("validate")
            return terraform

        yield example


@pytest.fixture
def bucket(aws: Sandbox) -> Any:
    """The bucket for releases, in the source account."""
    s3 = client("s3", SOURCE_ACCOUNT)
    s3.create_bucket(Bucket=BUCKET)
    return lambda: [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


def test_the_files_are_formatted() -> None:
    Terraform(ROOT / "deploy" / "terraform", {}).run("fmt", "-check", "-diff", "-recursive")


@pytest.mark.parametrize(("template", "module"), MODULES.items())
def test_a_variable_takes_what_its_parameter_takes(template: str, module: str, tmp_path: Path) -> None:
    parameters = yaml_parse((ROOT / template).read_text())["Parameters"]
    for name in ("variables.tf", "parameters.tf"):
        shutil.copy(ROOT / module / name, tmp_path)
    (tmp_path / "test.tf").write_text('output "parameters" { value = local.parameters }')
    terraform = Terraform(tmp_path, {})
    required = {snake(name): ["a", "b"] for name, one in parameters.items() if "Default" not in one}
    given = {name: value for name, value in {**PARAMETERS, **ALLOWED}.items() if name in parameters}
    wrong = {name: WRONG[one["Type"]] for name, one in parameters.items() if one["Type"] in WRONG}
    refused = {snake(name): REFUSED.get(name, value) for name, value in wrong.items()}

    by_default = terraform.apply(**required)["parameters"]
    with_values = terraform.apply(**required, **{snake(name): value for name, value in given.items()})["parameters"]
    arguments = [f"-var={name}={value}" for name, value in refused.items()]
    lists = [f"-var={name}={json.dumps(value)}" for name, value in required.items()]
    output = terraform.run("plan", "-no-color", *arguments, *lists, code=1)

    assert by_default == {name: str(one.get("Default", "a,b")) for name, one in parameters.items()}
    assert with_values == {**by_default, **given}
    assert set(re.findall(r"^.*?on variables.tf line \d+:\n.*variable \"(\w+)\"", output, re.MULTILINE)) == set(refused)


def test_the_example_of_one_destination_is_applied_upgraded_and_destroyed(
    aws: Sandbox, bucket: Any, example: Example, release: Path
) -> None:
    one_destination = example("one_destination")
    outputs = one_destination.apply()
    uploaded = bucket()

    ending = run_story(aws, "copy_between_accounts")

    assert ending.status == "SUCCEEDED"
    assert outputs == {"state_machine_arn": aws.deployment.state_machine_arn}
    one_destination.run("plan", "-detailed-exitcode")  # which ends with 2 if something is left to change

    template = (release / "template.yaml").read_text()
    (release / "template.yaml").write_text("{}")
    one_destination.run("apply", "-auto-approve", code=1)

    assert set(bucket()) > set(uploaded)  # what a rollback needs

    (release / "template.yaml").write_text(template.replace('"1.0.0"', '"9.9.9"'))
    one_destination.apply()

    stack = client("cloudformation", SOURCE_ACCOUNT).describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    assert "9.9.9" in [output["OutputValue"] for output in stack["Outputs"]]
    assert len(bucket()) == len(uploaded)
    assert len(set(bucket()) & set(uploaded)) == 1  # the package, which is the same

    one_destination.run("destroy", "-auto-approve")

    assert bucket() == []
    for account in (SOURCE_ACCOUNT, DESTINATION_ACCOUNT):
        assert client("cloudformation", account).describe_stacks()["Stacks"] == []


def test_the_example_of_many_destinations_makes_a_role_in_each_account(
    aws: Sandbox, bucket: Any, example: Example
) -> None:
    many_destinations = example("many_destinations")
    many_destinations.apply()

    assert run_story(aws, "copy_between_accounts").status == "SUCCEEDED"
    buckets = {account: _role(account).count("amzn-s3-demo-bucket") for account in DESTINATIONS}
    assert buckets == {**dict.fromkeys(DESTINATIONS, 0), DESTINATIONS[-1]: 2}  # the bucket and its objects

    override = many_destinations.folder / "override.tf"
    override.write_text(f'module "destinations" {{ organizational_units = ["{UNIT}"] }}')
    error = many_destinations.run("apply", "-auto-approve", "-no-color", code=1)

    assert "A stack set has accounts or organizational_units" in error
    override.write_text(f'module "destinations" {{\naccounts = {{}}\norganizational_units = ["{UNIT}"]\n}}')
    many_destinations.apply()

    assert stack_sets.units == [UNIT]
    (stack_set,) = stack_sets.sets.values()
    assert stack_set["permission_model"] == "SERVICE_MANAGED"
    assert stack_set["auto_deployment"][0]["enabled"]
    for account in DESTINATIONS:
        assert client("cloudformation", account).describe_stacks()["Stacks"] == []

    many_destinations.run("destroy", "-auto-approve")

    assert (stack_sets.sets, stack_sets.units) == ({}, [])


def _role(account: str) -> str:
    policy = client("iam", account).get_role_policy(RoleName=f"{STACK_NAME}-destination", PolicyName=STACK_NAME)
    return json.dumps(policy["PolicyDocument"])
