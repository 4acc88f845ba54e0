"""The sandbox on a local port, for functions that run in their own processes."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws.fast_clock import FastClock
from sandbox.aws.lambda_ import emulator
from sandbox.deployment import ROOT
from sandbox.serve import SPEED, served
from sandbox.world import Sandbox, sandbox
from tests.samples import SAMPLES


@pytest.fixture(scope="session", autouse=True)
def _runtime() -> None:
    """Skip the tests if Lambda's runtime is missing; in CI, fail instead."""
    part = emulator.missing()
    if part:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(part)


@pytest.fixture(scope="module")
def aws() -> Iterator[Sandbox]:
    with sandbox(FastClock(SPEED)) as aws:
        for story in {story for _, story in SAMPLES}:
            aws.seed(story)
        yield aws


@pytest.fixture(scope="module")
def endpoint(aws: Sandbox) -> Iterator[str]:
    with served() as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which sam build has run."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("template.yaml", "samconfig.toml", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    for name in (".aws-sam", "statemachine", "deploy/serverlessrepo"):
        shutil.copytree(ROOT / name, folder / name)
    return folder
