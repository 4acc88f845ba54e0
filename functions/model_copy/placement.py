"""Where a grant goes: which of the stack's policies has room for it.

The stack's policies are named after it: ``STACK-1``, ``STACK-2`` and so on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from model_copy import runtime, statements
from model_copy.errors import PolicyFullError, PolicyQuotaError, PolicyRejectedError
from model_copy.policies import Grant, Policy
from model_copy.request import CopyRequest
from model_copy.statements import LONGEST_DOCUMENT, Roles

LONGEST_STACK_NAME = 120  # a PolicyName has at most 128 characters, and a hyphen and a number follow
NUMBERS = range(1, 6)  # the default quota is 5 policies for a project
PROBES = 1 / 8  # of the tries to exceed that quota, which somebody may have raised
REFUSALS = 3  # so many make sure that a project is full of others' policies


class Place(NamedTuple):
    """A policy to write: its revision, None for a new policy, and its document with the grant."""

    name: str
    revision: str | None
    document: str


@dataclass(slots=True)
class Tries:
    """What the earlier tries to add a grant have met.

    ``rejected`` has the policies that AWS does not accept with the grant, with its messages, ``refused`` the lists of
    policies that were read before AWS refused a new one, ``reason`` the message of AWS if the last try had one.
    """

    conflicts: int = 0
    rejected: dict[str, str] = field(default_factory=dict)
    refused: list[list[Policy]] = field(default_factory=list)
    reason: str = ""


def choose(found: list[Policy], grant: Grant, tries: Tries, request: CopyRequest, probes: float = PROBES) -> Place:
    """Return a policy to write: at random, so that writers seldom meet, and after a conflict perhaps a new one.

    Raises PolicyFullError, PolicyQuotaError, PolicyRejectedError.
    """
    existing = own(found)
    places = [
        place for policy in existing if policy.name not in tries.rejected and (place := _with_room(policy, grant))
    ]
    if tries.refused and not places:
        _check_full(tries, found, grant, request)
    if existing and not places and not tries.rejected and len(found) >= len(NUMBERS) and runtime.chance() >= probes:
        reason = f"none of the stack's policies has room, and the project has {len(found)} policies"
        raise PolicyFullError(project=request.source_project, version=grant.version_arn, reason=reason)
    if not (tries.refused and existing) and (tries.conflicts or tries.rejected or not places):
        names = _free_names(found, tries)
        places += [Place(name, None, statements.with_grant(None, grant, roles())) for name in names]
    return places[int(len(places) * runtime.chance())]


def own(found: list[Policy]) -> list[Policy]:
    """Return the policies that have a name of the stack's."""
    return [policy for policy in found if re.fullmatch(rf"{re.escape(policy_prefix())}\d{{1,7}}", policy.name)]


def policy_prefix() -> str:
    """Return what the names of the stack's policies begin with."""
    return f"{runtime.setting('STACK_NAME')[:LONGEST_STACK_NAME]}-"


def roles() -> Roles:
    """Return the roles that copy for the stack."""
    return Roles(runtime.setting("COPY_ROLE_ARN"), runtime.setting("DESTINATION_ROLE_NAME"))


def rejected(reasons: Mapping[str, str], grant: Grant, request: CopyRequest) -> PolicyRejectedError:
    """Return the error for policies that AWS does not accept: all their names, and the last of the reasons."""
    policy, reason = ", ".join(sorted(reasons)), [*reasons.values()][-1]
    return PolicyRejectedError(policy=policy, project=request.source_project, role=grant.principal, reason=reason)


def _free_names(found: list[Policy], tries: Tries) -> list[str]:
    """Return names for a new policy: the first one, or after a conflict several, so that writers spread."""
    taken = {policy.name for policy in found} | tries.rejected.keys()
    names = [f"{policy_prefix()}{number}" for number in range(1, len(taken) + len(NUMBERS) + 1)]
    free = [name for name in names if name not in taken]
    return free[: max(1, len(NUMBERS) - len(own(found)))] if tries.conflicts else free[:1]


def _with_room(policy: Policy, grant: Grant) -> Place | None:
    try:
        document = statements.with_grant(policy.document, grant, roles())
    except statements.UnreadableError:
        return None
    return Place(policy.name, policy.revision, document) if len(document) <= LONGEST_DOCUMENT else None


def _check_full(tries: Tries, found: list[Policy], grant: Grant, request: CopyRequest) -> None:
    """Raise PolicyFullError or PolicyQuotaError if the project is full by a list that was read after AWS refused.

    Policies of this stack go when their copies end; those of others stay.  A policy of this stack may come and go
    between two lists, so PolicyQuotaError takes several refusals with the same list of only others' policies.
    """
    names = sorted(policy.name for policy in found)
    if tries.rejected:
        raise rejected(tries.rejected, grant, request)
    if own(found):
        reason = f"the project has {len(found)} policies and AWS accepts no more ({tries.reason})"
        raise PolicyFullError(project=request.source_project, version=grant.version_arn, reason=reason)
    unchanged = all(sorted(policy.name for policy in before) == names for before in tries.refused)
    if names and unchanged and len(tries.refused) >= REFUSALS:
        raise PolicyQuotaError(project=request.source_project, policies=", ".join(names))
