"""The stack's grant in the source project's policies: added before a copy, withdrawn after it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from model_copy import policies, runtime
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

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

TRIES = 5
REFUSALS = 3  # so many prove that only other teams' policies fill the project
MOST_ROUNDS = 20
KEPT_CHANGING = "other writers kept changing the policy"
PROPAGATION = timedelta(minutes=5)
LONGEST_STACK_NAME = 115  # a PolicyName has at most 128 characters, and a hyphen and an account follow


def policy_name(request: CopyRequest) -> str:
    """Return the name of the stack's own policy for the destination account."""
    return f"{runtime.setting('STACK_NAME')[:LONGEST_STACK_NAME]}-{request.destination_project.account}"


def grant_for(request: CopyRequest) -> Grant:
    """Return the grant that the copy needs: for the role that copies, of this version."""
    project = request.destination_project
    if project.account == runtime.setting("STACK_ACCOUNT"):
        principal = runtime.setting("COPY_ROLE_ARN")
    else:
        role = runtime.setting("DESTINATION_ROLE_NAME")
        principal = f"arn:{project.partition}:iam::{project.account}:role/{role}"
    return Grant(principal=principal, version_arn=request.source_version.text)


def ensure_again(client: "RekognitionClient", request: CopyRequest, rounds: int) -> bool:
    """Ensure the grant again after the last one went missing; raise GrantLostError after 20 rounds."""
    if rounds > MOST_ROUNDS:
        raise GrantLostError(policy=policy_name(request), project=request.source_project, rounds=MOST_ROUNDS)
    return ensure(client, request)


def ensure(client: "RekognitionClient", request: CopyRequest) -> bool:
    """Make sure that a project policy allows the copy; return whether a policy was written.

    Raises SourceVersionNotFoundError, PolicyDeniedError, PolicyQuotaError, PolicyRejectedError, PolicyFullError,
    TransientError.
    """
    grant, name = grant_for(request), policy_name(request)
    refused: list[list[Policy]] = []  # the policies that were listed before each refusal
    message = ""
    for _ in _tries():
        found = read_policies(client, request)
        refuse_denied(found, grant, request, Match.YES)
        if any(policy.allows(grant) for policy in found):
            return False
        own = next((policy for policy in found if policy.name == name), None)
        if refused and own is None:
            _check_room(refused, found, grant, request, message)
        try:
            document = policies.with_grant(own.document if own else None, grant)
            _check_document(document, grant, request)
            rekognition.put_policy(client, request.source_project, name, document, own.revision if own else None)
        except rekognition.PolicyChangedError:
            runtime.measure("PolicyConflicts")
            refused.clear()
        except rekognition.PolicyQuotaReachedError as error:
            message = str(error)
            refused.append(found)
        except (rekognition.PolicyMalformedError, policies.UnreadableError) as error:
            raise PolicyRejectedError(policy=name, project=request.source_project, reason=error) from error
        else:
            return True
    reason = message if refused else KEPT_CHANGING
    raise TransientError(what=f"Adding the grant to project policy {name}", reason=reason)


def withdraw(client: "RekognitionClient", request: CopyRequest) -> bool:
    """Remove this version from the stack's own policy for the destination account; return whether the policy had it.

    Raises SourceVersionNotFoundError, PolicyRejectedError, TransientError.
    """
    name, grant = policy_name(request), grant_for(request)
    changed = False
    for _ in _tries():
        found = read_policies(client, request)
        own = next((policy for policy in found if policy.name == name), None)
        if own is None or not policies.has_grant(own.document, grant):
            return changed
        changed = True
        try:
            document = policies.without_grant(own.document, grant)
            if document is None:
                rekognition.delete_policy(client, request.source_project, name, own.revision)
            else:
                rekognition.put_policy(client, request.source_project, name, document, own.revision)
        except rekognition.PolicyChangedError:
            runtime.measure("PolicyConflicts")
        except (
            rekognition.PolicyQuotaReachedError,
            rekognition.PolicyMalformedError,
            policies.UnreadableError,
        ) as error:
            raise PolicyRejectedError(policy=name, project=request.source_project, reason=error) from error
        else:
            return True
    raise TransientError(what=f"Withdrawing the grant from project policy {name}", reason=KEPT_CHANGING)


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


def _tries() -> Iterator[int]:
    """Yield the number of each try, after a pause before all but the first."""
    for number in range(TRIES):
        if number:
            runtime.sleep(number * runtime.chance())
        yield number


def _check_document(document: str, grant: Grant, request: CopyRequest) -> None:
    if len(document) > policies.LONGEST_DOCUMENT:
        reason = f"it would have {len(document)} characters, of at most {policies.LONGEST_DOCUMENT}"
        name, project = policy_name(request), request.source_project
        raise PolicyFullError(project=project, version=grant.version_arn, policy=name, reason=reason)


def _check_room(
    refused: list[list[Policy]], found: list[Policy], grant: Grant, request: CopyRequest, message: str
) -> None:
    """Raise PolicyFullError or PolicyQuotaError if the project is full by a list that was read after AWS refused.

    Policies of this stack go when their copies end; those of others stay.  A policy of this stack may come and go
    between two lists, so PolicyQuotaError takes several refusals with the same list of only others' policies.
    """
    names = sorted(policy.name for policy in found)
    own = re.escape(policy_name(request).rpartition("-")[0])
    if any(re.fullmatch(rf"{own}-\d{{12}}", name) for name in names):
        reason = f"the project has {len(found)} policies and AWS accepts no more ({message})"
        raise PolicyFullError(
            project=request.source_project, version=grant.version_arn, policy=policy_name(request), reason=reason
        )
    unchanged = all(sorted(policy.name for policy in before) == names for before in refused)
    if names and unchanged and len(refused) >= REFUSALS:
        raise PolicyQuotaError(project=request.source_project, policies=", ".join(names))
