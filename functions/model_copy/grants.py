"""The stack's grant in the source project's policies: added before a copy, withdrawn after it."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from model_copy import runtime, statements
from model_copy.aws import rekognition
from model_copy.errors import (
    GrantLostError,
    GrantMissingError,
    PolicyDeniedError,
    PolicyFullError,
    PolicyQuotaError,
    PolicyRejectedError,
    SourceVersionNotFoundError,
    TransientError,
)
from model_copy.policies import Grant, Match, Policy
from model_copy.request import CopyRequest
from model_copy.statements import Roles

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

TRIES = 12
REFUSALS = 3  # so many make sure that a project is full of others' policies
MOST_ROUNDS = 20
PROPAGATION = timedelta(minutes=5)
LONGEST_STACK_NAME = 120  # a PolicyName has at most 128 characters, and a hyphen and a number follow
POLICIES = range(1, 6)  # the default quota of policies for a project


class Ensured(NamedTuple):
    """The policy that allows the copy, and whether the grant had to be added to it."""

    policy_name: str
    changed: bool


class Place(NamedTuple):
    """A policy of the stack with room for a grant: its revision, if it exists, and its document with the grant."""

    name: str
    revision: str | None
    document: str


def grant_for(request: CopyRequest) -> Grant:
    """Return the grant that the copy needs: for the role that copies, of this version."""
    project = request.destination_project
    if project.account == runtime.setting("STACK_ACCOUNT"):
        principal = runtime.setting("COPY_ROLE_ARN")
    else:
        role = runtime.setting("DESTINATION_ROLE_NAME")
        principal = f"arn:{project.partition}:iam::{project.account}:role/{role}"
    return Grant(principal=principal, version_arn=request.source_version.text)


def ensure_again(client: "RekognitionClient", request: CopyRequest, rounds: int) -> Ensured:
    """Ensure the grant again after the last one went missing; raise GrantLostError after 20 rounds."""
    if rounds > MOST_ROUNDS:
        raise GrantLostError(policies=f"{_policy_prefix()}...", project=request.source_project, rounds=MOST_ROUNDS)
    return ensure(client, request)


def ensure(client: "RekognitionClient", request: CopyRequest) -> Ensured:
    """Make sure that a project policy allows the copy.

    A writer that loses a revision tries again at once, and spreads over more policies.

    Raises SourceVersionNotFoundError, PolicyDeniedError, PolicyQuotaError, PolicyRejectedError, PolicyFullError,
    TransientError.
    """
    grant, roles, tries = grant_for(request), _roles(), _Tries()
    for _ in range(TRIES):
        found = read_policies(client, request)
        refuse_denied(found, grant, request, Match.YES)
        granting = next((policy.name for policy in found if policy.allows(grant)), None)
        if granting:
            return Ensured(granting, changed=False)
        place = _choose(found, grant, roles, tries, request)
        try:
            rekognition.put_policy(client, request.source_project, place.name, place.document, place.revision)
        except rekognition.PolicyChangedError:
            runtime.measure("PolicyConflicts")
            tries.conflicts += 1
            tries.refused.clear()
        except rekognition.PolicyQuotaReachedError as error:
            tries.reason = str(error)
            tries.refused.append(found)
            runtime.sleep(len(tries.refused) * runtime.chance())
        except rekognition.PolicyMalformedError as error:
            tries.reason = str(error)
            tries.rejected.add(place.name)
        else:
            return Ensured(place.name, changed=True)
    reason = tries.reason or "others kept changing the policies"
    raise TransientError(what=f"Adding the grant to the project policies {_policy_prefix()}...", reason=reason)


def withdraw(client: "RekognitionClient", request: CopyRequest) -> tuple[str | None, bool]:
    """Remove the grant from the stack's policies; return the name of the policy that had it, and whether one had.

    Raises SourceVersionNotFoundError, PolicyRejectedError, TransientError.
    """
    grant, roles = grant_for(request), _roles()
    changed = None
    for _ in range(TRIES):
        found = read_policies(client, request)
        own = next((one for one in _own(found) if statements.has_grant(one.document, grant, roles)), None)
        if own is None:
            return changed, changed is not None
        changed = own.name
        try:
            document = statements.without_grant(own.document, grant, roles)
            if document is None:
                rekognition.delete_policy(client, request.source_project, own.name, own.revision)
            else:
                rekognition.put_policy(client, request.source_project, own.name, document, own.revision)
        except rekognition.PolicyChangedError:
            runtime.measure("PolicyConflicts")
        except (
            rekognition.PolicyQuotaReachedError,
            rekognition.PolicyMalformedError,
            statements.UnreadableError,
        ) as error:
            raise PolicyRejectedError(policy=own.name, project=request.source_project, reason=error) from error
    raise TransientError(
        what=f"Withdrawing the grant from the project policies {_policy_prefix()}...",
        reason="others kept changing the policies",
    )


def read_policies(client: "RekognitionClient", request: CopyRequest) -> list[Policy]:
    """Return the policies of the source project; raise SourceVersionNotFoundError if the project is gone."""
    try:
        return rekognition.list_policies(client, request.source_project)
    except rekognition.ProjectNotFoundError as error:
        hint = f", because there is no project {request.source_project}"
        raise SourceVersionNotFoundError(version=request.source_version, hint=hint) from error


def explain_denial(client: "RekognitionClient", request: CopyRequest, message: str) -> None:
    """Raise the reason for a denied copy that the source project's policies show; return if they show none.

    A Deny with a condition comes last: it may not apply, and a missing or new grant is a likelier reason.

    Raises PolicyDeniedError, GrantMissingError, SourceVersionNotFoundError, TransientError.
    """
    grant, found = grant_for(request), read_policies(client, request)
    refuse_denied(found, grant, request, Match.YES)
    granting = [policy for policy in found if policy.allows(grant)]
    if request.crosses_accounts and not granting:
        raise GrantMissingError(
            project=request.source_project, principal=grant.principal, version=request.source_version
        )
    for policy in granting:
        if runtime.now() - policy.updated < PROPAGATION:
            reason = f"{message}, perhaps because project policy {policy.name} is too new to be in effect everywhere"
            raise TransientError(what=f"The copy to {request.destination_project}", reason=reason)
    refuse_denied(found, grant, request, Match.MAYBE)


def refuse_denied(found: list[Policy], grant: Grant, request: CopyRequest, least: Match) -> None:
    """Raise PolicyDeniedError if a policy denies the grant with at least this certainty."""
    for policy in found:
        if policy.denies(grant) >= least:
            raise PolicyDeniedError(
                policy=policy.name,
                project=request.source_project,
                principal=grant.principal,
                version=request.source_version,
                condition=""
                if policy.denies(grant) is Match.YES
                else ", it seems: the policy has a Deny with a condition",
            )


@dataclass(slots=True)
class _Tries:
    """What the tries of one invocation have met so far."""

    conflicts: int = 0
    rejected: set[str] = field(default_factory=set)  # names of policies that AWS does not accept with the grant
    refused: list[list[Policy]] = field(default_factory=list)  # the lists read before AWS refused a new policy
    reason: str = ""


def _choose(found: list[Policy], grant: Grant, roles: Roles, tries: _Tries, request: CopyRequest) -> Place:
    """Return a policy to write: at random, so that writers seldom meet, among those with room and perhaps a new one.

    Raises PolicyFullError, PolicyQuotaError, PolicyRejectedError.
    """
    own = _own(found)
    places = [place for one in own if one.name not in tries.rejected and (place := _with_room(one, grant, roles))]
    alone = statements.with_grant(None, grant, roles)
    if not places and tries.refused:
        _check_room(tries, found, own, grant, request)
    if not tries.refused or not own:
        names = {policy.name for policy in found} | tries.rejected
        free = [name for number in POLICIES if (name := f"{_policy_prefix()}{number}") not in names]
        free = free or [f"{_policy_prefix()}{max(map(_number, own)) + 1}"]
        if tries.conflicts:
            places += [Place(name, None, alone) for name in free]
        elif not places:
            places = [Place(free[0], None, alone)]
    if len(tries.rejected) > 0 and not [one for one in places if one.name not in tries.rejected]:
        raise PolicyRejectedError(policy=sorted(tries.rejected)[0], project=request.source_project, reason=tries.reason)
    return places[int(len(places) * runtime.chance())]


def _with_room(policy: Policy, grant: Grant, roles: Roles) -> Place | None:
    try:
        document = statements.with_grant(policy.document, grant, roles)
    except statements.UnreadableError:
        return None
    return Place(policy.name, policy.revision, document) if len(document) <= statements.LONGEST_DOCUMENT else None


def _own(found: list[Policy]) -> list[Policy]:
    return [policy for policy in found if re.fullmatch(rf"{re.escape(_policy_prefix())}\d+", policy.name)]


def _number(policy: Policy) -> int:
    return int(policy.name.removeprefix(_policy_prefix()))


def _policy_prefix() -> str:
    return f"{runtime.setting('STACK_NAME')[:LONGEST_STACK_NAME]}-"


def _roles() -> Roles:
    return Roles(runtime.setting("COPY_ROLE_ARN"), runtime.setting("DESTINATION_ROLE_NAME"))


def _check_room(tries: _Tries, found: list[Policy], own: list[Policy], grant: Grant, request: CopyRequest) -> None:
    """Raise PolicyFullError or PolicyQuotaError if the project is full by a list that was read after AWS refused.

    Policies of this stack go when their copies end; those of others stay.  A policy of this stack may come and go
    between two lists, so PolicyQuotaError takes several refusals with the same list of only others' policies.
    """
    names = sorted(policy.name for policy in found)
    if own:
        reason = f"the project has {len(found)} policies and AWS accepts no more ({tries.reason})"
        raise PolicyFullError(project=request.source_project, version=grant.version_arn, reason=reason)
    unchanged = all(sorted(policy.name for policy in before) == names for before in tries.refused)
    if names and unchanged and len(tries.refused) >= REFUSALS:
        raise PolicyQuotaError(project=request.source_project, policies=", ".join(names))
