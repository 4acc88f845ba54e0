"""Every fault at every call of every function, once, three times and always: matrix.tsv says how the execution ends.

An ending is ``succeeds``; ``succeeds, grant stays`` (the state data has the reason); ``refused: ERROR``, in a Fail
state; or ``task: ERROR``, at a task. That one is redriven when the fault is over, and must then succeed. The function
that plans runs in a dry run, which succeeds with any plan.
"""

import csv
import os
import re
from pathlib import Path

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions.interpreter import redrive
from sandbox.deployment import ROOT
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.conftest import Run
from tests.workflow.ending import Ending
from tests.workflow.invariants import Request, Witness, copies

COUNTS = ("x1", "x3", "always")
COPY, DESCRIBE, ENSURE, VALIDATE = (
    f"{task}Function"
    for task in ("CopyProjectVersion", "DescribeProjectVersion", "EnsureProjectPolicy", "ValidateRequest")
)
LOST = "lost_answer slow"
PUT_AGAIN = {
    f"{ENSURE}.ListProjectPolicies": "others_change_policy others_put_policy",
    f"{ENSURE}.PutProjectPolicy": f"{LOST} InvalidPolicyRevisionIdException ResourceAlreadyExistsException",
}
# Settings for undocumented behavior that differ from the sandbox's defaults, and the rows that each one affects.
SWITCHES: list[tuple[str, object, dict[str, str]]] = [
    (
        "taken_name_error",
        "InvalidParameterException",
        {f"{COPY}.CopyProjectVersion": f"{LOST} dropped ResourceInUseException", COPY: "killed timed_out"},
    ),
    (
        "slot_error",
        "ServiceQuotaExceededException",
        {f"{COPY}.CopyProjectVersion": "LimitExceededException ServiceQuotaExceededException"},
    ),
    (
        "versions_quota_error",
        "LimitExceededException",
        {f"{COPY}.CopyProjectVersion": "LimitExceededException ServiceQuotaExceededException"},
    ),
    (
        "policy_quota_error",
        "ServiceQuotaExceededException",
        {f"{ENSURE}.PutProjectPolicy": "LimitExceededException ServiceQuotaExceededException"},
    ),
    ("existing_policy_error", "InvalidPolicyRevisionIdException", PUT_AGAIN),
    ("existing_policy_error", None, PUT_AGAIN),
    (
        "unknown_version_error",
        "ResourceNotFoundException",
        {
            f"{VALIDATE}.DescribeProjectVersions": f"{LOST} ThrottlingException ResourceNotFoundException",
            f"{COPY}.DescribeProjectVersions": f"{LOST} ThrottlingException ResourceNotFoundException",
            f"{COPY}.CopyProjectVersion": f"{LOST} dropped version_deleted",
            f"{DESCRIBE}.DescribeProjectVersions": "ThrottlingException ResourceNotFoundException version_deleted",
        },
    ),
    (
        "visibility_lag_seconds",
        40,
        {
            f"{COPY}.CopyProjectVersion": f"{LOST} dropped ResourceInUseException version_started version_deleted",
            COPY: "killed timed_out",
            f"{DESCRIBE}.DescribeProjectVersions": "ThrottlingException ResourceNotFoundException version_deleted",
        },
    ),
    (
        "propagation_seconds",
        240,
        {
            f"{ENSURE}.PutProjectPolicy": f"{LOST} others_delete_policy grant_withdrawn",
            f"{COPY}.CopyProjectVersion": f"{LOST} dropped AccessDeniedException LimitExceededException "
            "others_change_policy others_delete_policy grant_withdrawn version_deleted",
        },
    ),
    ("copy_inherits_creation_timestamp", False, {f"{DESCRIBE}.DescribeProjectVersions": "ThrottlingException"}),
    ("copy_reports_output_config", False, {f"{COPY}.CopyProjectVersion": LOST}),
    ("copy_reports_kms_key", False, {f"{COPY}.CopyProjectVersion": LOST}),
    (
        "started_copy_replaces_status",
        False,
        {
            f"{COPY}.CopyProjectVersion": "version_started version_stopped",
            f"{DESCRIBE}.DescribeProjectVersions": "version_started version_stopped",
        },
    ),
    ("copy_inherits_output_config", True, {f"{COPY}.CopyProjectVersion": LOST, COPY: "killed timed_out"}),
    ("copy_reports_evaluation", False, {f"{COPY}.CopyProjectVersion": LOST}),
    ("failed_copy_keeps_name", False, {f"{COPY}.CopyProjectVersion": LOST}),
    ("accepts_sid", False, {f"{ENSURE}.PutProjectPolicy": LOST}),
    ("effect_ignores_case", False, PUT_AGAIN),
    ("accepts_other_actions", False, PUT_AGAIN),
    (
        "reported_feature",
        None,
        {
            f"{VALIDATE}.DescribeProjectVersions": LOST,
            f"{COPY}.CopyProjectVersion": f"{LOST} dropped",
            f"{DESCRIBE}.DescribeProjectVersions": "ThrottlingException",
        },
    ),
    ("reported_feature", "", {f"{VALIDATE}.DescribeProjectVersions": LOST, f"{COPY}.CopyProjectVersion": LOST}),
    ("states_all_catches_data_limit", False, {"WithdrawGrantFunction": "too_large killed"}),
    ("accepts_condition", True, {f"{ENSURE}.PutProjectPolicy": f"{LOST} MalformedPolicyDocumentException"}),
    ("conditions_are_met", True, {f"{ENSURE}.PutProjectPolicy": LOST}),
    ("roles_must_exist", True, {f"{ENSURE}.PutProjectPolicy": f"{LOST} MalformedPolicyDocumentException"}),
    ("invalid_request_error", "ValidationException", {f"{COPY}.CopyProjectVersion": "InvalidParameterException"}),
    (
        "copy_reports_source",
        "when_complete",
        {
            f"{COPY}.CopyProjectVersion": f"{LOST} dropped ResourceInUseException version_started version_deleted",
            COPY: "killed timed_out CodeArtifactUserPendingException",
            f"{DESCRIBE}.DescribeProjectVersions": "ThrottlingException version_started version_deleted",
        },
    ),
]
PLAN, STORY_OF_PLAN = "PlanCopyFunction", "plan_copy"
STORY_OF = {
    PLAN: STORY_OF_PLAN,
    **{f"{PLAN}.{call}": STORY_OF_PLAN for call in ("AssumeRole", "DescribeProjectVersions", "ListProjectPolicies")},
    "ReadApprovalFunction": "approved_in_sagemaker",
    "WithdrawGrantFunction.PutProjectPolicy": "grant_beside_others",
}
BEFORE = {"CopyProjectVersionFunction.ListProjectPolicies": "CopyProjectVersion: AccessDeniedException; "}
ROWS = list(csv.DictReader(Path(__file__).with_name("matrix.tsv").read_text().splitlines(), delimiter="\t"))
OTHERWISE = {
    (row["switch"], row["place"], row["fault"], row["count"]): row["ending"]
    for row in csv.DictReader(Path(__file__).with_name("matrix_otherwise.tsv").read_text().splitlines(), delimiter="\t")
}
CELLS = [(row["place"], row["fault"], count, row[count]) for row in ROWS for count in COUNTS]
SWITCHED = [
    (f"{switch} = {value!r}", *cell[:3], OTHERWISE.get((switch, *cell[:3]), cell[3]))
    for switch, value, touched in SWITCHES
    for cell in CELLS
    if cell[1] in touched.get(cell[0], "").split() or "WHOLE_MATRIX" in os.environ
    # With these settings, another writer's policy of the stack's name is overwritten, as docs/assumptions.md describes.
    if (switch, value, *cell[:2])
    != ("existing_policy_error", None, f"{ENSURE}.ListProjectPolicies", "others_change_policy")
]


