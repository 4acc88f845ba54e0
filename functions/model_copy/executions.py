"""AWS Step Functions: what it knows of an execution that has ended.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from model_copy import accounts
from model_copy.aws_errors import calling
from model_copy.endings import Ending
from model_copy.errors import ModelCopyError
from model_copy.text import as_object

ADVICE = "Let the role of AnnounceOutcomeFunction read executions."


def read(ending: Ending) -> Ending:
    """Add what AWS knows to what the event says, or why it cannot be read: an ending is announced all the same."""
    client, arn = accounts.own("stepfunctions"), ending.execution_arn
    try:
        with calling("DescribeExecution", arn, ADVICE):
            description = client.describe_execution(executionArn=arn)
        if ending.is_past(description):
            return replace(ending, unread="The execution has been redriven since.")
        ending = ending.filled(description)
        with calling("GetExecutionHistory", arn, ADVICE):
            state, data = next(_states(client, arn), ("", {}))
    except (ModelCopyError, ClientError, BotoCoreError) as error:
        return replace(ending, unread=str(error))
    return replace(ending, state=state, data=data)


def _states(client: Any, execution_arn: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the states that were entered with the state data, which has the execution in it, the last one first."""
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution_arn, reverseOrder=True)
    for page in pages:
        for event in page["events"]:
            entered = event.get("stateEnteredEventDetails", {})
            data = as_object(entered.get("input"))
            if "Execution" in data:
                yield entered["name"], data
