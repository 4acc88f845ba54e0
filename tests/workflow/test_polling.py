"""How late the loop sees the end of a copy, and how often it polls."""

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.world import Sandbox
from tests.workflow.conftest import Run
from tests.workflow.story import REQUEST, STORY

LOOP = ("What is its status?", "Wait for copy", "Describe project version")


@pytest.mark.parametrize(("duration", "most_polls"), [(120, 15), (600, 50), (3_600, 115), (86_400 - 60, 1_600)])
def test_the_end_of_a_copy_is_seen_soon_and_with_few_polls(
    aws: Sandbox, run: Run, duration: int, most_polls: int
) -> None:
    aws.seed(STORY)
    settings.copy_seconds = duration

    ending = run(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert 0 <= ending.seconds - duration <= min(max(13, 0.06 * duration), 70)
    assert ending.states.count("Describe project version") <= most_polls


def test_a_poll_costs_three_paid_transitions_and_nine_history_events(aws: Sandbox, run: Run) -> None:
    aws.seed(STORY)
    settings.copy_seconds = 600

    longer = run(REQUEST)
    polls = longer.states.count("Describe project version")

    around = [state for state in longer.states if state not in LOOP]
    assert longer.transitions == len(around) + 3 * polls + 1
    assert len([event for event in longer.history if event["type"].value == "WaitStateEntered"]) == polls
