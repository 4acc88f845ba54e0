"""Map states in distributed mode, whose items are in a bucket."""

from sandbox.aws.clock import EPOCH
from sandbox.deployment import STACK_ACCOUNT, client
from tests.sandbox.step_functions import Definition, Execution, one_state

READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSON"},
    "Parameters": {"Bucket.$": "$.Bucket", "Key.$": "$.Key"},
}
SELECTOR = {"Name.$": "$.Name", "Item.$": "$$.Map.Item.Value", "Index.$": "$$.Map.Item.Index"}
GIVEN = {"Bucket": "items", "Key": "items.json", "Name": "promotion", "Most": 2}
# A child fails if its item is true.
FAIL_IF_TRUE: Definition = {
    "StartAt": "Does it fail?",
    "States": {
        "Does it fail?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.Item", "BooleanEquals": True, "Next": "Fail"}],
            "Default": "Succeed",
        },
        "Fail": {"Type": "Fail", "Error": "ItemError"},
        "Succeed": {"Type": "Succeed"},
    },
}
PASS = one_state({"Type": "Pass", "End": True})
AS_USUAL = ["ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted"]


def distributed(processor: Definition, **more: object) -> Definition:
    """Return a definition of one Map state, whose items are in the bucket."""
    config = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    map_state = {"Type": "Map", "Label": "each", "ItemReader": READER, "ItemSelector": SELECTOR, "End": True}
    return one_state({**map_state, "ItemProcessor": {**config, **processor}, **more})


def children(parent: Execution) -> list[Execution]:
    """Return the child workflow executions of the only map run, the first one first."""
    step_functions = client("stepfunctions", STACK_ACCOUNT)
    (run,) = step_functions.list_map_runs(executionArn=parent.exec_arn)["mapRuns"]
    listed = step_functions.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    return sorted(listed, key=lambda child: child["startDate"])


def statuses(parent: Execution) -> list[str]:
    """Return the status of each child."""
    return [child["status"] for child in children(parent)]


def minutes(execution: Execution) -> list[float]:
    """Return when the execution started and stopped, in minutes."""
    return [(date - EPOCH).total_seconds() / 60 for date in (execution.start_date, execution.stop_date)]
