"""AWS STS in the sandbox: AssumeRole succeeds only if the role's trust policy allows it, and for no longer than it may.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.core.exceptions import AccessDeniedError
from moto.iam.exceptions import NotFoundException
from moto.iam.models import get_account_id_from
from moto.organizations.models import organizations_backends
from moto.sts.exceptions import STSValidationError
from moto.sts.models import AssumedRole, sts_backends
from moto.sts.responses import TokenResponse

from sandbox.aws.iam.policies import Context, Principals, aws, service
from sandbox.aws.iam.roles import last_outside, longest_session, session_of, trusts
from sandbox.aws.patches import applied
from sandbox.aws.rekognition.identity import caller_of

LONGEST_EXECUTION = 14 * 24 * 3_600
DEFAULT_SESSION = LONGEST_CHAINED_SESSION = 3_600
SHORTEST_SESSION, LONGEST_SESSION = 900, 12 * 3_600


def session_of_service(service_name: str, role_arn: str, name: str, source_arn: str) -> AssumedRole:
    """Let a service assume a role on behalf of one of its resources.

    Raises AccessDeniedError if the role does not trust the service.
    """
    account = role_arn.split(":")[4]
    # AWS does not document that Lambda sends these condition keys.
    is_lambda = service_name == "lambda.amazonaws.com"
    context = {} if is_lambda else {"aws:SourceAccount": source_arn.split(":")[4], "aws:SourceArn": source_arn}
    if not _can_assume(role_arn, service(service_name), context):
        raise AccessDeniedError(service_name, f"sts:AssumeRole on resource: {role_arn}")
    # One session lasts as long as an execution can; on AWS the service renews it.
    return sts_backends[account]["aws"].assume_role("us-east-1", name[:64], role_arn, "", LONGEST_EXECUTION, "")


@contextmanager
def install() -> Iterator[None]:
    """Make AssumeRole check that the role exists, trusts the caller, and allows so long a session."""
    respond = TokenResponse.assume_role

    def assume_role(self: TokenResponse) -> Any:
        arn, external_id = self._get_param("RoleArn"), self._get_param("ExternalId")
        names = _caller_names(self.get_access_key())
        context = _organization(names[-1]) | ({"sts:ExternalId": external_id} if external_id else {})
        if not _can_assume(arn, aws(*names), context):
            # AWS returns the same error whether the role does not exist or does not trust the caller.
            raise AccessDeniedError(names[0], f"sts:AssumeRole on resource: {arn}")
        seconds = self._get_int_param("DurationSeconds", DEFAULT_SESSION)
        _check_duration(seconds, arn, is_chained=session_of(self.get_access_key()) is not None)
        answer: Any = respond(self)
        if self.normalized_request.from_wsgi_server:
            last_outside(answer.result["Credentials"], seconds)
        return answer

    with applied("sts", {"TokenResponse.assume_role": assume_role}):
        yield


def _check_duration(seconds: int, role_arn: str, *, is_chained: bool) -> None:
    """Refuse a session that is shorter or longer than STS, the role, or a chain of roles allows."""
    if not SHORTEST_SESSION <= seconds <= LONGEST_SESSION:
        bound, limit = ("less", LONGEST_SESSION) if seconds > LONGEST_SESSION else ("greater", SHORTEST_SESSION)
        raise STSValidationError(
            f"1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: "
            f"Member must have value {bound} than or equal to {limit}"
        )
    if is_chained and seconds > LONGEST_CHAINED_SESSION:
        limit_of_chain = "the 1 hour session limit for roles assumed by role chaining"
        raise STSValidationError(f"The requested DurationSeconds exceeds {limit_of_chain}.")
    if seconds > longest_session(role_arn):
        raise STSValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


def _caller_names(access_key: str) -> list[str]:
    """Return the names that a policy may use for the caller, from the session's ARN to the account id."""
    session = session_of(access_key)
    if session is None:
        caller = caller_of(access_key, get_account_id_from(access_key))
        return [caller.arn, caller.root_arn, caller.account_id]
    account = session.account_id
    return [session.arn, session.role_arn, f"arn:{session.partition}:iam::{account}:root", account]


def _organization(account: str) -> dict[str, str]:
    """Return the condition key that AWS sets for callers from an account of an organization."""
    backend = organizations_backends[account]["aws"]
    return {"aws:PrincipalOrgID": backend.org.id} if backend.org else {}


def _can_assume(role_arn: str, principals: Principals, context: Context) -> bool:
    try:
        return trusts(role_arn, principals, context)
    except NotFoundException:
        return False