@pytest.mark.parametrize(("place", "fault", "count", "expected"), CELLS)
def test_each_fault_at_each_call_ends_as_the_table_says(
    aws: Sandbox, witness: Witness, run: Run, place: str, fault: str, count: str, expected: str
) -> None:
    check(aws, witness, run, f"{BEFORE.get(place, '')}{place}: {fault} {count}", STORY_OF.get(place), expected)


@pytest.mark.parametrize(("switch", "place", "fault", "count", "expected"), SWITCHED)
def test_each_fault_ends_as_the_table_says_if_aws_behaves_differently(
    aws: Sandbox, witness: Witness, run: Run, switch: str, place: str, fault: str, count: str, expected: str
) -> None:
    plan = f"{switch}; {BEFORE.get(place, '')}{place}: {fault} {count}"
    check(aws, witness, run, plan, STORY_OF.get(place), expected)


def test_every_switch_is_an_assumption_that_is_documented() -> None:
    assumptions = (ROOT / "docs" / "assumptions.md").read_text()
    columns = [line.split(" | ")[2].rstrip(" |") for line in assumptions.splitlines() if line.startswith("| ")]

    assert all(columns), "A row of docs/assumptions.md has neither a switch nor the reason why it has none."
    documented, turned = set(re.findall(r"`(\w+)`", " ".join(columns))), {switch for switch, _, _ in SWITCHES}
    assert documented == turned, f"Only in docs/assumptions.md or only in SWITCHES: {sorted(documented ^ turned)}"


def check(aws: Sandbox, witness: Witness, run: Run, plan: str, story: str | None, expected: str) -> None:
    """Run the story with the plan, check how it ends, and redrive it if a task failed."""
    request = read_event(story or "copy_between_accounts")
    aws.seed(story or "copy_between_accounts")
    settings.copy_seconds = 30
    aws.follow(plan, request)

    ending = run(request)

    assert aws.plan.injected
    assert ending.summary == expected
    if ending.failed_at_task:
        assert redriven(aws, witness, request).status == "SUCCEEDED"
        assert len(copies()) == (0 if story == STORY_OF_PLAN else 1)


def redriven(aws: Sandbox, witness: Witness, request: Request) -> Ending:
    """Redrive the execution when the fault is over."""
    (execution,) = aws.executions
    aws.follow("")
    redrive(execution)
    aws.finish()
    ending = Ending.of(execution)
    copied = ending.request or request
    witness.check_ending(ending, copied)
    witness.check_grants([(ending, copied)])
    return ending
