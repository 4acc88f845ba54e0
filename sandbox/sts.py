"""AWS STS in the sandbox: AssumeRole lets in whom the role's trust policy lets in."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from moto.core.exceptions import AccessDeniedError
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse

from sandbox.clock import replaced
from sandbox.iam import as_list, session_of


def caller_arns(access_key: str) -> list[str]:
    """Give the names under which a policy may speak of the caller: the session, its role, its account."""
    session = session_of(access_key)
    if session is None:
        return ["arn:aws:iam::123456789012:root", "123456789012"]
    account = session.account_id
    return [session.arn, session.role_arn, f"arn:{session.partition}:iam::{account}:root", account]


def trusts(document: dict[str, Any], caller: list[str], external_id: str | None) -> bool:
    """Tell whether a trust policy lets the caller in."""
    return any(
        statement["Effect"] == "Allow"
        and bool({*caller, "*"} & set(as_list(statement["Principal"].get("AWS"))))
        and statement.get("Condition", {}).get("StringEquals", {}).get("sts:ExternalId", external_id) == external_id
        for statement in as_list(document["Statement"])
    )


@contextmanager
def install() -> Iterator[None]:
    """Let AssumeRole check that the role exists and trusts the caller."""
    respond = TokenResponse.assume_role

    def assume_role(self: TokenResponse) -> Any:
        arn, external_id = self._get_param("RoleArn"), self._get_param("ExternalId")
        caller = caller_arns(self.get_access_key())
        if not _lets_in(arn, caller, external_id):
            # AWS does not tell a role that is not there from one that does not trust the caller.
            raise AccessDeniedError(caller[0], f"sts:AssumeRole on resource: {arn}")
        return respond(self)

    with replaced(TokenResponse, "assume_role", assume_role):
        yield


def _lets_in(role_arn: str, caller: list[str], external_id: str | None) -> bool:
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    try:
        role = iam_backends[account][partition].get_role_by_arn(role_arn)
    except NotFoundException:
        return False
    document = role.assume_role_policy_document
    return trusts(json.loads(unquote(document)) if isinstance(document, str) else document, caller, external_id)
