"""What docs/cost.md calculates is what the sandbox counts."""

import json
import logging
import re
from collections.abc import Iterable, Iterator
from io import StringIO

import pytest
from moto.stepfunctions.parser.backend.execution import Execution

from model_copy.runtime import METRICS
from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions.interpreter import paid_transitions
from sandbox.aws.stepfunctions.running import map_runs_of
from sandbox.deployment import ROOT, STACK_NAME, expanded_template
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.story import STORY
from tools import cost, list_costs

HOUR = 3_600


def counted(executions: Iterable[Execution]) -> cost.Usage:
    """Return the paid transitions, the invocations of functions by states, and the history events."""
    histories = [one.to_history_output()["events"] for one in executions]
    events = [event for history in histories for event in history]
    invocations = sum(event["type"].value == "LambdaFunctionScheduled" for event in events)
    return cost.Usage(sum(map(paid_transitions, histories)), invocations, len(events))


def log_bytes(execution: Execution) -> int:
    return sum(len(json.dumps(event, default=str)) for event in execution.to_history_output()["events"])


@pytest.fixture
def written(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """What the functions write: their log here, and their metrics to the output of the test."""
    aws.run(read_event("many_errors"))  # the first invocation makes the logger, which all functions share
    logger, text = logging.getLogger(STACK_NAME), StringIO()
    (handler,) = logger.handlers
    monkeypatch.setattr(handler, "stream", text)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    before = logger.level
    logger.setLevel(logging.INFO)
    aws.reset()
    yield text
    logger.setLevel(before)


def test_a_copy_uses_what_the_page_says(written: StringIO, aws: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    aws.seed(STORY)
    settings.copy_seconds = HOUR
    aws.announces = aws.records.recording = True

    execution = aws.run(read_event(STORY))

    page, found = cost.copy(1), counted([execution])
    assert found.transitions == pytest.approx(page.transitions, rel=0.02)
    assert found.history_events == pytest.approx(page.history_events, rel=0.02)
    assert found.invocations + 1 == pytest.approx(page.invocations, rel=0.02)
    assert log_bytes(execution) == pytest.approx(page.history_events * cost.BYTES_AN_EVENT, rel=0.05)
    log = len(capsys.readouterr().out) + len(written.getvalue())
    assert log == pytest.approx(page.invocations * (cost.BYTES_AN_INVOCATION - 1_000), rel=0.1)
    assert (page.events, page.mails) == (len(aws.outcomes), len(aws.mails)) == (1, 1)


def test_a_promotion_uses_what_the_page_says(aws: Sandbox) -> None:
    aws.seed("promote_to_three")
    settings.copy_seconds = HOUR
    aws.announces = aws.records.recording = True

    promotion = aws.start(read_event("promote_to_three"), machine=aws.deployment.promotion_machine_arn)
    aws.finish()

    children = [child for map_run in map_runs_of(promotion) for child in map_run.children]
    page, copies = cost.promotion(1, 3), counted(aws.executions)
    found = copies + counted([promotion, *children])
    calls = [re.sub("(?<=[a-z])[A-Z].*", "", call.operation) for call in aws.records.calls if call.service == "s3"]
    assert found.transitions == pytest.approx(page.transitions, rel=0.02)
    assert found.history_events == pytest.approx(page.history_events, rel=0.02)
    assert found.invocations + 3 + 1 == pytest.approx(page.invocations, rel=0.02)
    assert calls.count("Put") + calls.count("List") == page.writes
    assert calls.count("Get") + 1 == page.reads  # the Map state reads the list of copies
    assert (page.events, page.mails) == (len(aws.outcomes), len(aws.mails)) == (4, 1)


def test_a_promotion_of_the_benchmarks_has_at_most_a_tenth_more_transitions() -> None:
    row = re.search(
        r"^\| 200 accounts \|(?: [\d.]+ \|){3} (\d+) \| (\d+) \| ([\d,]+) \|", cost.BENCHMARKS.read_text(), re.M
    )
    assert row
    measured = sum(int(number.replace(",", "")) for number in row.groups())

    assert 1 <= measured / cost.promotion(1 / 3, 200).transitions <= 1.1


def test_the_idle_stack_has_a_key_a_dashboard_and_each_metric_of_the_functions() -> None:
    idle = cost.idle(expanded_template())

    assert idle["Key"] == 1
    assert idle["Dashboard"] == 3
    assert idle["Metrics"] >= 0.30 * len(METRICS)


def test_the_readme_and_the_page_in_the_repository_have_these_costs() -> None:
    idle = cost.idle(expanded_template())
    readme = " ".join((ROOT / "README.md").read_text().split())
    (parts,) = re.findall(
        r"idle: its KMS key \$(.+?), its alarms \$(.+?), its metrics up to \$(.+?), its dashboard \$(.+?)\. ", readme
    )

    assert [float(part) for part in parts] == pytest.approx(list(idle.values()), abs=0.5)
    for page in (readme, (ROOT / "deploy" / "serverlessrepo" / "README.md").read_text()):
        (most,) = re.findall(r"at most about \$(\d+) a month", page)
        assert int(most) == pytest.approx(sum(idle.values()), abs=0.5)


@pytest.mark.parametrize(("hours", "transitions"), [(0.01, 50), (1, 305), (2.5, 575), (8, 1_565), (24, 4_445)])
def test_the_transitions_of_any_duration_are_in_line_with_the_benchmarks(hours: float, transitions: int) -> None:
    assert cost.copy(hours).transitions == pytest.approx(transitions, abs=1)


def test_the_tables_are_those_of_now() -> None:
    page = list_costs.PAGE.read_text()

    assert list_costs.written(page) == page, "The tables of docs/cost.md are stale: run make cost."
    assert set(re.findall(r"<!-- (\w+) -->", page)) == set(list_costs.tables())


def test_an_own_case_adds_up() -> None:
    lines = list_costs.own_case(100, 2, 1).splitlines()
    *parts, total = [float(line.split()[-1].replace(",", "")) for line in lines[1:]]

    assert total == pytest.approx(sum(parts), abs=0.05)
    assert lines[-1].startswith("All")


def test_an_own_case_grows_with_its_copies_and_accounts() -> None:
    def logs(*case: int) -> float:
        (line,) = (line for line in list_costs.own_case(*case).splitlines() if line.startswith("Logs"))
        return float(line.split()[-1])

    assert logs(10_000, 1, 1) > 1
    assert logs(20_000, 1, 1) == pytest.approx(2 * logs(10_000, 1, 1), abs=0.02)
    assert logs(10_000, 1, 2) == pytest.approx(2 * logs(10_000, 1, 1), rel=0.3)


@pytest.mark.parametrize(
    "case",
    [
        *[("", "3", ""), ("abc", "1", "1"), ("-1", "1", "1"), ("1e999", "1", "1"), ("nan", "1", "1")],
        *[("10", "0", "1"), ("10", "nan", "1"), ("10", "37", "1"), ("10", "1", "0"), ("10", "1", "2.5")],
        ("10", "1", "1001"),
    ],
)
def test_nonsense_is_answered_with_what_can_be_calculated(case: tuple[str, str, str]) -> None:
    with pytest.raises(SystemExit, match="Name COPIES from 0"):
        list_costs.numbers(*case)


def test_hours_and_accounts_are_optional() -> None:
    assert list_costs.numbers("100", "", "") == (100, 1, 1)
