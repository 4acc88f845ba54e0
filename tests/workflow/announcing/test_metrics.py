"""The metrics that the functions write, which alarms and the dashboard use."""

import json
from collections import Counter

import pytest

from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.announcing.conftest import NOT_WITHDRAWN, AnnounceStory
from tests.workflow.promotions import promote
from tests.workflow.story import STORY

TO_THREE = read_event("promote_to_three")


def measured(capsys: pytest.CaptureFixture[str]) -> Counter[str]:
    """Return the sum of each metric."""
    sums: Counter[str] = Counter()
    for line in capsys.readouterr().out.splitlines():
        if '"_aws"' in line:
            written = json.loads(line)
            assert written["service"] in ("rekognition-model-copy", "rekognition-model-copy-promotions")
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


@pytest.mark.parametrize(
    ("fields", "metric"),
    [
        ({}, "PromotionsCompleted"),
        ({"Speed": 1}, "PromotionsRefused"),
        ({"SourceProjectVersionArn": TO_THREE["SourceProjectVersionArn"].replace("/v3/", "/v4/")}, "PromotionsFailed"),
    ],
)
def test_a_promotion_is_measured_once(
    aws: Sandbox, capsys: pytest.CaptureFixture[str], fields: dict[str, object], metric: str
) -> None:
    aws.seed("promote_to_three")
    promote(aws, {**TO_THREE, **fields}, "promote-v3")

    sums = measured(capsys)
    assert {name: value for name, value in sums.items() if name.startswith("Promotions")} == {metric: 1}


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
