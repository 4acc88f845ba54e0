"""A release: the same bytes from every clone, and all that a deployment needs."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import deployment
from sandbox.aws.clock import VirtualClock
from sandbox.aws.lambda_.functions import Lambdas
from sandbox.aws.lambda_.modules import CODE, code_of
from sandbox.deployment import DESTINATION_ACCOUNT, ROOT, SOURCE_ACCOUNT, STACK_ACCOUNT, STACK_NAME
from sandbox.invoke import SAM
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox
from tests.workflow.ending import Ending
from tools import release

# What make release reads.
SOURCES = ("CHANGELOG.md", "LICENSE", "pyproject.toml", "samconfig.toml", "template.yaml")
FOLDERS = ("accounts", "functions", "sandbox", "statemachine", "tools")
BUCKET = "amzn-s3-demo-bucket"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release") / "dist"
    release.main(str(folder))
    return folder


def test_another_clone_makes_the_same_bytes(dist: Path, tmp_path: Path) -> None:
    for name in SOURCES:
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "build").mkdir()
    shutil.copyfile(ROOT / "build" / "sbom.cdx.json", tmp_path / "build" / "sbom.cdx.json")
    environment = {
        **os.environ,
        "PATH": f"{SAM.parent}:{os.environ['PATH']}",
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Tokyo",
    }

    for command in (
        (SAM, "build", "ValidateRequestFunction"),
        (sys.executable, "-m", "tools.release", "dist"),
    ):
        subprocess.run(command, cwd=tmp_path, env=environment, umask=0o077, check=True, capture_output=True)

    assert contents(tmp_path / "dist") == contents(dist)


def contents(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_the_checksums_are_those_of_all_files(dist: Path) -> None:
    files = contents(dist)
    listed = files.pop("SHA256SUMS").decode().splitlines()

    assert listed == [f"{hashlib.sha256(files[name]).hexdigest()}  {name}" for name in sorted(files)]


def trust_the_stack() -> None:
    """Deploy the roles that the stack assumes; the destination account already has one, for the other stack."""
    (stack,) = deployment.client("cloudformation", STACK_ACCOUNT).describe_stacks(StackName=STACK_NAME)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    deployment.create_account_role("source", SOURCE_ACCOUNT, TrustedRoleArns=outputs["SourceRolePrincipals"])
    trusted = {"ParameterKey": "TrustedRoleArns", "ParameterValue": outputs["DestinationRolePrincipals"]}
    deployment.client("cloudformation", DESTINATION_ACCOUNT).update_stack(
        StackName=f"{STACK_NAME}-destination",
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[trusted],
    )


@pytest.fixture(scope="module")
def aws(dist: Path) -> Iterator[Sandbox]:
    """An AWS in which CloudFormation deployed the release to an account without a stack."""
    with sandbox(VirtualClock(), stack_account=SOURCE_ACCOUNT) as aws:
        # All stacks in the sandbox get this name for their bucket, and names of buckets are global.
        deployment.client("s3", SOURCE_ACCOUNT).delete_bucket(Bucket=deployment.PROMOTIONS_BUCKET)
        s3 = deployment.client("s3", STACK_ACCOUNT)
        s3.create_bucket(Bucket=BUCKET)
        for name, content in contents(dist).items():
            s3.put_object(Bucket=BUCKET, Key=f"rekognition-model-copy/{name}", Body=content)
        deployment.client("cloudformation", STACK_ACCOUNT).create_stack(
            StackName=STACK_NAME,
            TemplateURL=f"https://s3.amazonaws.com/{BUCKET}/rekognition-model-copy/template.yaml",
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": "ReleaseBucket", "ParameterValue": BUCKET}],
        )
        trust_the_stack()
        aws.deployment = deployment.deployed(STACK_ACCOUNT)
        aws.lambdas = Lambdas(aws.deployment, aws.clock, lambda: aws.plan, aws.records)
        yield aws


def test_every_function_has_the_released_package(aws: Sandbox, dist: Path) -> None:
    (package,) = dist.glob("functions-*.zip")

    assert {function.code_bytes for function in aws.deployment.functions.values()} == {package.read_bytes()}
    assert all(code_of(function) != CODE for function in aws.deployment.functions.values())


def test_the_released_functions_copy(aws: Sandbox) -> None:
    aws.seed("copy_between_accounts")

    ending = Ending.of(aws.run(read_event("copy_between_accounts")))

    assert ending.status == "SUCCEEDED", ending.cause
    assert ending.output["Withdrawal"]["Withdrawn"] is True
