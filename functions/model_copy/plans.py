"""The plan of a copy: what its execution would do, found out by the code of its tasks, with nothing changed."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from model_copy import checks, grants, placement, runtime, versions
from model_copy.copying import DESCRIBE, LIST_POLICIES
from model_copy.errors import ModelCopyError, PolicyFullError, RefusedError
from model_copy.policies import Match
from model_copy.request import CopyRequest
from model_copy.text import escape, to_json

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

COPY, ADOPT, WAIT, REFUSE = "COPY", "ADOPT", "WAIT", "REFUSE"

Plan = dict[str, Any]
# Returns a client for one account of a request.  The client is limited to the actions.
ClientFor = Callable[..., "RekognitionClient"]


def plan(
    read_request: Callable[[], CopyRequest], source: ClientFor, destination: ClientFor, minimum_f1_score: float
) -> Plan:
    """Return the plan of the request; a refusal is a plan, too.

    Raises TransientError, AccessDeniedError.
    """
    try:
        request = read_request()
        source_client = source(request, DESCRIBE, LIST_POLICIES)
        return _of_valid(source_client, destination(request, DESCRIBE), request, minimum_f1_score)
    except RefusedError as error:
        return _plan(REFUSE, error)


def _of_valid(
    source: "RekognitionClient", destination: "RekognitionClient", request: CopyRequest, minimum_f1_score: float
) -> Plan:
    existing, version = checks.check_both(source, destination, request, minimum_f1_score)
    score = version and version.f1_score
    if existing:
        unknown = ["Whether the copy, which is in progress, will complete."]
        not_checked = unknown if existing.status == versions.IN_PROGRESS else []
        return _plan(ADOPT, ProjectVersionArn=existing.arn, NotChecked=not_checked, F1Score=score)
    try:
        policy, unknown = _policy(source, request)
    except PolicyFullError as error:
        return _plan(WAIT, error, NotChecked=_not_checked(request), F1Score=score)
    return _plan(COPY, Policy=policy, NotChecked=[*unknown, *_not_checked(request)], F1Score=score)


def _policy(source: "RekognitionClient", request: CopyRequest) -> tuple[dict[str, Any] | None, list[str]]:
    """Return the policy before and after the grant, and what is unknown; None if the copy needs no grant.

    Raises SourceVersionNotFoundError, PolicyDeniedError, PolicyFullError, TransientError, AccessDeniedError.
    """
    grant, found = grants.grant_for(request), grants.read_policies(source, request)
    grants.refuse_denied(found, grant, request, Match.YES)
    maybe = [policy.name for policy in found if policy.denies(grant) is Match.MAYBE]
    unknown = [f"Whether the condition of a Deny in project policy {name} is met." for name in maybe]
    if not request.crosses_accounts or any(policy.allows(grant) for policy in found):
        return None, unknown
    place = placement.choose(found, grant, placement.Tries(), request, probes=0)
    before = next((policy.document for policy in found if policy.name == place.name), None)
    if before is None:
        unknown.append(
            f"Whether the quota of {request.source_project} allows another project policy; it has {len(found)}."
        )
    return {"PolicyName": place.name, "Before": _readable(before), "After": _readable(place.document)}, unknown


def _readable(document: str | None) -> object:
    """Return the document as an object, or as a string if Step Functions would not accept what others wrote in it."""
    content = None if document is None else json.loads(document)
    return content if to_json(content) is not None else escape(document or "")


def _not_checked(request: CopyRequest) -> list[str]:
    """Return what only CopyProjectVersion shows."""
    project, bucket = request.destination_project, request.output_config.get("S3Bucket")
    return [
        f"Whether account {project.account} has a free copy slot in {project.region}.",
        f"Whether {project} has room for another model version.",
        f"Whether the bucket {bucket} exists and the copying role may write to it.",
        "Whether the copying role may use the KMS keys of the source and of the output.",
    ]


def _plan(action: str, error: ModelCopyError | None = None, **known: object) -> Plan:
    return {
        "Action": action,
        "Error": error and type(error).__name__,
        "Cause": error and runtime.with_runbook(error),
        "ProjectVersionArn": None,
        "F1Score": None,
        "Policy": None,
        "NotChecked": [],
        **known,
    }
