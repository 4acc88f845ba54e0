"""The event of an audit of grants: which accounts and which Region are read."""

import re
from collections.abc import Iterator
from typing import Any

from model_copy.arns import Arn
from model_copy.errors import InvalidRequestError
from model_copy.text import excerpt, numbered, printable
from model_copy.validation import Scope, suggest

FIELDS = ("Accounts", "Region")
_MOST_HINTS = 20


def places(event: dict[str, Any], scope: Scope, own_account: str, own_region: str) -> list[Arn]:
    """Return the accounts to read, each as the ARN of its projects, the stack's own account first.

    Without Accounts, these are the stack's account and AllowedAccounts.

    Raises InvalidRequestError, which names all errors of the event.
    """
    if errors := list(_errors(event, scope, own_account)):
        raise InvalidRequestError(errors=numbered(errors))
    region = event.get("Region", own_region)
    accounts = dict.fromkeys(event.get("Accounts", (own_account, *scope.accounts)))
    ordered = sorted(accounts, key=lambda account: (account != own_account, account))
    return [Arn.of_projects(scope.partition, region, account) for account in ordered]


def _errors(event: dict[str, Any], scope: Scope, own_account: str) -> Iterator[str]:
    for number, name in enumerate(name for name in event if name not in FIELDS):
        hint = suggest(name, FIELDS) if number < _MOST_HINTS else ""
        yield f"{printable(name)} is not a field of an audit{hint}"
    region = event.get("Region", "")
    if "Region" in event and region not in scope.regions:
        yield f"Region must be one of {', '.join(scope.regions)}; got {excerpt(region)}"
    accounts = event.get("Accounts", [own_account])
    if not (isinstance(accounts, list) and accounts):
        yield f"Accounts must be a list of account ids; got {excerpt(accounts)}"
        return
    for index, account in enumerate(accounts):
        if not (isinstance(account, str) and re.fullmatch(r"\d{12}", account, re.ASCII)):
            yield f"Accounts[{index}] must be an account id of 12 digits; got {excerpt(account)}"
        elif scope.accounts and account not in (own_account, *scope.accounts):
            yield f"Accounts[{index}] must be one of the stack's AllowedAccounts; got {account}"
