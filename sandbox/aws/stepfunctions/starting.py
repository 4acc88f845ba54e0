"""The start of an execution: the names and inputs that Step Functions refuses.

Source: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

import json
import uuid
from collections.abc import Callable
from typing import Any

from moto.stepfunctions.exceptions import InvalidExecutionInput, InvalidName

LARGEST_INPUT = 256 * 1_024
LONGEST_NAME = 80
FORBIDDEN = frozenset(' <>{}[]?*"#%\\^|~`$&,;:/')
CONTROLS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0xA0), *range(0xFFFE, 0x10000))))


def start(
    self: Any,
    original: Callable[..., Any],
    state_machine_arn: str,
    name: str | None = None,
    given: str = "{}",
    *args: Any,
) -> Any:
    """Start an execution under its name, or under a new one; the same name and input join the one that runs."""
    _check_name(name)
    _check_input(given)
    return original(self, state_machine_arn, name or str(uuid.uuid4()), given, *args)


def _check_name(name: str | None) -> None:
    if name is None:
        return
    forbidden = (FORBIDDEN | CONTROLS).intersection(name) or any(one.isspace() for one in name)
    if forbidden or not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidName(f"Invalid Name: '{name}'")


def _check_input(given: str) -> None:
    problem = None
    if len(given.encode()) > LARGEST_INPUT:
        problem = f"Input exceeds the maximum of {LARGEST_INPUT} bytes"
    elif not given:
        problem = "Invalid execution input."
    else:
        try:
            json.loads(given, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            problem = str(error)
    if problem:
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{problem}'")


def _refuse(constant: str) -> None:
    raise ValueError(f"Unrecognized token '{constant}'")
