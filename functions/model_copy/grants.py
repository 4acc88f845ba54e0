"""The stack's grant in the source project's policies: added before a copy, withdrawn after it."""

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from model_copy import placement, runtime, statements
from model_copy.aws import rekognition
from model_copy.errors import (
    GrantLostError,
    GrantMissingError,
    PolicyDeniedError,
    SourceVersionNotFoundError,
    TransientError,
)
from model_copy.policies import Grant, Match, Policy
from model_copy.request import CopyRequest

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

MOST_TRIES = 12
MOST_ROUNDS = 20
KEPT_CHANGING = "other writers kept changing the policies"
PROPAGATION = timedelta(minutes=5)


class Ensured(NamedTuple):
    """The policy that allows the copy, and whether the grant had to be added to it."""

    policy_name: str
    changed: bool


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
        raise GrantLostError(project=request.source_project, rounds=MOST_ROUNDS)
    return ensure(client, request)


def ensure(client: "RekognitionClient", request: CopyRequest) -> Ensured:
    """Make sure that a project policy allows the copy.

    A writer that loses a revision tries again at once, and spreads over more policies.

    Raises SourceVersionNotFoundError, PolicyDeniedError, PolicyQuotaError, PolicyRejectedError, PolicyFullError,
    TransientError.
    """
    grant, tries = grant_for(request), placement.Tries()
    for _ in range(MOST_TRIES):
        found = read_policies(client, request)
        refuse_denied(found, grant, request, Match.YES)
        granting = next((policy.name for policy in found if policy.allows(grant)), None)
        if granting:
            return Ensured(granting, changed=False)
        place = placement.choose(found, grant, tries, request)
        try:
            rekognition.put_policy(client, request.source_project, place.name, place.document, place.revision)
        except rekognition.PolicyChangedError:
            runtime.measure("PolicyConflicts")
            tries.conflicts += 1
            tries.reason = ""
            tries.refused.clear()
        except rekognition.PolicyQuotaReachedError as error:
            tries.reason = str(error)
            tries.refused.append(found)
            runtime.sleep(len(tries.refused) * runtime.chance())
        except rekognition.PolicyMalformedError as error:
            tries.rejected[place.name] = tries.reason = str(error)
            if place.revision is None:  # there is nothing but this grant in it
                raise placement.rejected(tries.rejected, grant, request) from error
        else:
            return Ensured(place.name, changed=True)
    reason = tries.reason or KEPT_CHANGING
    raise TransientError(what=f"Adding the grant to the project policies {placement.policy_prefix()}...", reason=reason)


def withdraw(client: "RekognitionClient", request: CopyRequest) -> tuple[str | None, bool]:
    """Remove the grant from the stack's policies; return the name of the last one that had it, and whether one had.

    Raises SourceVersionNotFoundError, PolicyRejectedError, TransientError.
    """
    grant, roles = grant_for(request), placement.roles()
    name = None
    for _ in range(MOST_TRIES):
        own = placement.own(read_policies(client, request))
        granting = [policy for policy in own if statements.has_grant(policy.document, grant, roles)]
        try:
            for policy in granting:
                name = policy.name
                document = statements.without_grant(policy.document, grant, roles)
                if document is None:
                    rekognition.delete_policy(client, request.source_project, name, policy.revision)
                else:
                    rekognition.put_policy(client, request.source_project, name, document, policy.revision)
        except rekognition.PolicyChangedError:
            runtime.measure("PolicyConflicts")
        except (rekognition.PolicyQuotaReachedError, rekognition.PolicyMalformedError) as error:
            raise placement.rejected({policy.name: str(error)}, grant, request) from error
        else:
            return name, name is not None
    raise TransientError(
        what=f"Withdrawing the grant from the project policies {placement.policy_prefix()}...",
        reason=KEPT_CHANGING,
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
                condition="" if policy.denies(grant) is Match.YES else " under a condition that is probably met",
            )
