"""Where moto's interpreter is laxer than Step Functions, the sandbox is as strict; more of it in tests/conformance."""

import json

import pytest

from sandbox.deployment import STACK_ACCOUNT, client

CAUGHT = {"Type": "Pass", "End": True}


def create(name, states, start_at="Try"):
    machine = {"StartAt": start_at, "States": states}
    role = f"arn:aws:iam::{STACK_ACCOUNT}:role/any"
    step_functions = client("stepfunctions", STACK_ACCOUNT)
    return step_functions.create_state_machine(name=name, definition=json.dumps(machine), roleArn=role)


def task(aws):
    """A task that catches all."""
    arn = next(arn for arn in aws.deployment.functions if "WithdrawGrant" in arn)
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    return {"Type": "Task", "Resource": arn, "Catch": catch, "End": True}


def run(aws, machine):
    step_functions = client("stepfunctions", STACK_ACCOUNT)
    started = step_functions.start_execution(stateMachineArn=machine["stateMachineArn"], input="{}")
    aws.clock.run()
    return step_functions.describe_execution(executionArn=started["executionArn"])


def test_states_all_catches_what_a_task_fails_with(aws):
    execution = run(aws, create("failure", {"Try": task(aws), "Caught": CAUGHT}))

    assert execution["status"] == "SUCCEEDED"
    assert json.loads(execution["output"])["Error"] == "InvalidRequestError"


@pytest.mark.parametrize(
    "broken", [{"Next": "Nowhere"}, {"Next": "Caught", "Catch": [{"ErrorEquals": ["X"], "Next": "Y"}]}]
)
def test_a_definition_that_goes_nowhere_is_not_created(aws, broken):
    state = {key: value for key, value in task(aws).items() if key != "End"} | broken

    with pytest.raises(client("stepfunctions", STACK_ACCOUNT).exceptions.InvalidDefinition, match="MISSING_TRANSITION"):
        create("broken", {"Try": state, "Caught": CAUGHT})


def test_executions_without_a_name_get_one_of_their_own(aws):
    machine = create("unnamed", {"Caught": CAUGHT}, start_at="Caught")

    assert run(aws, machine)["name"] != run(aws, machine)["name"]
