"""An AWS for state machines, without the project's stack."""

from collections.abc import Iterator

import pytest

from tests.sandbox.step_functions import Machines, machines


@pytest.fixture
def aws() -> Iterator[Machines]:
    with machines() as aws:
        yield aws
