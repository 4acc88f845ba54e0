"""The functions still read the state data of each release, so that its running executions go on after an upgrade."""

import json
import re
from collections.abc import Iterator
from itertools import groupby

import pytest

from sandbox.aws.clock import VirtualClock
from sandbox.deployment import ROOT, function_names
from sandbox.world import Sandbox, sandbox
from tests.upgrade.state_data import STATE_DATA, replayed
from tools.keep_release import NO_TASKS

KEPT = {path.stem: json.loads(path.read_text()) for path in sorted(STATE_DATA.glob("*.json"))}


@pytest.fixture(scope="module")
def aws() -> Iterator[Sandbox]:
    with sandbox(VirtualClock()) as aws:
        yield aws


@pytest.mark.parametrize("version", KEPT)
def test_the_answers_still_have_what_the_definitions_of_that_release_rely_on(aws: Sandbox, version: str) -> None:
    for story, group in groupby(KEPT[version], key=lambda one: str(one["Story"])):
        invocations = list(group)
        for kept, now in zip(invocations, replayed(aws, invocations), strict=True):
            missing = set(kept["Answer"].pop("Fields", ())) - set(now.pop("Fields", ()))
            assert not missing, f"{story}: {kept['Function']} no longer answers {sorted(missing)}."
            assert now == kept["Answer"], f"{story}: {kept['Function']}"


def test_make_keep_release_expects_state_data_of_the_functions_that_a_definition_invokes() -> None:
    definitions = "".join(path.read_text() for path in (ROOT / "statemachine").glob("*.asl.yaml"))

    assert {*function_names()} - {*re.findall(r"\$\{(\w+Function)Arn\}", definitions)} == NO_TASKS
