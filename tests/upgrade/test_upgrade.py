"""An upgrade while executions run: each keeps its definition, gets the new functions, and ends as it should."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from moto.stepfunctions.parser.backend.execution import Execution

from sandbox.aws.clock import VirtualClock
from sandbox.aws.lambda_.modules import CODE, code_of
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import PARAMETERS, STACK_ACCOUNT, STACK_NAME, client, expanded_template
from sandbox.stories import read_event, read_world
from sandbox.world import Sandbox, sandbox
from tests.upgrade.state_data import RELEASE
from tests.workflow.ending import Ending, request_of
from tests.workflow.invariants import Witness, own_grants
from tests.workflow.promotions import table

COPY_SECONDS, UPGRADE_AFTER = 60, 600
COPY, APPROVAL, PROMOTION = "copy_between_accounts", "approved_by_own_event", "promote_to_three"

# For each execution: the task before which the upgrade finds it, its story, and fields that its request has besides.
PAUSED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "approves": ("Read approval", APPROVAL, {}),
    "plans": ("Plan copy", COPY, {"DryRun": True}),
    "validates": ("Validate request", COPY, {}),
    "grants": ("Ensure project policy", COPY, {}),
    "copies": ("Copy project version", COPY, {}),
    "polls": ("Describe project version", COPY, {}),
    "withdraws": ("Withdraw grant", COPY, {}),
    "checks": ("Validate promotion", PROMOTION, {}),
    "counts": ("Count failures", PROMOTION, {"StopAfterFailures": 3}),
    "starts": ("Copy the model", PROMOTION, {}),
    "records": ("Record copy", PROMOTION, {}),
    "summarizes": ("Summarize promotion", PROMOTION, {}),
}


class Pauses:
    """Pauses executions before a task until the time of the upgrade."""

    def __init__(self, aws: Sandbox) -> None:
        self._clock = aws.clock
        self._until = aws.clock.time() + UPGRADE_AFTER + 1
        self._before: dict[str, str] = {}
        self.paused: Counter[str] = Counter()
        aws.listeners.append(self._notice)

    def add(self, execution: str, task: str) -> None:
        """Pause an execution, and the child executions of a promotion."""
        self._before[execution] = task

    def _notice(self, event: Any) -> None:
        if "TaskStateEntered" not in str(event["type"]):
            return
        entered = event["stateEnteredEventDetails"]
        name = json.loads(entered["input"])["Execution"]["Name"]
        if self._before.get(name) == entered["name"] and self._clock.time() < self._until:
            self.paused[name] += 1
            self._clock.sleep(self._until - self._clock.time())


def upgrade() -> None:
    """Update the stack of the release to this project as it is; the roles in the other accounts stay.

    Parameters that the release lacks get their defaults.
    """
    cloudformation = client("cloudformation", STACK_ACCOUNT)
    given = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]["Parameters"]
    keys = {one["ParameterKey"] for one in given} & {*PARAMETERS, "EventAccounts"}
    cloudformation.update_stack(
        StackName=STACK_NAME,
        TemplateBody=json.dumps(expanded_template()),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(keys)],
    )


def renamed(story: str, name: str, content: Any) -> Any:
    """Return a part of a story with projects of another name, so that a world has it many times."""
    return json.loads(json.dumps(content, default=str).replace(story, name))


@pytest.fixture
def aws() -> Iterator[Sandbox]:
    """An AWS with the last release, in which nothing has run yet."""
    with sandbox(VirtualClock(), release=RELEASE) as aws:
        aws.announces = True
        settings.copy_seconds, settings.copies_quota = COPY_SECONDS, 100
        yield aws


def start(aws: Sandbox, name: str, story: str, **fields: Any) -> Execution:
    """Start a story in a world of its own."""
    aws.create(renamed(story, name, read_world(story)))
    event = {**renamed(story, name, read_event(story)), **fields}
    machine = aws.deployment.promotion_machine_arn if story == PROMOTION else None
    return aws.start(event, name, machine)


def failed_before(aws: Sandbox) -> Execution:
    """Return an execution that failed at a task, for a reason that no longer holds."""
    aws.follow("PutProjectPolicy: AccessDeniedException always")
    execution = start(aws, "redriven", COPY)
    aws.finish()
    assert Ending.of(execution).failed_at_task
    aws.follow("")
    return execution


def outcomes_of(aws: Sandbox, executions: Iterable[Any]) -> list[list[str]]:
    """Return the announced outcomes of each execution."""
    announced = [(one["detail"]["ExecutionArn"], one["detail"]["Outcome"]) for one in aws.outcomes]
    return [[outcome for arn, outcome in announced if arn == execution.exec_arn] for execution in executions]


def test_every_execution_ends_as_it_should(aws: Sandbox, run_counts: dict[str, int]) -> None:
    witness = Witness(aws)
    with witness.watching():
        redriven = failed_before(aws)
        pauses, executions = Pauses(aws), {}
        for name, (task, story, fields) in PAUSED.items():
            pauses.add(name, task)
            executions[name] = start(aws, name, story, **fields)
        aws.clock.spawn(lambda: (aws.clock.sleep(UPGRADE_AFTER), upgrade()))
        aws.finish()
        client("stepfunctions", STACK_ACCOUNT).redrive_execution(executionArn=redriven.exec_arn)
        aws.finish()

    assert set(pauses.paused) == set(PAUSED)
    assert {code_of(function) for function in aws.deployment.functions.values()} == {CODE}
    assert {name: Ending.of(one).status for name, one in executions.items()} == dict.fromkeys(PAUSED, "SUCCEEDED")
    witness.check_world()
    for one in aws.executions:
        assert one.status == "SUCCEEDED"
        witness.check_ending(Ending.of(one), request_of(one), len(witness.calls))
    assert own_grants() == set()
    promotions = {name: one for name, one in executions.items() if PAUSED[name][1] == PROMOTION}
    assert {name: [row["Outcome"] for row in table(name)] for name in promotions} == dict.fromkeys(
        promotions, ["Copied"] * 3
    )
    assert outcomes_of(aws, promotions.values()) == [["Promoted"]] * len(promotions)
    copied = [one for one in aws.executions if one not in (redriven, executions["plans"])]
    assert outcomes_of(aws, copied) == [["Copied"]] * len(copied)
    assert outcomes_of(aws, [redriven]) == [["Failed", "Copied"]]
    run_counts["runs"] += len(aws.executions) + len(promotions)
    run_counts["checks"] += witness.checks
