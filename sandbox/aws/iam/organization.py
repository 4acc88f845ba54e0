"""The service control policies of an organization, which limit all roles of an account.

Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

FULL_ACCESS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_attached: dict[str, list[str]] = {}


@contextmanager
def attached(policy: dict[str, Any], accounts: Iterable[str]) -> Iterator[None]:
    """Attach a policy, beside the one that allows everything, to accounts inside the context."""
    before = dict(_attached)
    _attached.update({account: [json.dumps(FULL_ACCESS), json.dumps(policy)] for account in accounts})
    try:
        yield
    finally:
        _attached.clear()
        _attached.update(before)


def policies_of(account: str) -> list[str]:
    """Return the service control policies of an account."""
    return _attached.get(account, [])
