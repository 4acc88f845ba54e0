"""StartExecution and the other operations of executions refuse what AWS refuses."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from sandbox.deployment import REGION, STACK_ACCOUNT
from sandbox.deployment import client as administrator
from tests.sandbox.maps import GIVEN, PASS, distributed
from tests.sandbox.step_functions import OF_STATES, WAIT, Machines, machines

UNKNOWN = f"{OF_STATES}:execution:parent:unknown"
MACHINE = f"{OF_STATES}:stateMachine:parent"
RUN = f"{OF_STATES}:mapRun:parent/each:0"
LIMIT = 262_144
NUMBERS = count()


def refused(operation: str, operations: Any = None, **request: Any) -> tuple[str, str]:
    """Call an operation that is refused, without the SDK's own validation; return the code and the message."""
    make: Any = boto3.client
    caller = operations or make("stepfunctions", region_name=REGION, config=Config(parameter_validation=False))
    with pytest.raises(ClientError) as caught:
        getattr(caller, operation)(**request)
    found = caught.value.response["Error"]
    return found["Code"], found["Message"]


@pytest.fixture(scope="module")
def aws() -> Iterator[Machines]:
    """An AWS that the tests of this file share; each makes state machines of its own."""
    with machines() as aws:
        yield aws


@pytest.fixture
def machine(aws: Machines) -> str:
    """The ARN of a new state machine."""
    return aws.create(f"parent{next(NUMBERS)}", WAIT)


@pytest.mark.parametrize("name", ["a b", "a/b", "a:b", "a<b", "tab\t", "bell\x07", "\x85", "a\u00a0b", "a#b", "$", "~"])
def test_a_name_with_a_forbidden_character_is_refused(machine: str, name: str) -> None:
    assert refused("start_execution", stateMachineArn=machine, name=name) == ("InvalidName", f"Invalid Name: '{name}'")


@pytest.mark.parametrize(
    ("name", "bound"), [("", "greater than or equal to 1"), ("x" * 81, "less than or equal to 80")]
)
def test_a_name_that_is_too_short_or_too_long_is_refused(machine: str, name: str, bound: str) -> None:
    constraint = f"Value '{name}' at 'name' failed to satisfy constraint: Member must have length {bound}"

    found = refused("start_execution", stateMachineArn=machine, name=name)

    assert found == ("ValidationException", f"1 validation error detected: {constraint}")


@pytest.mark.parametrize("name", ["x" * 80, "a-b_c.d", "naïve", "日本"])
def test_other_names_are_taken(aws: Machines, machine: str, name: str) -> None:
    started = aws.step_functions.start_execution(stateMachineArn=machine, name=name)

    assert started["executionArn"] == f"{machine.replace(':stateMachine:', ':execution:')}:{name}"


@pytest.mark.parametrize("given", ["", "nonsense", "{'a': 1}", "NaN", "[" * 20_000])
def test_an_input_that_is_not_json_is_refused(machine: str, given: str) -> None:
    code, message = refused("start_execution", stateMachineArn=machine, input=given)

    assert code == "InvalidExecutionInput"
    assert message.startswith("Invalid State Machine Execution Input: '")


