"""AWS STS in the sandbox: a role is assumed by whom its trust policy lets in."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from moto.core.exceptions import AccessDeniedError
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.organizations.models import organizations_backends
from moto.sts.models import AssumedRole, sts_backends
from moto.sts.responses import TokenResponse

from sandbox.aws.clock import replaced
from sandbox.aws.iam.policies import Context, as_list, holds, session_of

LONGEST_EXECUTION = 14 * 24 * 3_600


def caller_arns(access_key: str) -> list[str]:
    """Give the names under which a policy may speak of the caller: the session, its role, its account."""
    session = session_of(access_key)
    if session is None:
        return ["arn:aws:iam::123456789012:root", "123456789012"]
    account = session.account_id
    return [session.arn, session.role_arn, f"arn:{session.partition}:iam::{account}:root", account]


def trusts(document: dict[str, Any], caller: list[str], context: Context, kind: str = "AWS") -> bool:
    """Tell whether a trust policy lets the caller in; a Deny decides."""
    effects = {
        statement["Effect"]
        for statement in as_list(document["Statement"])
        if {*caller, "*"} & set(as_list(statement["Principal"].get(kind))) and holds(statement, context)
    }
    return effects == {"Allow"}


def session_of_service(service: str, role_arn: str, name: str, source_arn: str) -> AssumedRole:
    """Let a service assume a role for one of its resources.

    Raises AccessDeniedError where the role does not trust it.
    """
    account = role_arn.split(":")[4]
    # Nothing from AWS says that Lambda sends these.
    is_lambda = service == "lambda.amazonaws.com"
    context = {} if is_lambda else {"aws:SourceAccount": source_arn.split(":")[4], "aws:SourceArn": source_arn}
    if not _lets_in(role_arn, [service], context, "Service"):
        raise AccessDeniedError(service, f"sts:AssumeRole on resource: {role_arn}")
    # The service renews it.
    return sts_backends[account]["aws"].assume_role("us-east-1", name[:64], role_arn, "", LONGEST_EXECUTION, "")


@contextmanager
def install() -> Iterator[None]:
    """Let AssumeRole check that the role exists and trusts the caller."""
    respond = TokenResponse.assume_role

    def assume_role(self: TokenResponse) -> Any:
        arn, external_id = self._get_param("RoleArn"), self._get_param("ExternalId")
        caller = caller_arns(self.get_access_key())
        context = _organization(caller[-1]) | ({"sts:ExternalId": external_id} if external_id else {})
        if not _lets_in(arn, caller, context):
            # AWS does not tell a role that is not there from one that does not trust the caller.
            raise AccessDeniedError(caller[0], f"sts:AssumeRole on resource: {arn}")
        return respond(self)

    with replaced(TokenResponse, "assume_role", assume_role):
        yield


def _organization(account: str) -> dict[str, str]:
    """Give the key that AWS sets for callers from an account of an organization."""
    backend = organizations_backends[account]["aws"]
    return {"aws:PrincipalOrgID": backend.org.id} if backend.org else {}


def _lets_in(role_arn: str, caller: list[str], context: Context, kind: str = "AWS") -> bool:
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    try:
        role = iam_backends[account][partition].get_role_by_arn(role_arn)
    except NotFoundException:
        return False
    document = role.assume_role_policy_document
    return trusts(json.loads(unquote(document)) if isinstance(document, str) else document, caller, context, kind)
