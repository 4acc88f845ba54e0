"""Where moto's interpreter is laxer than Step Functions, the sandbox is as strict; tests/conformance has more."""

import json
from typing import Any

import pytest

from sandbox.deployment import STACK_ACCOUNT, client
from sandbox.world import Sandbox

State = dict[str, Any]

CAUGHT = {"Type": "Pass", "End": True}


def create(aws: Sandbox, name: str, states: State, start_at: str = "Try") -> str:
    """Create a state machine with the role of the stack's, which may invoke the functions."""
    machine = {"StartAt": start_at, "States": states}
    step_functions = client("stepfunctions", STACK_ACCOUNT)
    role = step_functions.describe_state_machine(stateMachineArn=aws.deployment.state_machine_arn)["roleArn"]
    made = step_functions.create_state_machine(name=name, definition=json.dumps(machine), roleArn=role)
    return str(made["stateMachineArn"])


def task(aws: Sandbox) -> State:
    """Return a task that catches States.ALL."""
    arn = next(arn for arn in aws.deployment.functions if "WithdrawGrant" in arn)
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    return {"Type": "Task", "Resource": arn, "Catch": catch, "End": True}


def run_machine(aws: Sandbox, machine: str) -> dict[str, Any]:
    """Run a state machine; return what DescribeExecution reports."""
    step_functions = client("stepfunctions", STACK_ACCOUNT)
    started = step_functions.start_execution(stateMachineArn=machine, input="{}")
    aws.finish()
    described: dict[str, Any] = step_functions.describe_execution(executionArn=started["executionArn"])
    return described


def test_states_all_catches_the_error_of_a_task(aws: Sandbox) -> None:
    execution = run_machine(aws, create(aws, "failure", {"Try": task(aws), "Caught": CAUGHT}))

    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"])["Error"] == "InvalidRequestError"


@pytest.mark.parametrize(
    "broken", [{"Next": "Nowhere"}, {"Next": "Caught", "Catch": [{"ErrorEquals": ["X"], "Next": "Y"}]}]
)
def test_a_definition_with_a_missing_state_is_not_created(aws: Sandbox, broken: State) -> None:
    state = {key: value for key, value in task(aws).items() if key != "End"} | broken

    with pytest.raises(client("stepfunctions", STACK_ACCOUNT).exceptions.InvalidDefinition, match="MISSING_TRANSITION"):
        create(aws, "broken", {"Try": state, "Caught": CAUGHT})


def test_executions_without_a_name_get_different_names(aws: Sandbox) -> None:
    machine = create(aws, "unnamed", {"Caught": CAUGHT}, start_at="Caught")

    assert run_machine(aws, machine)["name"] != run_machine(aws, machine)["name"]
