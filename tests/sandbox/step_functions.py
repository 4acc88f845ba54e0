"""State machines in an AWS without the project's stack."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from sandbox.aws import services
from sandbox.aws.clock import VirtualClock
from sandbox.aws.iam.policies import as_list
from sandbox.deployment import REGION, STACK_ACCOUNT, client

# moto's class; its types leave out many fields of an ended execution.
Execution = Any
Definition = dict[str, Any]

OF_STATES = f"arn:aws:states:{REGION}:{STACK_ACCOUNT}"
RULE = f"arn:aws:events:{REGION}:{STACK_ACCOUNT}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
ALLOWED = (
    {"Action": ["events:PutTargets", "events:PutRule", "events:DescribeRule"], "Resource": RULE},
    {"Action": "states:StartExecution", "Resource": f"{OF_STATES}:stateMachine:*"},
    {"Action": ["states:DescribeExecution", "states:StopExecution"], "Resource": f"{OF_STATES}:execution:*"},
    {"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::items", "arn:aws:s3:::items/*"]},
)
WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1_200, "End": True}}}
FAIL = {"StartAt": "Fail", "States": {"Fail": {"Type": "Fail", "Error": "NameTakenError", "Cause": "Taken."}}}


class Machines:
    """State machines, their executions and the bucket of their items."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.step_functions = client("stepfunctions", STACK_ACCOUNT)
        self.s3 = client("s3", STACK_ACCOUNT)
        self.s3.create_bucket(Bucket="items")
        trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}
        self._iam = client("iam", STACK_ACCOUNT)
        made = self._iam.create_role(RoleName="machine", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        self._role = made["Role"]["Arn"]
        self.allow_all_but()

    def allow_all_but(self, *actions: str) -> None:
        """Give the role all permissions except these."""
        statements = [
            {**one, "Effect": "Allow", "Action": kept}
            for one in ALLOWED
            if (kept := [action for action in as_list(one["Action"]) if action not in actions])
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self._iam.put_role_policy(RoleName="machine", PolicyName="own", PolicyDocument=document)

    def create(self, name: str, definition: Definition) -> str:
        """Create a state machine, and return its ARN."""
        made = self.step_functions.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn=self._role
        )
        return str(made["stateMachineArn"])

    def start(self, machine_arn: str, given: object, name: str) -> Execution:
        """Start an execution, which runs when the clock runs."""
        text = json.dumps(given, separators=(",", ":"))
        started = self.step_functions.start_execution(stateMachineArn=machine_arn, input=text, name=name)
        return self.find(started["executionArn"])

    def run(self, definition: Definition, given: object = None) -> Execution:
        """Run an execution of a new state machine to its end."""
        execution = self.start(self.create("parent", definition), {} if given is None else given, "run")
        self.clock.run()
        return execution

    def find(self, execution_arn: str) -> Execution:
        """Return an execution by its ARN."""
        return stepfunctions_parser_backends[STACK_ACCOUNT][REGION].describe_execution(execution_arn)

    def executions(self, name: str) -> list[Execution]:
        """Return the executions of a state machine."""
        backend = stepfunctions_parser_backends[STACK_ACCOUNT][REGION]
        return list(backend.describe_state_machine(f"{OF_STATES}:stateMachine:{name}").executions)

    def put_items(self, items: object) -> None:
        """Write the items of a map to the bucket."""
        text = items if isinstance(items, str) else json.dumps(items)
        self.s3.put_object(Bucket="items", Key="items.json", Body=text.encode())


@contextmanager
def machines() -> Iterator[Machines]:
    """Yield an AWS for state machines."""
    clock, aws = VirtualClock(), SimpleNamespace(announces=True)
    with services.install(clock, lambda: aws, [], []):
        yield Machines(clock)


def nest(machine_arn: str, **more: object) -> Definition:
    """Return a task that runs the state machine with the task's input, and ends the workflow."""
    parameters = {"StateMachineArn": machine_arn, "Input.$": "$"}
    resource = "arn:aws:states:::states:startExecution.sync:2"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **more}


def one_state(state: Definition) -> Definition:
    """Return a definition of one state."""
    return {"StartAt": "Only", "States": {"Only": state}}


def history(execution: Execution) -> list[str]:
    """Return the kinds of the events of an execution."""
    return [event["type"].value for event in execution.to_history_output()["events"]]
