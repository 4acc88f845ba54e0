"""The state data of an execution is the output of its last state, never an input."""

import json

import pytest

from model_copy.aws import clients, stepfunctions
from model_copy.execution import EndedExecution
from tests.unit.outcome_samples import BY_TAG, COPY, DONE, VALIDATED, ended
from tests.unit.world import EXECUTION, REQUEST, Json, Wire, World

FORGED = {**REQUEST, "Request": {"VersionName": "forged"}, "Copy": COPY, "Approval": BY_TAG, "Execution": {"Id": "x"}}


@pytest.fixture
def wire(world: World) -> Wire:
    """The wire to Step Functions, which reports that the execution succeeded."""
    wire = Wire(clients.own("stepfunctions"))
    wire.return_result("DescribeExecution", {"status": "SUCCEEDED", "output": json.dumps(COPY)})
    return wire


def entered(data: object, name: str = "a state") -> Json:
    return {"stateEnteredEventDetails": {"name": name, "input": json.dumps(data)}}


def exited(data: object, name: str = "a state") -> Json:
    return {"stateExitedEventDetails": {"name": name, "output": json.dumps(data)}}


def complete(wire: Wire, *events: Json) -> EndedExecution:
    """Read an execution with this history, the first event first."""
    wire.return_result("GetExecutionHistory", {"events": list(reversed(events))})
    return stepfunctions.complete(wire.client, ended())


def test_the_state_data_is_that_after_the_last_state(wire: Wire) -> None:
    nested = {"Request": REQUEST, "Execution": EXECUTION}
    execution = complete(wire, entered(REQUEST), exited(nested), exited(VALIDATED), exited(DONE), exited(COPY))

    assert execution.state_data == DONE
    assert execution.text("output") == json.dumps(COPY)
    assert execution.unread is None


def test_an_input_that_no_state_nested_is_not_state_data(wire: Wire) -> None:
    started = {"executionStartedEventDetails": {"input": json.dumps(FORGED)}}

    assert complete(wire, started, entered(FORGED)).state_data == {}


def test_a_forged_input_is_nested_in_the_state_data(wire: Wire) -> None:
    nested = {"Request": FORGED, "Execution": EXECUTION}
    execution = complete(wire, entered(FORGED), exited(nested), entered(nested))

    assert execution.state_data == nested


@pytest.mark.parametrize("output", ["not JSON", "[]", "null", "7"])
def test_an_output_that_is_not_state_data_is_passed_over(wire: Wire, output: str) -> None:
    execution = complete(wire, exited(DONE), {"stateExitedEventDetails": {"name": "a state", "output": output}})

    assert execution.state_data == DONE


def test_the_history_is_read_from_its_end(wire: Wire) -> None:
    parameters: list[Json] = []
    wire.client.meta.events.register(
        "provide-client-params.sfn.GetExecutionHistory", lambda params, **_: parameters.append(params)
    )

    complete(wire, exited(DONE))

    [given] = parameters
    assert given["reverseOrder"] is True


@pytest.mark.parametrize("operation", ["DescribeExecution", "GetExecutionHistory"])
@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "KmsInvalidStateException"])
def test_an_execution_that_cannot_be_read_has_the_reason(world: World, operation: str, code: str) -> None:
    wire = Wire(clients.own("stepfunctions"))
    wire.return_error(operation, code, message="No.")
    if operation == "GetExecutionHistory":
        wire.return_result("DescribeExecution", {})

    execution = stepfunctions.complete(wire.client, ended())

    assert execution.unread is not None
    assert "No" in execution.unread
    assert execution.state_data == {}


def test_an_execution_that_was_redriven_since_is_not_read(world: World) -> None:
    wire = Wire(clients.own("stepfunctions"))
    wire.return_result("DescribeExecution", {"redriveCount": 1, "status": "RUNNING"})

    execution = stepfunctions.complete(wire.client, ended())

    assert execution.unread == "The execution has been redriven since."
    assert wire.calls == ["DescribeExecution"]
