"""A release, and an AWS in which nothing of it is deployed yet."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.clock import VirtualClock
from sandbox.aws.lambda_.functions import Lambdas
from sandbox.deployment import (
    DESTINATION_ACCOUNT,
    FURTHER_DESTINATIONS,
    PROMOTIONS_BUCKET,
    ROOT,
    SOURCE_ACCOUNT,
    STACK_NAME,
    client,
    deployed,
    expanded_template,
)
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox
from tests.workflow.ending import Ending

PACKAGE = "functions-1.0.0-0123456789abcdef.zip"
# An account that no story has, for the stack that every sandbox has.
ELSEWHERE = "555555555555"


def released_template() -> dict[str, Any]:
    template = expanded_template()
    template["Parameters"]["ReleaseBucket"] = {"Type": "String"}
    template["Parameters"]["ReleasePrefix"] = {"Type": "String", "Default": STACK_NAME}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            key = {"Fn::Sub": f"${{ReleasePrefix}}/{PACKAGE}"}
            resource["Properties"]["Code"] = {"S3Bucket": {"Ref": "ReleaseBucket"}, "S3Key": key}
    return template


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A release as make release writes it, but with a package that has no functions: they run from functions/."""
    folder = tmp_path / "dist"
    shutil.copytree(ROOT / "accounts", folder / "accounts")
    (folder / "template.yaml").write_text(json.dumps(released_template()))
    with zipfile.ZipFile(folder / PACKAGE, "w") as package:
        package.writestr("validate_request.py", "")
    return folder


@pytest.fixture
def aws() -> Iterator[Sandbox]:
    """An AWS whose accounts have no stack of ours, but for one account that no story has."""
    with sandbox(VirtualClock(), stack_account=ELSEWHERE) as aws:
        client("s3", ELSEWHERE).delete_bucket(Bucket=PROMOTIONS_BUCKET)  # all stacks here have this name for it
        for account in (SOURCE_ACCOUNT, DESTINATION_ACCOUNT, *FURTHER_DESTINATIONS):
            for side in ("source", "destination"):
                client("cloudformation", account).delete_stack(StackName=f"{STACK_NAME}-{side}")
        yield aws


def run_story(aws: Sandbox, story: str) -> Ending:
    """Run a story with the stack that was deployed to the source account."""
    aws.deployment = deployed(SOURCE_ACCOUNT)
    aws.lambdas = Lambdas(aws.deployment, aws.clock, lambda: aws.plan, aws.records)
    aws.seed(story)
    return Ending.of(aws.run(read_event(story)))
