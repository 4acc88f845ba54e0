"""A task logs what became of it and hands errors on as they are."""

import json
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from model_copy import runtime
from model_copy.errors import InvalidRequestError, TransientError

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
    assert (line["level"], line["error"], line["message"]) == ("WARNING", "TransientError", str(error))


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
