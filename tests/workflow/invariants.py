"""What must be true of every run, whatever happens in it."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sandbox.aws.rekognition.models
from sandbox.aws.patches import replaced
from sandbox.aws.rekognition.models import RekognitionBackend, rekognition_backends
from tests.workflow import denials
from tests.workflow.ending import Ending

OWN_POLICY = "rekognition-model-copy-"
COPIED = ("COPYING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED")
MOST_EVENTS = 25_000


class Witness:
    """Watches what the workflow does to the world, call by call.

    Others write past the API (happenings.py), so each call seen here is the workflow's.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.losses: list[str] = []
        self.denials: list[str] = []
        self.deletions: Counter[str] = Counter()
        self.checks = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the calls that change something, and those that are denied."""
        put, delete, copy = (
            RekognitionBackend.put_project_policy,
            RekognitionBackend.delete_project_policy,
            RekognitionBackend.copy_project_version,
        )

        def watched(operation: str, call: Any) -> Any:
            def seen(backend: RekognitionBackend, *args: Any, **kwargs: Any) -> Any:
                before = statements_of_others()
                try:
                    return call(backend, *args, **kwargs)
                finally:
                    self.calls.append((operation, str(kwargs.get("caller", ""))))
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

    def deleted(self, request: Any) -> None:
        """Know that others delete what holds the request's name, so that one more copy of it is right."""
        self.deletions[name_of(request)] += 1

    def was_deleted(self, request: Any) -> bool:
        """Whether others deleted what held the name."""
        return self.deletions[name_of(request)] > 0

    def check_world(self) -> None:
        """No role lacks a permission, nothing of anyone else's is lost, and nothing is copied twice."""
        self.checks += 3
        assert not self.denials, "\n".join(self.denials)
        assert self.losses == []
        counts = Counter(copy.arn.rpartition("/")[0] for copy in copies())
        assert all(count <= 1 + self.deletions[name] for name, count in counts.items()), counts

    def check_ending(self, ending: Ending, request: Any, calls_before: int = 0) -> None:
        """An execution ends; with success only for our copy, complete; and a refused input has changed nothing.

        Only another's copy is a conflict.
        """
        self.checks += 5
        assert ending.status in ("SUCCEEDED", "FAILED")
        assert len(ending.history) < MOST_EVENTS
        if ending.status == "SUCCEEDED" and not ending.ignored:
            version = held(name_of(request))
            assert version.source_arn == request["SourceProjectVersionArn"]
            assert version.status(sandbox.aws.rekognition.models.utcnow()) in COPIED
        if ending.error == "VersionConflictError" and not self.was_deleted(request):
            version = held(name_of(request))
            ours = (version.source_arn, version.output_config, version.kms_key_id)
            asked = (request["SourceProjectVersionArn"], request["OutputConfig"], request.get("KmsKeyId"))
            assert ours != asked, "our own copy was refused"
        changes = {operation for operation, _ in self.calls[calls_before:]}
        if ending.input_was_wrong or ending.ignored:
            assert not changes
        elif not ending.was_valid:
            assert "CopyProjectVersion" not in changes

    def check_grants(self, endings: list[tuple[Ending, Any]]) -> None:
        """No grant of the stack outlives the endings that a state can see, unless the state data says so."""
        self.checks += 1
        kept = {
            request.get("SourceProjectVersionArn")
            for ending, request in endings
            if ending.failed_at_task or ending.says_that_the_grant_stayed
        }
        gone = {request.get("SourceProjectVersionArn") for _, request in endings} - kept
        assert gone.isdisjoint(own_grants())


def name_of(request: Any) -> str:
    """The name that a request is for, as the ARN of its version without the number."""
    return f"{request['DestinationProjectArn'].rpartition('/')[0]}/version/{request['VersionName']}"


def projects() -> Iterator[Any]:
    for account in rekognition_backends.values():
        for backend in account.values():
            yield from backend.projects.values()


def copies() -> list[Any]:
    """Every copy that took effect."""
    return [
        copy for account in rekognition_backends.values() for backend in account.values() for copy in backend.copies
    ]


def held(name: str) -> Any:
    """The version of a name, given as its ARN without the number."""
    return next(
        (one for project in projects() for one in project.versions.values() if one.arn.rpartition("/")[0] == name), None
    )


def is_own(policy: str, statement: dict[str, Any]) -> bool:
    """Whether the stack wrote the statement: into its own policy, for the role that copies alone."""
    principal = statement["Principal"]
    named = principal["AWS"] if isinstance(principal, dict) else principal
    (role,) = named if isinstance(named, list) and len(named) == 1 else [str(named)]
    return policy.startswith(OWN_POLICY) and ":role/rekognition-model-copy-" in role


def statements() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for project in projects():
        for policy in project.policies.values():
            for statement in json.loads(policy.document)["Statement"]:
                yield project.arn, policy.name, statement


def own_grants() -> set[str]:
    """The versions that the stack grants."""
    return {arn for _, policy, statement in statements() if is_own(policy, statement) for arn in statement["Resource"]}


def statements_of_others() -> Counter[tuple[str, str, str]]:
    return Counter(
        (project, policy, json.dumps(statement, sort_keys=True))
        for project, policy, statement in statements()
        if not is_own(policy, statement)
    )
