"""Each role may do what its work needs and nothing else: without any one action or resource some run fails."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from typing import Any, NamedTuple

import pytest
from moto.iam.models import Role, iam_backends

from sandbox.aws import schedules
from sandbox.aws.eventbridge import is_event
from sandbox.aws.iam.policies import as_list
from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions.executions import stop
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.deployment import ADMINISTRATOR, DESTINATION_ACCOUNT, PROMOTIONS_BUCKET, SOURCE_ACCOUNT, STACK_ACCOUNT
from sandbox.stories import promotions_bucket, read_event
from sandbox.world import Sandbox
from tests.workflow import denials, promotions
from tests.workflow.conftest import Deploy
from tests.workflow.ending import Ending

# A story and its plan of faults.
StoryRun = tuple[str, str]


class Part(NamedTuple):
    """One action or resource of a statement; the role is named without CloudFormation's suffix."""

    role: str
    statement: int
    element: str
    value: str


# The runs that need the permissions, with their plans of faults; the last four are announced.
NOT_WITHDRAWN = "WithdrawGrantFunction: CodeArtifactUserFailedException; AnnounceOutcomeFunction: crashed"
RUNS: tuple[StoryRun, ...] = (
    ("approved_in_sagemaker", ""),
    ("copy_with_tags_and_key", ""),
    ("grant_beside_others", ""),
    ("copy_between_accounts", "CopyProjectVersion: AccessDeniedException"),
    ("approved_by_tag", ""),
    ("already_copied", "AnnounceOutcomeFunction: crashed"),
    ("already_copied", "AnnounceOutcomeFunction: crashed x3"),
    ("copy_between_accounts", NOT_WITHDRAWN),
    ("grant_beside_others", NOT_WITHDRAWN),
    ("plan_copy", ""),
)
# Those that the state machine of promotions runs, with the fields that differ from the event's. A promotion is stopped
# while it copies, and redriven.
MISSING = {"DestinationsFrom": {"S3Bucket": PROMOTIONS_BUCKET, "S3Key": "manifests/none.json"}}
PROMOTED: dict[StoryRun, Any] = {
    ("tagged_differently", ""): {},
    ("promote_from_manifest", ""): {},
    ("promote_from_manifest", "RecordCopyFunction: crashed"): {"S3VersionId": "the newest"},
    ("promote_from_manifest", "ValidatePromotionFunction: crashed"): MISSING,
    ("promote_to_three", "CopyProjectVersion: InvalidParameterException; AnnouncePromotionFunction: crashed"): {},
    ("promote_to_three", "AnnouncePromotionFunction: crashed x3"): {},
}
# Audits while an approval is copied: of a grant that was left behind, and by the schedule until the last try fails.
AUDITED: tuple[StoryRun, ...] = (("audit_grants", ""), ("audit_grants", "AuditGrantsFunction: crashed x3"))
DAY = 86_400
ENDINGS = ["refused: ManifestError", "refused: PartlyPromotedError", "succeeds"]  # of the last three
ALL_RUNS = (*RUNS, *PROMOTED, *AUDITED)
# What the sandbox does not exercise: logs and traces, and the calls that Rekognition makes with the copying role.
NOT_EXERCISED = ("logs:", "xray:")
OF_REKOGNITION = ("s3:", "kms:")
# Step Functions watches, stops and redrives its own child executions with the actions of the statement that has this.
OF_CHILD_EXECUTIONS = "states:RedriveExecution"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def roles() -> dict[str, list[Role]]:
    """Return the roles of the stack and of the other accounts by their name without CloudFormation's suffix."""
    found: dict[str, list[Role]] = {}
    for account in (STACK_ACCOUNT, SOURCE_ACCOUNT, DESTINATION_ACCOUNT):
        for role in iam_backends[account]["aws"].roles.values():
            if role.name != ADMINISTRATOR:
                found.setdefault(without_suffix(role.name), []).append(role)
    return found


def without_suffix(name: str) -> str:
    """Return a name or ARN without the suffix that CloudFormation adds."""
    return re.sub("-[A-Z0-9]{12}$", "", name)


