"""Each function in a container, as sam local invoke runs it. Run: make test-sam-local"""

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from sandbox import invoke
from sandbox.world import Sandbox
from tests.samples import SAMPLES, check


@pytest.fixture(scope="module")
def served_sandbox() -> Iterator[tuple[Sandbox, str]]:
    if not shutil.which("docker") or subprocess.run(("docker", "version"), capture_output=True, check=False).returncode:
        pytest.fail("No Docker Engine answers. Run: make test-sam-local")
    with invoke.sandbox_for_containers() as (aws, endpoint):
        for story in {story for _, story in SAMPLES}:
            aws.seed(story)
        yield aws, endpoint


@pytest.mark.parametrize(("function", "story"), SAMPLES)
def test_a_function_answers_and_refuses_in_a_container(
    served_sandbox: tuple[Sandbox, str], function: str, story: str
) -> None:
    aws, endpoint = served_sandbox

    done = invoke.invoke(aws.deployment.function(function), story, endpoint, stdout=subprocess.PIPE)

    check(function, story, done.stdout)
