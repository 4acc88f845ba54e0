"""The summary at the end of a test run: how often the workflow ran, and how much was checked."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.environment import without_aws_settings

RUN_COUNTS = pytest.StashKey[dict[str, int]]()


def pytest_configure(config: pytest.Config) -> None:
    gc.set_threshold(50_000, 50, 50)  # otherwise garbage collection takes a tenth of the time
    config.stash[RUN_COUNTS] = {"runs": 0, "checks": 0}


@pytest.fixture(scope="session", autouse=True)
def _without_aws_settings() -> Iterator[None]:
    with without_aws_settings():
        yield


@pytest.fixture(scope="session")
def run_counts(pytestconfig: pytest.Config) -> dict[str, int]:
    """The number of runs of the workflow, and of checks in them."""
    return pytestconfig.stash[RUN_COUNTS]


def pytest_sessionfinish(session: Any) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["run_counts"] = session.config.stash[RUN_COUNTS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for name, count in getattr(node, "workeroutput", {}).get("run_counts", {}).items():
        node.config.stash[RUN_COUNTS][name] += count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    run_counts = terminalreporter.config.stash[RUN_COUNTS]
    reports = [
        report
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
    ]
    cells = sum("test_matrix.py" in report.nodeid and "[" in report.nodeid for report in reports)
    for report in reports:
        for name, text in report.user_properties:
            terminalreporter.write_line(f"{name}: {text}")
    if cells:
        terminalreporter.write_line(f"matrix: {cells} runs")
    if run_counts["runs"]:
        terminalreporter.write_line(
            f"workflow: {run_counts['runs']} runs, {run_counts['checks']} checks of rules that each run must keep"
        )