def statements(role: Role) -> list[dict[str, Any]]:
    """Return the statements of the role's inline policies."""
    documents = [json.loads(one) if isinstance(one, str) else one for one in role.policies.values()]
    return [statement for document in documents for statement in document["Statement"]]


def parts() -> list[Part]:
    """Return each action and each resource of each statement that the sandbox exercises."""
    return [
        Part(name, number, element, value)
        for name, (role, *_) in roles().items()
        for number, statement in enumerate(statements(role))
        if not all(str(action).startswith(not_exercised(name)) for action in as_list(statement["Action"]))
        and OF_CHILD_EXECUTIONS not in as_list(statement["Action"])
        for element in ("Action", "Resource")
        for value in map(normal, as_list(statement[element]))
    ]


def not_exercised(name: str) -> tuple[str, ...]:
    """Return the actions of a role that the sandbox does not exercise."""
    copies = "CopyProjectVersion" in name or "destination" in name
    return (*NOT_EXERCISED, *OF_REKOGNITION) if copies else NOT_EXERCISED


def normal(value: str) -> str:
    """Return a value that is the same wherever the stack is."""
    return re.sub("|".join((STACK_ACCOUNT, SOURCE_ACCOUNT, DESTINATION_ACCOUNT)), "OWN", without_suffix(value))


@contextmanager
def without(part: Part) -> Iterator[None]:
    """Remove a part from the policies of its role inside the context."""
    before = [(role, dict(role.policies)) for role in roles()[part.role]]
    for role, policies in before:
        changed = json.loads(json.dumps(statements(role)))
        statement = changed[part.statement]
        statement[part.element] = [one for one in as_list(statement[part.element]) if normal(one) != part.value]
        role.policies = {next(iter(policies)): json.dumps({"Version": "2012-10-17", "Statement": changed})}
    try:
        yield
    finally:
        for role, policies in before:
            role.policies = policies


def result(aws: Sandbox, run: StoryRun) -> tuple[str, str]:
    """Run a story with its plan; return how it ends, and all that is announced."""
    story, plan = run
    event = read_event(story)
    aws.reset()
    aws.announces = "Announce" in plan
    aws.seed(story)
    settings.copy_seconds = 30
    aws.follow(plan, event)
    if run in AUDITED:
        return audit_result(aws)
    if run in PROMOTED:
        return promotion_result(aws, {**event, **PROMOTED[run]})
    started = aws.put(event) if is_event(event) else [aws.start(event)]
    aws.finish()
    summary = Ending.of(started[0]).summary if started else "is not started"
    return summary, told(aws)


def audit_result(aws: Sandbox) -> tuple[str, str]:
    """Audit a day after an execution was stopped, and while an approval is copied; return all that is announced."""
    for story in ("copy_between_accounts", "approved_in_sagemaker"):
        aws.seed(story)
    settings.copy_seconds = 600
    stopped = aws.start(read_event("copy_between_accounts"), "stopped")
    aws.clock.after(60, lambda: stop(stopped))
    approval = read_event("approved_in_sagemaker")

    def approve() -> None:
        aws.start(approval, "approved")

    aws.clock.after(DAY - 300, approve)
    schedules.run(aws.clock, DAY)
    aws.finish()
    return stopped.status, told(aws)


def told(aws: Sandbox) -> str:
    """Return all that is announced, or left in the dead-letter queue."""
    return re.sub(UUID, "UUID", f"{aws.outcomes} {aws.mails} {aws.dead_letters}")


def promotion_result(aws: Sandbox, event: dict[str, Any]) -> tuple[str, str]:
    """Promote, and stop and redrive the promotion; return how it ends, and the outcomes and the announcements."""
    if version := event.pop("S3VersionId", None):
        assert version == "the newest"
        key = event["DestinationsFrom"]["S3Key"]
        newest = promotions_bucket()[1].keys[key].version_id
        event["DestinationsFrom"] = {**event["DestinationsFrom"], "S3VersionId": newest}
    execution = promotions.start(aws, event, "promote-v3")
    aws.clock.after(20, lambda: stop(execution))
    aws.finish()
    stopped = [copy.status for copy in aws.executions]
    if execution.status == "ABORTED":
        redrive(execution)
        aws.finish()
    rows = [(row["Outcome"], row["Error"]) for row in promotions.table()]
    return Ending.of(execution).summary, f"{stopped} {rows} {told(aws)}"


