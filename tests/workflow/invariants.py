"""Rules that every run must keep, whatever happens in it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sandbox.aws.rekognition.models
from sandbox.aws.patches import replaced
from sandbox.aws.rekognition.copying import Copy
from sandbox.aws.rekognition.models import RekognitionBackend, rekognition_backends
from sandbox.aws.rekognition.project import Project
from sandbox.aws.rekognition.project_version import ProjectVersion
from tests.workflow import denials
from tests.workflow.ending import Ending

# A request, or another input that was refused.
Request = Any

OWN_POLICY = "rekognition-model-copy-"
COPIED = ("COPYING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED")
MOST_EVENTS = 25_000
models: Any = sandbox.aws.rekognition.models  # its utcnow is the sandbox's


class Witness:
    """Records what the workflow changes in AWS, call by call.

    Other writers do not use the API (happenings.py), so every call seen here comes from the workflow.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.losses: list[str] = []
        self.denials: list[str] = []
        self.deletions: Counter[str] = Counter()
        self.checks = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Record the calls that change something, and those that are denied."""
        put, delete, copy = (
            RekognitionBackend.put_project_policy,
            RekognitionBackend.delete_project_policy,
            RekognitionBackend.copy_project_version,
        )

        def watched(operation: str, call: Callable[..., Any]) -> Callable[..., Any]:
            def seen(backend: RekognitionBackend, *args: Any, **kwargs: Any) -> Any:
                before = statements_of_others()
                try:
                    return call(backend, *args, **kwargs)
                finally:
                    self.calls.append(operation)
                    self.checks += 1
                    if lost := before - statements_of_others():
                        self.losses.append(f"{operation} lost {lost}")

            return seen

        with (
            denials.recorded() as self.denials,
            replaced(RekognitionBackend, "put_project_policy", watched("PutProjectPolicy", put)),
            replaced(RekognitionBackend, "delete_project_policy", watched("DeleteProjectPolicy", delete)),
            replaced(RekognitionBackend, "copy_project_version", watched("CopyProjectVersion", copy)),
        ):
            yield

    def note_deletion(self, request: Request) -> None:
        """Record that others delete the version with the requested name, so that a second copy is allowed."""
        self.deletions[unnumbered_arn(request)] += 1

    def was_deleted(self, request: Request) -> bool:
        """Return whether others deleted the version with the requested name."""
        return self.deletions[unnumbered_arn(request)] > 0

    def check_world(self) -> None:
        """Check that no role lacks a permission, no statement of others is lost, and nothing is copied twice."""
        self.checks += 3
        assert not self.denials, "\n".join(self.denials)
        assert self.losses == []
        counts = Counter(copy.arn.rpartition("/")[0] for copy in copies())
        assert all(count <= 1 + self.deletions[name] for name, count in counts.items()), counts

    def check_ending(self, ending: Ending, request: Request, calls_before: int = 0) -> None:
        """Check that the execution ended, and succeeded only if the copy is complete and of the requested version.

        A refused input has changed nothing, and only a version that is not this copy is a conflict.
        """
        self.checks += 5
        assert ending.status in ("SUCCEEDED", "FAILED")
        assert len(ending.history) < MOST_EVENTS
        if ending.status == "SUCCEEDED" and not ending.ignored:
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
        if ending.input_was_wrong or ending.ignored:
            assert not changes
        elif not ending.was_valid:
            assert "CopyProjectVersion" not in changes

    def check_grants(self, endings: list[tuple[Ending, Request]]) -> None:
        """Check that no grant of the stack is left, unless a task failed or the state data has the reason."""
        self.checks += 1
        kept = {
            request.get("SourceProjectVersionArn")
            for ending, request in endings
            if ending.failed_at_task or ending.grant_stays
        }
        gone = {request.get("SourceProjectVersionArn") for _, request in endings} - kept
        assert gone.isdisjoint(own_grants())


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
    """Return whether the stack wrote the statement: into its own policy, for just the role that copies."""
    principal = statement["Principal"]
    named = principal["AWS"] if isinstance(principal, dict) else principal
    (role,) = named if isinstance(named, list) and len(named) == 1 else [str(named)]
    return policy.startswith(OWN_POLICY) and ":role/rekognition-model-copy-" in role


def statements() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the project, the policy and the statement."""
    for project in projects():
        for policy in project.policies.values():
            for statement in json.loads(policy.document)["Statement"]:
                yield project.arn, policy.name, statement


def own_grants() -> set[str]:
    """Return the versions that the stack grants."""
    return {arn for _, policy, statement in statements() if is_own(policy, statement) for arn in statement["Resource"]}


def statements_of_others() -> Counter[tuple[str, str, str]]:
    return Counter(
        (project, policy, json.dumps(statement, sort_keys=True))
        for project, policy, statement in statements()
        if not is_own(policy, statement)
    )
