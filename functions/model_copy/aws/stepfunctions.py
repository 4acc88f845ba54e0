"""AWS Step Functions: what it reports of an execution that has ended, and of all executions for an audit.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Any

from model_copy.aws.errors import UNTRANSLATED, reason, translated
from model_copy.endings import is_event
from model_copy.errors import ModelCopyError
from model_copy.execution import EndedExecution, ListedExecution
from model_copy.text import parse_object

ADVICE = "Allow the role of the function that announces to read executions."
ADVICE_TO_AUDIT = "Allow the role of the function that audits to list and read executions."


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


def list_running(client: Any, machine_arn: str) -> list[ListedExecution]:
    """Return all running executions of a state machine.

    Raises TransientError, AccessDeniedError, RequestRejectedError.
    """
    return list(_listed(client, stateMachineArn=machine_arn, statusFilter="RUNNING"))


def list_started_since(client: Any, machine_arn: str, since: datetime) -> list[ListedExecution]:
    """Return the executions of any status that started after a moment; AWS lists the newest first.

    Raises TransientError, AccessDeniedError, RequestRejectedError.
    """
    return list(takewhile(lambda one: one.started >= since, _listed(client, stateMachineArn=machine_arn)))


def _listed(client: Any, **parameters: str) -> Iterator[ListedExecution]:
    with translated("ListExecutions", parameters["stateMachineArn"], ADVICE_TO_AUDIT):
        for page in client.get_paginator("list_executions").paginate(**parameters, PaginationConfig={"PageSize": 1000}):
            for one in page["executions"]:
                yield ListedExecution(one["executionArn"], one["startDate"], one.get("stopDate"))


def read_request(client: Any, execution_arn: str) -> dict[str, Any]:
    """Return the request of an execution that may be running; an event if its approval has not been read yet.

    Raises TransientError, AccessDeniedError, RequestRejectedError.
    """
    with translated("DescribeExecution", execution_arn, ADVICE_TO_AUDIT):
        given = parse_object(client.describe_execution(executionArn=execution_arn).get("input"))
    if not is_event(given):
        return given
    with translated("GetExecutionHistory", execution_arn, ADVICE_TO_AUDIT):
        made = next(_state_data(client, execution_arn), {}).get("Request")
    return made if isinstance(made, dict) else given


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
