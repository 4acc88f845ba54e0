"""The served sandbox and a shell that uses it."""

import shutil
from collections.abc import Iterator

import pytest

from tests.commands.shell import CLI, Shell, served


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell with the AWS CLI and the profiles of a served sandbox, which the tests of this folder share."""
    assert (CLI / "aws").exists(), "There is no AWS CLI. Run: make test-commands"
    assert shutil.which("jq"), "The commands of the pages use jq. Install it."
    with served(tmp_path_factory.mktemp("project")) as shell:
        yield shell
