"""What must be true of every run, whatever happens in it."""

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
from sandbox.aws.rekognition.models import rekognition_backends
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import STACK_NAME
from sandbox.world import Sandbox
from tests.workflow import denials
from tests.workflow.ending import Ending, request_of

OWN_POLICY = re.compile(rf"{STACK_NAME}-\d{{1,7}}")
OWN_ROLE = re.compile(rf"arn:aws:iam::\d{{12}}:role/{STACK_NAME}-(destination|CopyProjectVersionFunctionRole-\w+)")
PROJECT = re.compile(r"arn:[^:]+:rekognition:[^:]+:\d{12}:project/.+")
LONGEST_POLICY = 2_000
COPIED = ("COPYING_COMPLETED", "STARTING", "RUNNING", "STOPPING", "STOPPED")
MOST_EVENTS = 25_000


class Witness:
    """Watches what the workflow does to the world, call by call.

    Others write past the API (happenings.py), so each call seen here is the workflow's.
    """

    def __init__(self, aws: Sandbox) -> None:
        self.aws = aws
        self.calls: list[str] = []
        self.wrongs: list[str] = []
        self.denials: list[str] = []
        self.deletions: Counter[str] = Counter()
        self.checks = 0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the calls that change something, and those that are denied."""
        operations = ("put_project_policy", "delete_project_policy", "copy_project_version")

        def watched(operation: str) -> Any:
            call = getattr(RekognitionResponse, operation)

            def seen(response: Any) -> str:
                before = statements_of_others(), own_grants()
                try:
                    return str(call(response))
                finally:
                    self.calls.append(operation)
                    self._check_call(operation, response, *before)

            return seen

        with denials.recorded() as self.denials, ExitStack() as stack:
            for operation in operations:
                stack.enter_context(replaced(RekognitionResponse, operation, watched(operation)))
            yield

    def _check_call(self, operation: str, response: Any, others: Counter[Any], own: set[tuple[str, str]]) -> None:
        """No call changes what is others', or a grant that is not its execution's, or makes a policy too long.

        Where AWS refuses a document with a role that is gone, its grants may go.
        """
        self.checks += 3
        if lost := others - statements_of_others():
            self.wrongs.append(f"{operation} lost {lost}")
        if changed := own ^ own_grants():
            changed -= self._asked(str(response._custom_labels_caller().session_arn))
            may_go = {one for one in changed - own_grants() if settings.roles_must_exist and not role_id(one[0])}
            self.wrongs += [f"{operation} changed {one}" for one in changed - may_go]
        policies = [(name, len(policy.document)) for project in projects() for name, policy in project.policies.items()]
        self.wrongs += [f"{name} has {length} characters" for name, length in policies if length > LONGEST_POLICY]

    def _asked(self, session: str) -> set[tuple[str, str]]:
        """The grants that are for the execution which made a call; those for all if the session does not name it."""
        everyone = self.aws.executions
        named = [one for one in everyone if session.endswith(f"/{one.name[:64]}")]
        return {grant for one in named or everyone if (grant := self.grant_of(request_of(one)))}

    def grant_of(self, request: Any) -> tuple[str, str] | None:
        """The grant that a request is for, a role and a version; None if the request does not say."""
        if not isinstance(request, dict) or not PROJECT.fullmatch(str(request.get("DestinationProjectArn"))):
            return None
        return self.aws.copying_role(request), str(request.get("SourceProjectVersionArn"))

    def deleted(self, request: Any) -> None:
        """Know that others delete what holds the request's name, so that one more copy of it is right."""
        self.deletions[name_of(request)] += 1

    def was_deleted(self, request: Any) -> bool:
        """Whether others deleted what held the name."""
        return self.deletions[name_of(request)] > 0

    def check_world(self) -> None:
        """No role lacks a permission, no call has done what it must not, and nothing is copied twice."""
        self.checks += 3
        assert not self.denials, "\n".join(self.denials)
        assert self.wrongs == []
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
        changes = set(self.calls[calls_before:])
        if ending.input_was_wrong or ending.ignored:
            assert not changes
        elif not ending.was_valid:
            assert "copy_project_version" not in changes

    def check_grants(self, endings: list[tuple[Ending, Any]]) -> None:
        """No grant of the stack outlives the endings that a state can see, unless the state data says so."""
        self.checks += 1
        stays = [ending.failed_at_task or ending.says_that_the_grant_stayed for ending, _ in endings]
        granted = [self.grant_of(request) for _, request in endings]
        kept = {grant for grant, its_stays in zip(granted, stays, strict=True) if its_stays}
        assert own_grants().isdisjoint(set(granted) - kept)


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
    """Whether the stack wrote the statement: into its own policy, of one version, for the roles that copy alone."""
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
    for project in projects():
        for policy in project.policies.values():
            for statement in json.loads(policy.document)["Statement"]:
                yield project.arn, policy.name, statement


def own_grants() -> set[tuple[str, str]]:
    """The roles that the stack grants a version, each with the version."""
    own = [statement for _, policy, statement in statements() if is_own(policy, statement)]
    return {(role, version) for one in own for role in one["Principal"]["AWS"] for version in one["Resource"]}


def statements_of_others() -> Counter[tuple[str, str, str]]:
    return Counter(
        (project, policy, json.dumps(statement, sort_keys=True))
        for project, policy, statement in statements()
        if not is_own(policy, statement)
    )
