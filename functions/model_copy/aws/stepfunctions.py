"""AWS Step Functions: what it reports of an execution that has ended.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from model_copy.aws.errors import UNTRANSLATED, reason, translated
from model_copy.errors import ModelCopyError
from model_copy.execution import EndedExecution
from model_copy.text import parse_object

ADVICE = "Allow the role of the function that announces to read executions."


def complete(client: Any, execution: EndedExecution) -> EndedExecution:
    """Add AWS's description and the last state data; if AWS cannot be read, ``unread`` gives the reason."""
    arn = execution.arn
    try:
        with translated("DescribeExecution", arn, ADVICE):
            description = client.describe_execution(executionArn=arn)
        if execution.was_redriven_since(description):
            return replace(execution, unread="The execution has been redriven since.")
        execution = execution.with_description(description)
        with translated("GetExecutionHistory", arn, ADVICE):
            data = next(_state_data(client, arn), {})
    except (ModelCopyError, *UNTRANSLATED) as error:
        return replace(execution, unread=f"{reason(error)}.")
    return replace(execution, state_data=data)


def _state_data(client: Any, execution_arn: str) -> Iterator[dict[str, Any]]:
    """Yield the state data after each state, the last state first.

    A state's output is written by the definition.  The input of the first state is the caller's, so no input is read.
    """
    pages = client.get_paginator("get_execution_history").paginate(executionArn=execution_arn, reverseOrder=True)
    for page in pages:
        for event in page["events"]:
            data = parse_object(event.get("stateExitedEventDetails", {}).get("output"))
            if "Request" in data:
                yield data
