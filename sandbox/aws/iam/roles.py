"""What the session of a role may do, and who may assume the role.

A Deny in any policy decides. Otherwise a call has to be allowed by the role's own policies, by its permissions
boundary, by the policy of the session and by the service control policies of its account.
"""

import json
import time
from datetime import UTC, datetime
from urllib.parse import unquote

from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, Role, get_account_id_from, iam_backends
from moto.sts.models import AssumedRole, sts_backends

from sandbox.aws.iam import organization
from sandbox.aws.iam.policies import Call, Context, Principals, allows, effects

DEFAULT_LONGEST_SESSION = 3_600
FIRST_REGION = "us-east-1"


def refusal(session: AssumedRole, action: str, resource: str, context: Context) -> str | None:
    """Return AWS's message if the session may not make the call; None if it may."""
    call = Call(action, resource, {**_of_every_call(session, resource), **context})
    found = {kind: effects(documents, call) for kind, documents in _policies(session).items()}
    start = f"User: {session.arn} is not authorized to perform: {action} on resource: {resource}"
    for kind, its_effects in found.items():
        if "Deny" in its_effects:
            article = "an" if kind[0] == "i" else "a"
            return f"{start} with an explicit deny in {article} {kind}"
    for kind, its_effects in found.items():
        if "Allow" not in its_effects:
            return f"{start} because no {kind} allows the {action} action"
    return None


def _of_every_call(session: AssumedRole, resource: str) -> dict[str, str]:
    """Return the condition keys of every call; calls about no resource of a Region are made in the first one."""
    region = resource.split(":")[3] if resource.startswith("arn:") else ""
    return {"aws:PrincipalArn": session.role_arn, "aws:RequestedRegion": region or FIRST_REGION}


def last_outside(session: AssumedRole, seconds: int) -> None:
    """Let a session last for the time on its caller's clock, which is the machine's and not the sandbox's."""
    vars(session)["outside"] = True
    session.expiration = datetime.fromtimestamp(time.time() + seconds, UTC).replace(tzinfo=None)


def has_ended(session: AssumedRole, now: float) -> bool:
    """Return whether the session has expired; ``now`` is the time in the sandbox."""
    outside = vars(session).get("outside", False)
    return has_ended_outside(session) if outside else _end(session) < now


def has_ended_outside(session: AssumedRole) -> bool:
    """Return whether the session was given to a caller outside the sandbox, and has expired."""
    return vars(session).get("outside", False) and _end(session) < time.time()


def trusts(role_arn: str, principals: Principals, context: Context) -> bool:
    """Return whether the role's trust policy lets the caller assume the role.

    Raises moto's NotFoundException if there is no such role.
    """
    return allows(trust_policy(role_arn), Call("sts:AssumeRole", role_arn, context, principals))


def trust_policy(role_arn: str) -> str:
    """Return the policy that says who may assume the role."""
    role, _ = _role(role_arn)
    return _as_text(role.assume_role_policy_document)


def longest_session(role_arn: str) -> int:
    """Return the MaxSessionDuration of a role, in seconds."""
    role, _ = _role(role_arn)
    return int(role.max_session_duration or DEFAULT_LONGEST_SESSION)


def role_id(role_arn: str) -> str | None:
    """Return the unique id of a role; None if there is no such role."""
    try:
        role, _ = _role(role_arn)
    except (NotFoundException, ValueError):
        return None
    return str(role.id)


def session_of(access_key: str) -> AssumedRole | None:
    """Return the session that has the key; None for the root user of an account."""
    backends = list(sts_backends[get_account_id_from(access_key)].values())
    found = (backend.get_assumed_role_from_access_key(access_key) for backend in backends)
    return next((session for session in found if session), None)


def _end(session: AssumedRole) -> float:
    return session.expiration.replace(tzinfo=UTC).timestamp()


def _policies(session: AssumedRole) -> dict[str, list[str]]:
    """Return the policies of each kind that limits the session."""
    role, backend = _role(session.role_arn)
    inline = [_as_text(one) for one in role.policies.values()]
    found = {"identity-based policy": [*inline, *(_managed(backend, arn) for arn in role.managed_policies)]}
    if role.permissions_boundary_arn:
        found["permissions boundary"] = [_managed(backend, role.permissions_boundary_arn)]
    if session.policy:
        found["session policy"] = [session.policy]
    if of_account := organization.policies_of(session.role_arn.split(":")[4]):
        found["service control policy"] = of_account
    return found


def _managed(backend: IAMBackend, arn: str) -> str:
    return _as_text(next(one.document for one in backend.managed_policies[arn].versions if one.is_default))


def _role(role_arn: str) -> tuple[Role, IAMBackend]:
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    backend = iam_backends[account][partition]
    return backend.get_role_by_arn(role_arn), backend


def _as_text(document: object) -> str:
    """Return a policy as JSON; moto keeps some as objects and some escaped as in a URL."""
    return unquote(document) if isinstance(document, str) else json.dumps(document)
