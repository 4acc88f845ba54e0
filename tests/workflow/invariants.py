"""Rules that every run must keep, whatever happens in it."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from moto.rekognition.responses import RekognitionResponse

import sandbox.aws.rekognition.models
from sandbox.aws.iam.roles import role_id
from sandbox.aws.patches import replaced
from sandbox.aws.rekognition.copying import Copy
from sandbox.aws.rekognition.models import rekognition_backends
from sandbox.aws.rekognition.project import Project
from sandbox.aws.rekognition.project_version import ProjectVersion
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import STACK_NAME
from sandbox.world import Sandbox
from tests.workflow import denials
from tests.workflow.ending import Ending, request_of

# A request, or another input that was refused.
Request = Any
# A role, and the version that it may copy.
OwnGrant = tuple[str, str]

OWN_POLICY = re.compile(rf"{STACK_NAME}-\d{{1,7}}")
OWN_ROLE = re.compile(rf"arn:aws:iam::\d{{12}}:role/{STACK_NAME}-(destination|CopyProjectVersionFunctionRole-\w+)")
PROJECT = re.compile(r"arn:[^:]+:rekognition:[^:]+:\d{12}:project/.+")
LONGEST_POLICY = 2_000
WATCHED = {
    "PutProjectPolicy": "put_project_policy",
    "DeleteProjectPolicy": "delete_project_policy",
    "CopyProjectVersion": "copy_project_version",
}
COPIED = ("COPYING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED")
MOST_EVENTS = 25_000
models: Any = sandbox.aws.rekognition.models  # its utcnow is the sandbox's


class Witness:
    """Records what the workflow changes in AWS, call by call.

    Other writers do not use the API (happenings.py), so every call seen here comes from the workflow.
    """

    def __init__(self, aws: Sandbox) -> None:
        self.aws = aws
        self.calls: list[str] = []
        self.violations: list[str] = []
        self.denials: list[str] = []
        self.deletions: Counter[str] = Counter()
        self.checks = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record the calls that change something, and those that are denied."""

        def watched(operation: str, method: str) -> Any:
            call = getattr(RekognitionResponse, method)

            def seen(response: Any) -> str:
                others, own = statements_of_others(), own_grants()
                try:
                    return str(call(response))
                finally:
                    self.calls.append(operation)
                    self._check_call(operation, str(response._custom_labels_caller().session_arn), others, own)

            return seen

        with denials.recorded() as self.denials, ExitStack() as stack:
            for operation, method in WATCHED.items():
                stack.enter_context(replaced(RekognitionResponse, method, watched(operation, method)))
            yield

    def _check_call(self, operation: str, session: str, others: Counter[Any], own: set[OwnGrant]) -> None:
        """Check that a call changed only grants of the execution that made it, and made no policy too long.

        If AWS refuses documents with deleted roles, the grants of deleted roles may be removed too.
        """
        self.checks += 4
        if self._is_of_dry_run(session):
            self.violations.append(f"{operation} was called in a dry run, by {session}")
        if lost := others - statements_of_others():
            self.violations.append(f"{operation} lost {lost}")
        if changed := own ^ own_grants():
            changed -= self._requested(session)
            may_go = {one for one in changed - own_grants() if settings.roles_must_exist and not role_id(one[0])}
            self.violations += [f"{operation} changed {one}" for one in changed - may_go]
        lengths = [(name, len(policy.document)) for project in projects() for name, policy in project.policies.items()]
        self.violations += [f"{name} has {length} characters" for name, length in lengths if length > LONGEST_POLICY]

    def _requested(self, session: str) -> set[OwnGrant]:
        """Return the grant of the execution that made a call; if the session does not name one, those of all."""
        executions = self._named(session) or self.aws.executions
        return {grant for one in executions if (grant := self.grant_of(request_of(one)))}

    def _named(self, session: str) -> list[Any]:
        """Return the executions that a session is named after."""
        return [one for one in self.aws.executions if session.endswith(f"/{one.name[:64]}")]

    def _is_of_dry_run(self, session: str) -> bool:
        """Return whether a session is of the function that plans, or is named after a dry run."""
        return "PlanCopyFunction" in session or any(is_dry_run(request_of(one)) for one in self._named(session))

    def grant_of(self, request: Request) -> OwnGrant | None:
        """Return the grant that a request needs; None if the request names no project to copy to."""
        if not isinstance(request, dict) or not PROJECT.fullmatch(str(request.get("DestinationProjectArn"))):
            return None
        return self.aws.copying_role(request), str(request.get("SourceProjectVersionArn"))

    def note_deletion(self, request: Request) -> None:
        """Record that others delete the version with the requested name, so that a second copy is allowed."""
        self.deletions[unnumbered_arn(request)] += 1

    def was_deleted(self, request: Request) -> bool:
        """Return whether others deleted the version with the requested name."""
        return self.deletions[unnumbered_arn(request)] > 0

    def check_world(self) -> None:
        """Check that no role lacks a permission, no call broke a rule, and nothing is copied twice."""
        self.checks += 3
        assert not self.denials, "\n".join(self.denials)
        assert self.violations == []
        counts = Counter(copy.arn.rpartition("/")[0] for copy in copies())
        assert all(count <= 1 + self.deletions[name] for name, count in counts.items()), counts

    def check_ending(self, ending: Ending, request: Request, calls_before: int = 0) -> None:
        """Check that the execution ended, and succeeded only if the copy is complete and of the requested version.

        A refused input or a dry run has changed nothing, and only a version that is not this copy is a conflict.
        """
        self.checks += 6
        assert ending.status in ("SUCCEEDED", "FAILED")
        assert len(ending.history) < MOST_EVENTS
        assert ending.planned is (ending.status == "SUCCEEDED" and is_dry_run(request))
        if ending.status == "SUCCEEDED" and not (ending.ignored or ending.planned):
            version = requested_version(request)
            assert version
            assert version.source_arn == request["SourceProjectVersionArn"]
            assert version.status(models.utcnow()) in COPIED
        if ending.error == "VersionConflictError" and not self.was_deleted(request):
            version = requested_version(request)
            assert version
            existing = (version.source_arn, version.output_config, version.kms_key_id)
            requested = (request["SourceProjectVersionArn"], request["OutputConfig"], request.get("KmsKeyId"))
            assert existing != requested, f"The requested copy {version.arn} was refused as another version."
        changes = self.calls[calls_before:]
        if ending.input_was_wrong or ending.ignored or is_dry_run(request):
            assert not changes
        elif not ending.was_valid:
            assert "CopyProjectVersion" not in changes

    def check_grants(self, endings: list[tuple[Ending, Request]]) -> None:
        """Check that no grant of the stack is left, unless a task failed or the state data has the reason.

        A dry run does not withdraw a grant that it finds.
        """
        self.checks += 1
        copied = [(ending, request) for ending, request in endings if not is_dry_run(request)]
        stays = [(self.grant_of(request), ending.failed_at_task or ending.grant_stays) for ending, request in copied]
        kept = {grant for grant, grant_stays in stays if grant_stays}
        assert own_grants().isdisjoint({grant for grant, _ in stays} - kept)


