"""A task logs what became of it and hands errors on as they are."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from model_copy import runtime
from model_copy.errors import InvalidRequestError, TransientError

pytestmark = pytest.mark.usefixtures("environment")

EVENT = {"Execution": {"Id": "an-execution", "Name": "promote-v1"}}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the functions log."""
    log = StringIO()
    monkeypatch.setattr(runtime.logger.handlers[0], "stream", log)
    return log


def run(handler: runtime.Handler, event: Any) -> object:
    return runtime.task(handler)(event, LambdaContext())


def test_an_answer_is_given_and_logged_under_the_execution(log: StringIO) -> None:
    assert run(lambda event, context: {"Status": "DONE"}, EVENT) == {"Status": "DONE"}

    line = json.loads(log.getvalue())
    assert (line["level"], line["answer"], line["correlation_id"]) == ("INFO", {"Status": "DONE"}, "an-execution")


def test_an_error_of_the_workflow_is_logged_by_its_name_and_handed_on(log: StringIO) -> None:
    error = TransientError(what="The copy", reason="throttled")

    def fail(event: Any, context: Any) -> Any:
        raise error

    with pytest.raises(TransientError) as caught:
        run(fail, EVENT)

    assert caught.value is error
    line = json.loads(log.getvalue())
    said = str(TransientError(what="The copy", reason="throttled"))
    assert (line["level"], line["error"], line["message"]) == ("WARNING", "TransientError", said)
    assert str(error) == f"{said} Runbook: https://runbooks.example/copies#transienterror"


def test_a_bug_is_handed_on_as_it_is() -> None:
    def fail(event: Any, context: Any) -> Any:
        raise KeyError("a-bug")

    with pytest.raises(KeyError, match="a-bug"):
        run(fail, EVENT)


@pytest.mark.parametrize("event", [None, "a text", 5, ["a list"], True])
def test_an_input_that_is_no_object_is_refused(event: object) -> None:
    with pytest.raises(InvalidRequestError, match=r"\(1\) It must be an object, and is "):
        run(lambda event, context: {}, event)


@pytest.mark.parametrize("event", [{}, {"Execution": None}, {"Execution": "by hand"}])
def test_a_function_runs_without_an_execution(event: Any) -> None:
    assert run(lambda event, context: {"Ran": True}, event) == {"Ran": True}


def test_a_handler_keeps_its_name_and_its_docstring() -> None:
    def copy(event: Any, context: Any) -> Any:
        """Copy it."""

    assert (runtime.task(copy).__name__, runtime.task(copy).__doc__) == ("copy", "Copy it.")


def test_a_setting_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_NAME", "one")
    assert runtime.setting("STACK_NAME") == "one"
    monkeypatch.setenv("STACK_NAME", "two")
    assert runtime.setting("STACK_NAME") == "two"


def test_a_setting_that_is_not_there_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STACK_NAME", raising=False)

    with pytest.raises(KeyError, match="STACK_NAME"):
        runtime.setting("STACK_NAME")


def test_the_time_is_utc_and_passes_when_somebody_sleeps(clock: Any) -> None:
    assert runtime.now() == datetime(2030, 1, 1, 9, tzinfo=UTC)
    runtime.sleep(90)
    assert runtime.now() == datetime(2030, 1, 1, 9, 1, 30, tzinfo=UTC)


def test_chance_is_from_0_to_1() -> None:
    assert all(0 <= runtime.chance() < 1 for _ in range(100))


@pytest.mark.parametrize("given", [5, None, ["an-execution"], {"Id": "an-execution"}])
def test_an_execution_s_id_that_is_no_text_is_not_logged(log: StringIO, given: object) -> None:
    run(lambda event, context: {}, {"Execution": {"Id": given}})

    assert "correlation_id" not in json.loads(log.getvalue())


def test_an_execution_s_id_is_logged_as_printable_ascii_and_cut(log: StringIO) -> None:
    run(lambda event, context: {}, {"Execution": {"Id": "\ud800\n" + "x" * 100_000}})

    assert json.loads(log.getvalue())["correlation_id"] == "\\ud800\\n" + "x" * 254 + "..."


def measured(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Read the lines that CloudWatch makes metrics of."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def test_what_a_handler_measures_is_written_once_in_the_projects_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    def count(event: Any, context: Any) -> Any:
        runtime.measure("Polls")
        runtime.measure("Polls")
        runtime.measure("CopyAge", 90.5)
        return {}

    run(count, EVENT)
    run(lambda event, context: {}, EVENT)

    line, without = measured(capsys)
    (metrics,) = line["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "rekognition-model-copy"
    assert {"Name": "CopyAge", "Unit": "Seconds"} in metrics["Metrics"]
    assert (line["Polls"], line["CopyAge"], line["KnownErrors"]) == ([1, 1], [90.5], [0])
    assert line["correlation_id"] == "an-execution"
    assert {"Polls", "CopyAge"}.isdisjoint(without)


def test_an_error_of_the_workflow_is_counted_and_a_bug_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(error: Exception) -> runtime.Handler:
        def handler(event: Any, context: Any) -> Any:
            runtime.measure("Polls")
            raise error

        return handler

    for error in (TransientError(what="The copy", reason="throttled"), KeyError("a-bug")):
        with pytest.raises(type(error)):
            run(fail(error), EVENT)

    assert [(line["Polls"], sum(line["KnownErrors"])) for line in measured(capsys)] == [([1], 1), ([1], 0)]


def test_a_metric_is_of_the_time_at_which_the_invocation_began(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Lambda counts errors, which an alarm sets them off against."""
    began = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr(runtime, "datetime", SimpleNamespace(now=lambda zone: began))

    run(lambda event, context: {}, EVENT)

    assert measured(capsys)[0]["_aws"]["Timestamp"] == pytest.approx(began.timestamp() * 1_000, rel=0, abs=1)


def test_what_is_measured_while_metrics_are_switched_off_is_not_written_later(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    run(lambda event, context: {"Ran": runtime.measure("Polls")}, EVENT)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    run(lambda event, context: {}, EVENT)

    (line,) = measured(capsys)
    assert "Polls" not in line


def test_the_ending_of_an_execution_is_logged_under_it(log: StringIO) -> None:
    run(lambda event, context: {}, {"detail": {"executionArn": "an-execution"}})

    assert json.loads(log.getvalue())["correlation_id"] == "an-execution"