def test_an_input_has_a_limit(aws: Machines, machine: str) -> None:
    aws.step_functions.start_execution(stateMachineArn=machine, input=json.dumps("x" * (LIMIT - 2)))
    too_many_bytes = json.dumps("é" * (LIMIT // 2), ensure_ascii=False)
    too_many_characters = json.dumps("x" * (LIMIT - 1))

    assert refused("start_execution", stateMachineArn=machine, input=too_many_bytes)[0] == "InvalidExecutionInput"
    assert refused("start_execution", stateMachineArn=machine, input=too_many_characters) == (
        "ValidationException",
        "1 validation error detected: Value at 'input' failed to satisfy constraint: "
        f"Member must have length less than or equal to {LIMIT}",
    )


def test_the_same_name_and_input_join_the_running_execution(aws: Machines, machine: str) -> None:
    first = aws.start(machine, {"a": 1}, "run")
    again = aws.start(machine, {"a": 1}, "run")
    exists = ("ExecutionAlreadyExists", f"Execution Already Exists: '{first.exec_arn}'")

    assert again is first
    assert refused("start_execution", stateMachineArn=machine, name="run", input='{"a":2}') == exists
    aws.clock.run()
    assert refused("start_execution", stateMachineArn=machine, name="run", input='{"a":1}') == exists


def test_only_an_execution_that_did_not_succeed_can_be_redriven(aws: Machines, machine: str) -> None:
    execution = aws.start(machine, {}, "run")
    code = "ExecutionNotRedrivable"

    assert refused("redrive_execution", executionArn=execution.exec_arn) == (
        code,
        "Execution is RUNNING and cannot be redriven",
    )
    aws.clock.run()
    assert refused("redrive_execution", executionArn=execution.exec_arn)[0] == code
    described = aws.step_functions.describe_execution(executionArn=execution.exec_arn)
    assert (described["status"], described["redriveCount"]) == ("SUCCEEDED", 0)


@pytest.mark.parametrize(
    "operation",
    [
        "describe_execution",
        "describe_state_machine_for_execution",
        "get_execution_history",
        "list_map_runs",
        "redrive_execution",
        "stop_execution",
    ],
)
@pytest.mark.parametrize("arn", [UNKNOWN, f"{OF_STATES}:execution:unknown/each:x"])
def test_an_unknown_execution_does_not_exist(machine: str, operation: str, arn: str) -> None:
    assert refused(operation, executionArn=arn) == ("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


@pytest.mark.parametrize("definition", ["{}", "nonsense", '{"StartAt": "A", "States": {}}'])
def test_an_invalid_definition_is_refused(aws: Machines, definition: str) -> None:
    request = {"name": "invalid", "definition": definition, "roleArn": f"arn:aws:iam::{STACK_ACCOUNT}:role/machine"}

    assert refused("create_state_machine", **request)[0] == "InvalidDefinition"


OPERATIONS = [
    ("start_execution", {"stateMachineArn": MACHINE}, MACHINE),
    ("stop_execution", {"executionArn": UNKNOWN}, UNKNOWN),
    ("redrive_execution", {"executionArn": UNKNOWN}, UNKNOWN),
    ("describe_execution", {"executionArn": UNKNOWN}, UNKNOWN),
    ("get_execution_history", {"executionArn": UNKNOWN}, UNKNOWN),
    ("describe_state_machine_for_execution", {"executionArn": UNKNOWN}, UNKNOWN),
    ("list_map_runs", {"executionArn": UNKNOWN}, UNKNOWN),
    ("describe_map_run", {"mapRunArn": RUN}, RUN),
    ("list_executions", {"stateMachineArn": MACHINE}, MACHINE),
    ("list_executions", {"mapRunArn": RUN}, RUN),
    ("describe_state_machine", {"stateMachineArn": MACHINE}, MACHINE),
    ("list_state_machines", {}, "*"),
]


def acting_in_role(*allowed: str) -> Any:
    """Return a client in a session of a new role that allows these actions."""
    iam = administrator("iam", STACK_ACCOUNT)
    name = f"operator{next(NUMBERS)}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    statement = {"Effect": "Allow", "Action": list(allowed), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document)
    session = sts_backends[STACK_ACCOUNT]["aws"].assume_role(REGION, "me", role, "", 3_600, "")
    keys = {"aws_access_key_id": session.access_key_id, "aws_secret_access_key": session.secret_access_key}
    make: Any = boto3.client
    return make("stepfunctions", region_name=REGION, aws_session_token=session.session_token, **keys)


@pytest.mark.parametrize(("operation", "request_", "resource"), OPERATIONS)
def test_a_role_needs_the_permission_of_each_operation(
    aws: Machines, operation: str, request_: dict[str, str], resource: str
) -> None:
    action = f"states:{''.join(part.title() for part in operation.split('_'))}"

    code, message = refused(operation, acting_in_role("states:SendTaskSuccess"), **request_)

    assert code == "AccessDeniedException"
    assert message.endswith(
        f"/me is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )


def test_a_role_with_the_permission_starts_an_execution(aws: Machines, machine: str) -> None:
    started = acting_in_role("states:StartExecution").start_execution(stateMachineArn=machine)

    assert aws.find(started["executionArn"]).status == "RUNNING"


def test_the_state_machine_of_an_execution_is_described_as_the_execution_found_it(aws: Machines, machine: str) -> None:
    execution = aws.start(machine, {}, "run")
    aws.step_functions.update_state_machine(stateMachineArn=machine, definition=json.dumps(PASS))

    described = aws.step_functions.describe_state_machine_for_execution(executionArn=execution.exec_arn)

    assert json.loads(described["definition"]) == WAIT
    assert (described["stateMachineArn"], described["name"]) == (machine, machine.rpartition(":")[2])
    assert described["roleArn"].endswith(":role/machine")
    assert {"updateDate", "loggingConfiguration", "tracingConfiguration"} <= described.keys()
    assert not {"label", "mapRunArn"} & described.keys()


def test_the_state_machine_of_a_child_is_the_workflow_inside_the_map(aws: Machines) -> None:
    aws.put_items([1])
    machine = aws.create("mapped", distributed(PASS))
    parent = aws.start(machine, GIVEN, "run")
    aws.clock.run()
    (run,) = aws.step_functions.list_map_runs(executionArn=parent.exec_arn)["mapRuns"]
    (child,) = aws.step_functions.list_executions(mapRunArn=run["mapRunArn"])["executions"]

    described = aws.step_functions.describe_state_machine_for_execution(executionArn=child["executionArn"])

    assert json.loads(described["definition"]) == PASS
    assert (described["label"], described["mapRunArn"]) == ("each", run["mapRunArn"])
    assert described["stateMachineArn"] == f"{machine}/each"


def test_metadata_of_an_execution_has_no_data(aws: Machines) -> None:
    execution = aws.start(aws.create("passes", PASS), {"secret": 1}, "run")
    aws.clock.run()

    described = aws.step_functions.describe_execution(executionArn=execution.exec_arn, includedData="METADATA_ONLY")

    assert not {"input", "output"} & described.keys()
    assert described["inputDetails"] == described["outputDetails"] == {"included": False}
    assert described["status"] == "SUCCEEDED"
