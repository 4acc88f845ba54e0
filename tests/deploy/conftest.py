"""A release, and an AWS in which nothing of it is deployed yet."""

import shutil
from collections.abc import Iterator
from pathlib import Path

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
)
from sandbox.stories import read_event
from sandbox.world import Sandbox, sandbox
from tests.workflow.ending import Ending
from tools.release import as_yaml, package_name, packed, released_template

# An account that no story has, for the stack that every sandbox has.
ELSEWHERE = "555555555555"


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release as make release writes it, but with the functions as they are here, without the packages they use."""
    folder = tmp_path_factory.mktemp("release") / "dist"
    shutil.copytree(ROOT / "accounts", folder / "accounts")
    code = shutil.copytree(
        ROOT / "functions", folder.parent / "functions", ignore=shutil.ignore_patterns("__pycache__")
    )
    package = packed(code)
    name = package_name(package)
    (folder / name).write_bytes(package)
    (folder / "template.yaml").write_text(as_yaml(released_template(name)))
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
