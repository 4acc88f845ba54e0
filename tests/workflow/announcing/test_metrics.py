"""The metrics that the functions write, which alarms and the dashboard use."""

import json
from collections import Counter

import pytest

from sandbox.world import Sandbox
from tests.workflow.announcing.conftest import NOT_WITHDRAWN, AnnounceStory
from tests.workflow.story import STORY


def measured(capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """Return the sum of each metric."""
    sums: Counter[str] = Counter()
    for line in capsys.readouterr().out.splitlines():
        if '"_aws"' in line:
            written = json.loads(line)
            assert written["service"] == "rekognition-model-copy"
            for metric in written["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                sums[metric["Name"]] += sum(written[metric["Name"]])
    return sums


@pytest.fixture(autouse=True)
def _measuring(monkeypatch: pytest.MonkeyPatch, aws: Sandbox) -> None:
    """Make the functions write metrics."""
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    aws.reset()
    aws.announces = True


def test_a_copy_is_measured_from_its_start_to_its_end(
    announce_story: AnnounceStory, capsys: pytest.CaptureFixture[str]
) -> None:
    ending, _ = announce_story(
        STORY, "ListProjectPolicies: others_change_policy; DescribeProjectVersions: ThrottlingException x2"
    )

    sums = measured(capsys)
    assert (sums["CopiesStarted"], sums["CopiesCompleted"], sums["CopiesAdopted"], sums["CopiesFailed"]) == (1, 1, 0, 0)
    assert sums["Polls"] == ending.states.count("Describe project version")
    assert sums["CopyDuration"] == pytest.approx(ending.seconds, abs=1)
    assert (sums["Throttles"], sums["PolicyConflicts"], sums["GrantsLeftBehind"]) == (2, 1, 0)


def test_a_refusal_is_measured(announce_story: AnnounceStory, capsys: pytest.CaptureFixture[str]) -> None:
    announce_story("name_taken")
    assert measured(capsys)["CopiesRefused"] == 1


def test_a_grant_left_behind_is_measured(announce_story: AnnounceStory, capsys: pytest.CaptureFixture[str]) -> None:
    announce_story(STORY, NOT_WITHDRAWN)

    sums = measured(capsys)
    assert (sums["GrantsLeftBehind"], sums["CopiesCompleted"]) == (1, 1)
    assert sums["KnownErrors"] == 1


def test_the_age_of_a_copy_is_measured_while_it_waits_for_a_slot(
    announce_story: AnnounceStory, capsys: pytest.CaptureFixture[str]
) -> None:
    announce_story(STORY, "CopyProjectVersion: LimitExceededException x12")

    ages = [
        json.loads(line)["CopyAge"][0]
        for line in capsys.readouterr().out.splitlines()
        if '"CopyAge"' in line and '"Polls"' not in line
    ]
    assert ages == sorted(ages)
    assert ages[-1] > 60
