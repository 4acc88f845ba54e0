"""The stack's grant in the source project's policies: given before a copy, withdrawn after it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from model_copy import policies, rekognition, runtime
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
REFUSALS = 3  # after which a project is believed to be full of others' policies
MOST_ROUNDS = 20
PROPAGATION = timedelta(minutes=5)
LONGEST_STACK_NAME = 115  # a PolicyName has at most 128 characters, and a hyphen and an account follow


def policy_name(request: CopyRequest) -> str:
    """Name the stack's own policy for the destination account."""
    return f"{runtime.setting('STACK_NAME')[:LONGEST_STACK_NAME]}-{request.destination_project.account}"


def grant_for(request: CopyRequest) -> Grant:
    """Name the grant that the copy needs: the role that copies, and this version."""
    project = request.destination_project
    if project.account == runtime.setting("STACK_ACCOUNT"):
        principal = runtime.setting("COPY_ROLE_ARN")
    else:
        role = runtime.setting("DESTINATION_ROLE_NAME")
        principal = f"arn:{project.partition}:iam::{project.account}:role/{role}"
    return Grant(principal=principal, version_arn=request.source_version.text)


def ensure_again(client: "RekognitionClient", request: CopyRequest, rounds: int) -> bool:
    """Ensure the grant in so many rounds of an execution, each after the grant of the last went missing.

    Raises GrantLostError beyond 20 rounds, else as ensure.
    """
    if rounds > MOST_ROUNDS:
        raise GrantLostError(policy=policy_name(request), project=request.source_project, rounds=MOST_ROUNDS)
    return ensure(client, request)


def ensure(client: "RekognitionClient", request: CopyRequest) -> bool:
    """See to it that a project policy allows the copy; tell whether one had to be written.

    Raises SourceVersionNotFoundError, PolicyDeniedError, PolicyQuotaError, PolicyRejectedError, PolicyFullError,
    TransientError.
    """
    grant, name = grant_for(request), policy_name(request)
    refused: list[list[Policy]] = []  # what was listed before each refusal
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
    reason = message if refused else "others kept changing the policy"
    raise TransientError(what=f"Granting the copy in project policy {name}", reason=reason)


def withdraw(client: "RekognitionClient", request: CopyRequest) -> bool:
    """Take this version out of the stack's own policy for the destination account; tell whether it was in.

    Raises SourceVersionNotFoundError, PolicyRejectedError, TransientError.
    """
    name, grant = policy_name(request), grant_for(request)
    changed = False
    for _ in _tries():
        found = read_policies(client, request)
        own = next((policy for policy in found if policy.name == name), None)
        if own is None or not policies.holds(own.document, grant):
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
    raise TransientError(what=f"Withdrawing the grant in project policy {name}", reason="others kept changing it")


def read_policies(client: "RekognitionClient", request: CopyRequest) -> list[Policy]:
    """Read the policies of the source project; SourceVersionNotFoundError when the project has gone."""
    try:
        return rekognition.list_policies(client, request.source_project)
    except rekognition.ProjectNotFoundError as error:
        raise SourceVersionNotFoundError.without_project(request.source_version, request.source_project) from error


def explain_denial(client: "RekognitionClient", request: CopyRequest, message: str) -> None:
    """Raise what the source project's policies say of a copy that was denied; pass when they are not why.

    A Deny with a condition comes last: it need not be the reason, and a grant that is missing or new is a likelier one.

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
            reason = f"{message}, and project policy {policy.name} may be too new to be known everywhere"
            raise TransientError(what=f"The copy to {request.destination_project}", reason=reason)
    refuse_denied(found, grant, request, Match.MAYBE)


def refuse_denied(found: list[Policy], grant: Grant, request: CopyRequest, least: Match) -> None:
    """Raise PolicyDeniedError when a policy denies the grant at least so surely."""
    for policy in found:
        if policy.denies(grant) >= least:
            raise PolicyDeniedError(
                policy=policy.name,
                project=request.source_project,
                principal=grant.principal,
                version=request.source_version,
                condition="" if policy.denies(grant) is Match.YES else ", it seems: it has a Deny with a condition",
            )


def _tries() -> Iterator[int]:
    """Count the tries, with a pause before each but the first."""
    for number in range(TRIES):
        if number:
            runtime.sleep(number * runtime.chance())
        yield number


def _check_document(document: str, grant: Grant, request: CopyRequest) -> None:
    if len(document) > policies.LONGEST_DOCUMENT:
        reason = f"it would have {len(document)} characters, and may have {policies.LONGEST_DOCUMENT}"
        name, project = policy_name(request), request.source_project
        raise PolicyFullError(project=project, version=grant.version_arn, policy=name, reason=reason)


def _check_room(
    refused: list[list[Policy]], found: list[Policy], grant: Grant, request: CopyRequest, message: str
) -> None:
    """Raise PolicyFullError or PolicyQuotaError if the project is full, judged by what is listed after AWS said so.

    Policies of this stack go when their copies end.  Those of others stay.  One of this stack may have come and gone
    between two lists, so the project is full of others' only when they alone are listed around several refusals.
    """
    names = sorted(policy.name for policy in found)
    own = re.escape(policy_name(request).rpartition("-")[0])
    if any(re.fullmatch(rf"{own}-\d{{12}}", name) for name in names):
        reason = f"the project has {len(found)} policies and AWS takes no more ({message})"
        raise PolicyFullError(
            project=request.source_project, version=grant.version_arn, policy=policy_name(request), reason=reason
        )
    unchanged = all(sorted(policy.name for policy in before) == names for before in refused)
    if names and unchanged and len(refused) >= REFUSALS:
        raise PolicyQuotaError(project=request.source_project, policies=", ".join(names))
