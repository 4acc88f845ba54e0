"""The Terraform modules, run by Terraform."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from sandbox import deployment
from sandbox.deployment import DESTINATION_ACCOUNT, FURTHER_DESTINATIONS, ROOT, SOURCE_ACCOUNT, STACK_NAME, client
from sandbox.world import Sandbox
from tests.deploy import provider
from tests.deploy.conftest import run_story
from tests.deploy.resources import stack_sets
from tests.deploy.terraform import Terraform, missing
from tools.release import PARAMETERS
from tools.write_terraform import MODULES, snake

Example = Callable[[str], Terraform]

BUCKET = "amzn-s3-demo-releases"
UNIT = "ou-abcd-12345678"
DESTINATIONS = (DESTINATION_ACCOUNT, *FURTHER_DESTINATIONS)

REQUIRED = {"String": "amzn-s3-demo-bucket", "CommaDelimitedList": "arn:a,arn:b"}
WRONG = {"String": "é", "Number": 10_000}
# Values for the patterns that are written in another way for Go.
ALLOWED = {"AllowedAccounts": ",".join([SOURCE_ACCOUNT] * 100), "OwnEventDetailType": "Model Copied Elsewhere"}
REFUSED = {
    "AllowedAccounts": ",".join([SOURCE_ACCOUNT] * 101),
    "OwnEventSource": "aws.rekognition",
    "OwnEventDetailType": "Model Copied",
}


@pytest.fixture(autouse=True)
def _terraform() -> None:
    """Skip the tests if Terraform is missing; in CI, fail instead."""
    part = missing()
    if part:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(part)


@pytest.fixture
def example(tmp_path: Path, release: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Example]:
    """Set up an example in a checkout with a release in dist/, as make release leaves it."""
    left_by_users = shutil.ignore_patterns(".terraform*", "*.tfstate*")
    source, modules = (folder / "deploy" / "terraform" for folder in (ROOT, tmp_path))
    shutil.copytree(source, modules, ignore=left_by_users)
    shutil.copytree(release, tmp_path / "dist")
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


def test_the_modules_of_the_page_are_valid_and_formatted(example: Example, tmp_path: Path) -> None:
    page = (ROOT / "deploy" / "terraform" / "README.md").read_text()
    blocks = re.findall(r"^```terraform\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "main.tf").write_text("\n".join(blocks))

    checkout = example("../../..")

    checkout.run("fmt", "-check", "-diff", "main.tf")


@pytest.mark.parametrize(("template", "module"), MODULES.items())
def test_a_variable_takes_what_its_parameter_takes(template: str, module: str, tmp_path: Path) -> None:
    parameters = yaml_parse((ROOT / template).read_text())["Parameters"]
    parameters |= PARAMETERS if template == "template.yaml" else {}
    for name in ("variables.tf", "parameters.tf"):
        shutil.copy(ROOT / module / name, tmp_path)
    (tmp_path / "test.tf").write_text('output "parameters" { value = local.parameters }')
    terraform = Terraform(tmp_path, {})
    required = {name: REQUIRED[one["Type"]] for name, one in parameters.items() if "Default" not in one}
    other = {name: value for name, value in {**deployment.PARAMETERS, **ALLOWED}.items() if name in parameters}
    wrong = {name: REFUSED.get(name, WRONG.get(one["Type"])) for name, one in parameters.items()}
    refused = {name: value for name, value in wrong.items() if value is not None}

    by_default = terraform.apply(**_variables(parameters, required))["parameters"]
    with_values = terraform.apply(**_variables(parameters, {**required, **other}))["parameters"]
    arguments = terraform.arguments(**_variables(parameters, {**required, **refused}))
    output = terraform.run("plan", "-no-color", *arguments, code=1)

    defaults = {name: str(one["Default"]) for name, one in parameters.items() if "Default" in one}
    assert by_default == {**defaults, **required}
    assert with_values == {**defaults, **required, **other}
    assert set(re.findall(r" on variables.tf line .*\n.* variable \"(\w+)\"", output)) == set(map(snake, refused))


def _variables(parameters: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the variables of parameters."""
    lists = {name for name, one in parameters.items() if one["Type"] == "CommaDelimitedList"}
    return {snake(name): value.split(",") if name in lists else value for name, value in values.items()}


def test_the_example_of_one_destination_is_applied_upgraded_and_destroyed(
    aws: Sandbox, bucket: Any, example: Example, tmp_path: Path
) -> None:
    one_destination = example("one_destination")
    stack, package = (
        "module.rekognition_model_copy.aws_" + one for one in ("cloudformation_stack.this", "s3_object.package")
    )
    assert f'"{stack}" -> "{package}"' in one_destination.run("graph")  # it is there before the functions need it
    outputs = one_destination.apply()
    uploaded = bucket()

    ending = run_story(aws, "copy_between_accounts")

    assert ending.status == "SUCCEEDED"
    assert outputs == {"state_machine_arn": aws.deployment.state_machine_arn}
    one_destination.run("plan", "-detailed-exitcode")  # which ends with 2 if something is left to change

    released = tmp_path / "dist" / "template.yaml"
    template = released.read_text()
    released.write_text("{}")
    one_destination.run("apply", "-auto-approve", code=1)

    assert set(bucket()) > set(uploaded)  # what a rollback needs

    released.write_text(template.replace("Value: 1.0.0", "Value: 9.9.9"))
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
    many_destinations.run("plan", "-detailed-exitcode")
    role = stack_sets.sets[f"{STACK_NAME}-destination"]["administration_role_arn"]
    assert role == f"arn:aws:iam::{SOURCE_ACCOUNT}:role/AWSCloudFormationStackSetAdministrationRole"
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
    automatic = stack_set["auto_deployment"][0]
    assert (automatic["enabled"], automatic["retain_stacks_on_account_removal"]) == (True, False)
    for account in DESTINATIONS:
        assert client("cloudformation", account).describe_stacks()["Stacks"] == []

    many_destinations.run("destroy", "-auto-approve")

    assert (stack_sets.sets, stack_sets.units) == ({}, [])


def _role(account: str) -> str:
    policy = client("iam", account).get_role_policy(RoleName=f"{STACK_NAME}-destination", PolicyName=STACK_NAME)
    return json.dumps(policy["PolicyDocument"])
