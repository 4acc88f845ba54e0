"""What is promised of the loop: how late it sees the end of a copy, and how often it asks."""

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.stories import read_event

REQUEST = read_event("copy_between_accounts")


@pytest.mark.parametrize(("duration", "most_polls"), [(120, 15), (600, 50), (3_600, 115), (86_400 - 60, 1_600)])
def test_a_copy_is_seen_soon_after_it_ends_and_not_asked_for_too_often(aws, end, duration, most_polls):
    aws.seed("copy_between_accounts")
    settings.copy_seconds = duration

    ending = end(REQUEST)

    assert ending.status == "SUCCEEDED"
    assert 0 <= ending.seconds - duration <= min(max(13, 0.06 * duration), 70)
    assert ending.states.count("Describe project version") <= most_polls


def test_a_poll_costs_three_paid_transitions_and_nine_history_events(aws, end):
    aws.seed("copy_between_accounts")
    settings.copy_seconds = 600

    longer = end(REQUEST)
    polls = longer.states.count("Describe project version")

    around = [state for state in longer.states if state not in LOOP]
    assert longer.transitions == len(around) + 3 * polls + 1
    assert len([event for event in longer.history if event["type"].value == "WaitStateEntered"]) == polls


LOOP = ("What is its status?", "Wait for copy", "Describe project version")