def result_and_actions(aws: Sandbox, run: StoryRun) -> tuple[tuple[str, str], set[tuple[str, str]]]:
    """Return the result of a run, and the actions of each role that it needed permission for."""
    with denials.actions_recorded() as actions:
        found = result(aws, run)
    return found, {(without_suffix(role), action) for role, action in actions}


def may_need(part: Part, actions: set[tuple[str, str]]) -> bool:
    """Return whether a run with these actions can need the part."""
    own = (
        [part.value]
        if part.element == "Action"
        else as_list(statements(roles()[part.role][0])[part.statement]["Action"])
    )
    return any(role == part.role and fnmatch(action, one.lower()) for role, action in actions for one in own)


def test_every_permission_is_needed(deploy: Deploy) -> None:
    needed: set[Part] = set()
    all_parts: set[Part] = set()
    for place in (STACK_ACCOUNT, SOURCE_ACCOUNT, DESTINATION_ACCOUNT):
        with deploy(place) as aws:
            with denials.recorded() as lacking:
                unchanged = {run: result(aws, run) for run in ALL_RUNS}
            assert not lacking, "\n".join(lacking)
            assert {unchanged[run][0] for run in RUNS} == {"succeeds", "succeeds, grant stays"}
            assert {unchanged[run][0] for run in AUDITED} == {"ABORTED"}
            assert [unchanged[run][0] for run in PROMOTED] == [*["succeeds"] * 3, *ENDINGS]
            # A second time, to show that only a missing part changes a result below.
            again = {run: result_and_actions(aws, run) for run in ALL_RUNS}
            assert {run: found for run, (found, _) in again.items()} == unchanged
            for part in sorted(set(parts()) - needed):
                affected = [run for run in ALL_RUNS if may_need(part, again[run][1])]
                with without(part):
                    if any(result(aws, run) != unchanged[run] for run in affected):
                        needed.add(part)
            all_parts |= set(parts())

    assert not all_parts - needed, "\n".join(map(unneeded, sorted(all_parts - needed)))


def unneeded(part: Part) -> str:
    file, role = denials.place(part.role)
    return (
        f"No run needs {part.element} {part.value} (statement {part.statement}) of {role} in {file}. "
        "Remove the permission, or add a run to RUNS."
    )


@pytest.mark.parametrize(
    ("name", "template", "role"),
    [
        ("rekognition-model-copy-TriggerRole-0123456789AB", "template.yaml", "TriggerRole"),
        ("rekognition-model-copy-source", "accounts/source.yaml", "Role"),
        ("rekognition-model-copy-source-ForwardRole", "accounts/source.yaml", "ForwardRole"),
        ("rekognition-model-copy-destination", "accounts/destination.yaml", "Role"),
        ("mine", "another template", "mine"),
    ],
)
def test_a_role_is_found_in_the_template_that_creates_it(name: str, template: str, role: str) -> None:
    assert denials.place(name) == (template, role)


def test_a_missing_permission_is_named_with_the_place_to_add_it(aws: Sandbox) -> None:
    (part,) = (one for one in parts() if "EnsureProjectPolicy" in one.role and one.value == "sts:AssumeRole")
    aws.seed("copy_between_accounts")

    with without(part), denials.recorded() as lacking:
        aws.run(read_event("copy_between_accounts"))

    assert lacking == [
        f"EnsureProjectPolicyFunctionRole lacks sts:AssumeRole on arn:aws:iam::{SOURCE_ACCOUNT}:role/"
        "rekognition-model-copy-source. Add it to the policy of the resource EnsureProjectPolicyFunctionRole "
        "in template.yaml."
    ]
