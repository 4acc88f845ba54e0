"""The CDK app: what it makes of a release."""

import json
import re
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from sandbox.deployment import (
    DESTINATION_ACCOUNT,
    FURTHER_DESTINATIONS,
    REGION,
    ROOT,
    SOURCE_ACCOUNT,
    STACK_NAME,
    client,
)
from sandbox.world import Sandbox
from tests.deploy.cdk import APP, CONFIGURED, synthesize
from tests.deploy.conftest import run_story

# Where CDK's bootstrap stack expects the files, and the parameter in which it notes its version.
ASSETS, VERSION = f"cdk-hnb659fds-assets-{SOURCE_ACCOUNT}-{REGION}", "/cdk-bootstrap/hnb659fds/version"
ADDED = {"ReleaseBucket", "ReleasePrefix"}
# CloudFormation takes this form, too, but moto does not.
DOTTED = re.compile(r'"Fn::GetAtt": "(\w+)\.([\w.]+)"')


@pytest.fixture(scope="module")
def synthesized(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cdk") / "cdk.out"
    done = synthesize(release, folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")  # no warning, either
    return folder


def test_the_app_adds_nothing_to_the_released_template(synthesized: Path, release: Path) -> None:
    made = json.loads((synthesized / f"{STACK_NAME}.template.json").read_text())
    released = yaml_parse((release / "template.yaml").read_text())
    functions = [name for name, one in released["Resources"].items() if one["Type"] == "AWS::Lambda::Function"]
    (package,) = release.glob("functions-*.zip")

    codes = [made["Resources"][name]["Properties"].pop("Code") for name in functions]
    for name in functions:
        del released["Resources"][name]["Properties"]["Code"]
    for resource in released["Resources"].values():
        resource.get("Properties", {}).get("Tags", []).sort(key=itemgetter("Key"))  # as CDK does
    del made["Parameters"]["BootstrapVersion"]
    for name in (*ADDED, *CONFIGURED["parameters"]):
        del released["Parameters"][name]

    assert codes == [codes[0]] * len(functions)
    assert codes[0]["S3Bucket"] == ASSETS
    assert (synthesized / f"asset.{codes[0]['S3Key']}").read_bytes() == package.read_bytes()
    for section in ("Parameters", "Conditions", "Resources", "Outputs"):
        assert made[section] == with_constants(released[section], CONFIGURED["parameters"])


def with_constants(value: Any, constants: dict[str, str]) -> Any:
    """Return a part of a template with these parameters replaced."""
    if isinstance(value, list):
        return [with_constants(one, constants) for one in value]
    if isinstance(value, dict):
        name = value.get("Ref")
        return constants[name] if name in constants else {k: with_constants(one, constants) for k, one in value.items()}
    return value


def test_the_synthesized_stacks_copy(aws: Sandbox, synthesized: Path) -> None:
    s3 = client("s3", SOURCE_ACCOUNT)
    s3.create_bucket(Bucket=ASSETS)
    for asset in synthesized.glob("asset.*"):
        s3.put_object(Bucket=ASSETS, Key=asset.name.removeprefix("asset."), Body=asset.read_bytes())

    outputs = deploy(SOURCE_ACCOUNT, STACK_NAME, synthesized)
    trusted = outputs["DestinationRolePrincipals"]
    for account, parameters in CONFIGURED["destinations"].items():
        made = json.loads((synthesized / f"{STACK_NAME}-destination-{account}.template.json").read_text())
        assert made["Parameters"].keys().isdisjoint(parameters)
        deploy(account, f"{STACK_NAME}-destination-{account}", synthesized, TrustedRoleArns=trusted)

    assert set(CONFIGURED["destinations"]) == {DESTINATION_ACCOUNT, FURTHER_DESTINATIONS[0]}
    assert run_story(aws, "copy_between_accounts").status == "SUCCEEDED"


def deploy(account: str, stack: str, synthesized: Path, **parameters: str) -> dict[str, str]:
    """Deploy a synthesized stack to a bootstrapped account, and return its outputs."""
    client("ssm", account).put_parameter(Name=VERSION, Value="21", Type="String")
    cloudformation = client("cloudformation", account)
    cloudformation.create_stack(
        StackName=stack,
        TemplateBody=DOTTED.sub(r'"Fn::GetAtt": ["\1", "\2"]', (synthesized / f"{stack}.template.json").read_text()),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    made = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}


def test_a_value_that_the_template_does_not_allow_stops_the_app(release: Path, tmp_path: Path) -> None:
    done = synthesize(release, tmp_path, parameters={"AllowedAccounts": f"{SOURCE_ACCOUNT}, {DESTINATION_ACCOUNT}"})

    assert done.returncode == 1
    assert done.stderr.startswith("AllowedAccounts may not be 111111111111, 222222222222.")


def test_the_app_needs_the_tested_packages() -> None:
    locked = re.findall(r"^(\S+==\S+)", (ROOT / "requirements" / "deploy.txt").read_text(), re.MULTILINE)

    assert {*(APP / "requirements.txt").read_text().split()} < {*locked}
