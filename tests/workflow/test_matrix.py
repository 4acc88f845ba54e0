"""Every call of every function, every fault, once, three times and for ever: how the execution ends is in matrix.tsv.

An ending is ``succeeds``; ``succeeds, grant stays`` (and the state data says why); ``refused: ERROR``, in a Fail
state; or ``task: ERROR``, at a task, which is redriven when the fault is over and then has to succeed.
"""

import csv
from pathlib import Path

import pytest

from sandbox.rekognition.settings import settings
from sandbox.workflow import redrive
from sandbox.world import read_event
from tests.workflow.ending import Ending
from tests.workflow.invariants import copies

COUNTS = ("x1", "x3", "always")
STORY_OF = {"WithdrawGrantFunction.PutProjectPolicy": "grant_beside_others"}
BEFORE = {"CopyProjectVersionFunction.ListProjectPolicies": "CopyProjectVersion: AccessDeniedException; "}
ROWS = list(csv.DictReader(Path(__file__).with_name("matrix.tsv").read_text().splitlines(), delimiter="\t"))
CELLS = [(row["place"], row["fault"], count, row[count]) for row in ROWS for count in COUNTS]


@pytest.mark.parametrize(("place", "fault", "count", "expected"), CELLS)
def test_each_fault_at_each_call_ends_as_the_table_says(aws, witness, end, place, fault, count, expected):
    story = STORY_OF.get(place, "copy_between_accounts")
    request = read_event(story)
    aws.seed(story)
    settings.copy_seconds = 60
    aws.follow(f"{BEFORE.get(place, '')}{place}: {fault} {count}", request)

    ending = end(request)

    assert aws.plan.met
    assert ending.told == expected
    if ending.failed_at_task:
        assert redriven(aws, witness, request).status == "SUCCEEDED"
        assert len(copies()) == 1


def redriven(aws, witness, request):
    """Redrive the last execution when the fault is over."""
    (execution,) = aws.executions
    aws.follow("")
    redrive(execution)
    aws.clock.run()
    ending = Ending.of(execution)
    witness.check_ending(ending, request)
    witness.check_grants([(ending, request)])
    return ending
