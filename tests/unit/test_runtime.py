"""A function logs its result or its error, writes its metrics, and raises errors as they are."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from model_copy import __version__, runtime
from model_copy.errors import InvalidRequestError, TransientError
from tests.unit.world import Clock, Json

pytestmark = pytest.mark.usefixtures("environment")

EVENT = {"Execution": {"Id": "an-execution", "Name": "promote-v1"}}


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> StringIO:
    """What the functions log."""
    log = StringIO()
    monkeypatch.setattr(runtime.logger.handlers[0], "stream", log)
    return log


def run(handler: runtime.Handler, event: Any) -> object:
    return runtime.function(handler)(event, LambdaContext())


def test_a_result_is_returned_and_logged_under_the_execution(log: StringIO) -> None:
    assert run(lambda event, context: {"Status": "DONE"}, EVENT) == {"Status": "DONE"}

    line = json.loads(log.getvalue())
    assert (line["level"], line["result"], line["correlation_id"]) == ("INFO", {"Status": "DONE"}, "an-execution")


def test_an_error_of_the_workflow_is_logged_by_its_name_and_raised(log: StringIO) -> None:
    error = TransientError(what="The copy", reason="throttled")

    def fail(event: runtime.Event, context: runtime.Context) -> runtime.Event:
        raise error

    with pytest.raises(TransientError) as caught:
        run(fail, EVENT)

    assert caught.value is error
    line = json.loads(log.getvalue())
    sentence = str(TransientError(what="The copy", reason="throttled"))
    assert (line["level"], line["error"], line["message"]) == ("WARNING", "TransientError", sentence)
    assert str(error) == f"{sentence} Runbook: https://runbooks.example/copies#transienterror"


def test_a_bug_is_raised_as_it_is() -> None:
    def fail(event: runtime.Event, context: runtime.Context) -> runtime.Event:
        raise KeyError("a-bug")

    with pytest.raises(KeyError, match="a-bug"):
        run(fail, EVENT)


@pytest.mark.parametrize("event", [None, "a string", 5, ["a list"], True])
def test_an_input_that_is_not_an_object_is_refused(event: object) -> None:
    with pytest.raises(InvalidRequestError, match=r"\(1\) The input must be an object; got "):
        run(lambda event, context: {}, event)


@pytest.mark.parametrize("event", [{}, {"Execution": None}, {"Execution": "by hand"}])
def test_a_function_runs_without_an_execution(event: Json) -> None:
    assert run(lambda event, context: {"Ran": True}, event) == {"Ran": True}


def test_a_handler_keeps_its_name_and_its_docstring() -> None:
    def copy(event: runtime.Event, context: runtime.Context) -> runtime.Event:
        """Copy it."""
        return event

    for decorated in (runtime.task(copy), runtime.function(copy)):
        assert (decorated.__name__, decorated.__doc__) == ("copy", "Copy it.")


def test_a_setting_is_read_at_each_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_NAME", "one")
    assert runtime.setting("STACK_NAME") == "one"
    monkeypatch.setenv("STACK_NAME", "two")
    assert runtime.setting("STACK_NAME") == "two"


def test_a_missing_setting_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STACK_NAME", raising=False)

    with pytest.raises(KeyError, match="STACK_NAME"):
        runtime.setting("STACK_NAME")


def test_the_time_is_utc_and_passes_during_a_sleep(clock: Clock) -> None:
    assert runtime.now() == datetime(2030, 1, 1, 9, tzinfo=UTC)
    runtime.sleep(90)
    assert runtime.now() == datetime(2030, 1, 1, 9, 1, 30, tzinfo=UTC)


def test_chance_is_from_0_to_1() -> None:
    assert all(0 <= runtime.chance() < 1 for _ in range(100))


@pytest.mark.parametrize("given", [5, None, ["an-execution"], {"Id": "an-execution"}])
def test_an_execution_s_id_that_is_not_a_string_is_not_logged(log: StringIO, given: object) -> None:
    run(lambda event, context: {}, {"Execution": {"Id": given}})

    assert "correlation_id" not in json.loads(log.getvalue())


def test_an_execution_s_id_is_logged_as_printable_ascii_and_cut(log: StringIO) -> None:
    run(lambda event, context: {}, {"Execution": {"Id": "\ud800\n" + "x" * 100_000}})

    assert json.loads(log.getvalue())["correlation_id"] == "\\ud800\\n" + "x" * 254 + "..."


def measured(capsys: pytest.CaptureFixture[str]) -> list[Json]:
    """Return the lines that CloudWatch turns into metrics."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]


def test_a_measurement_is_written_once_in_the_project_s_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    def count(event: runtime.Event, context: runtime.Context) -> runtime.Event:
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
        def handler(event: runtime.Event, context: runtime.Context) -> runtime.Event:
            runtime.measure("Polls")
            raise error

        return handler

    for error in (TransientError(what="The copy", reason="throttled"), KeyError("a-bug")):
        with pytest.raises(type(error)):
            run(fail(error), EVENT)

    assert [(line["Polls"], sum(line["KnownErrors"])) for line in measured(capsys)] == [([1], 1), ([1], 0)]


def test_a_metric_has_the_time_at_which_the_invocation_began(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda counts an error at that time, and an alarm subtracts the metric from that count."""
    began = datetime.now(UTC) - timedelta(hours=1)
    monkeypatch.setattr(runtime, "datetime", SimpleNamespace(now=lambda zone: began))

    run(lambda event, context: {}, EVENT)

    assert measured(capsys)[0]["_aws"]["Timestamp"] == pytest.approx(began.timestamp() * 1_000, rel=0, abs=1)


def test_a_measurement_while_metrics_are_disabled_is_not_written_later(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    run(lambda event, context: {"Ran": runtime.measure("Polls")}, EVENT)
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    run(lambda event, context: {}, EVENT)

    (line,) = measured(capsys)
    assert "Polls" not in line


def test_the_end_of_an_execution_is_logged_under_it(log: StringIO) -> None:
    run(lambda event, context: {}, {"detail": {"executionArn": "an-execution"}})

    assert json.loads(log.getvalue())["correlation_id"] == "an-execution"


@pytest.mark.parametrize("event", [{"Request": {"a": 1}, "Execution": {"Id": "an-execution"}}, {"Request": None}])
def test_a_task_gets_the_state_data_as_it_is(event: Json) -> None:
    assert runtime.task(lambda state, context: state)(event, LambdaContext()) == event


@pytest.mark.parametrize("event", [{}, {"a": 1}, {"Execution": {"Id": "forged"}, "Copy": {}, "Policy": {"Rounds": 7}}])
def test_a_bare_request_is_nested_so_that_its_fields_are_not_state_data(event: Json) -> None:
    assert runtime.task(lambda state, context: state)(event, LambdaContext()) == {"Request": event}


def test_the_result_of_read_approval_is_logged_without_the_unchecked_request(log: StringIO) -> None:
    run(lambda event, context: {"Request": {"a": "secret"}, "Approval": {"Kind": "Tag"}}, EVENT)

    assert json.loads(log.getvalue())["result"] == {"Kind": "Tag"}
    assert "secret" not in log.getvalue()


def test_each_line_of_the_log_has_the_version_of_the_project(log: StringIO) -> None:
    run(lambda event, context: {}, EVENT)

    assert json.loads(log.getvalue())["version"] == __version__
