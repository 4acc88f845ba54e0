"""The roles of state machines: what a state machine may do."""

from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.sts.models import AssumedRole, sts_backends

from sandbox.aws.iam.roles import refusal
from sandbox.aws.iam.sts import session_of_service

SESSION = "states"


class NotAuthorizedError(AWSError):
    """The role of the state machine does not allow a call."""

    TYPE = "AccessDeniedException"


def session_of_machine(role_arn: str) -> AssumedRole:
    """Return the session of the role of a state machine.

    Raises AccessDeniedError if the role does not trust Step Functions.
    """
    account = role_arn.split(":")[4]
    for session in sts_backends[account]["aws"].assumed_roles:
        if (session.role_arn, session.session_name) == (role_arn, SESSION):
            return session
    machines = [one for backend in stepfunctions_parser_backends[account].values() for one in backend.state_machines]
    (machine, *_) = [one for one in machines if one.roleArn == role_arn]
    return session_of_service("states.amazonaws.com", role_arn, SESSION, machine.arn)


def is_allowed(env: Any, action: str, resource: str) -> bool:
    """Return whether the role of the running state machine allows a call."""
    return refusal(session_of_machine(env.aws_execution_details.role_arn), action, resource, {}) is None


def check(env: Any, action: str, resource: str) -> None:
    """Raise NotAuthorizedError if the role of the running state machine does not allow a call."""
    refused = refusal(session_of_machine(env.aws_execution_details.role_arn), action, resource, {})
    if refused:
        raise NotAuthorizedError(refused)