def is_dry_run(request: Request) -> bool:
    """Return whether a request asks for a plan only."""
    return isinstance(request, dict) and request.get("DryRun") is True and "detail-type" not in request


def unnumbered_arn(request: Request) -> str:
    """Return the ARN of the requested copy without the number that AWS will add."""
    return f"{request['DestinationProjectArn'].rpartition('/')[0]}/version/{request['VersionName']}"


def requested_version(request: Request) -> ProjectVersion | None:
    """Return the version with the requested name; None if there is none."""
    arn = unnumbered_arn(request)
    versions = (version for project in projects() for version in project.versions.values())
    return next((version for version in versions if version.arn.rpartition("/")[0] == arn), None)


def projects() -> Iterator[Project]:
    for account in rekognition_backends.values():
        for backend in account.values():
            yield from backend.projects.values()


def copies() -> list[Copy]:
    """Return the copies that were started."""
    return [
        copy for account in rekognition_backends.values() for backend in account.values() for copy in backend.copies
    ]


def is_own(policy: str, statement: dict[str, Any]) -> bool:
    """Return whether the stack wrote the statement: into its own policy, for one version and for roles that copy."""
    principal = statement["Principal"]
    named = principal["AWS"] if isinstance(principal, dict) else principal
    return (
        OWN_POLICY.fullmatch(policy) is not None
        and set(statement) == {"Effect", "Principal", "Action", "Resource"}
        and isinstance(statement["Resource"], list)
        and len(statement["Resource"]) == 1
        and isinstance(named, list)
        and all(OWN_ROLE.fullmatch(role) for role in named)
    )


def statements() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the project, the policy and the statement."""
    for project in projects():
        for policy in project.policies.values():
            for statement in json.loads(policy.document)["Statement"]:
                yield project.arn, policy.name, statement


def own_grants() -> set[OwnGrant]:
    """Return the grants of the stack."""
    own = [statement for _, policy, statement in statements() if is_own(policy, statement)]
    return {(role, version) for one in own for role in one["Principal"]["AWS"] for version in one["Resource"]}


def statements_of_others() -> Counter[tuple[str, str, str]]:
    return Counter(
        (project, policy, json.dumps(statement, sort_keys=True))
        for project, policy, statement in statements()
        if not is_own(policy, statement)
    )
