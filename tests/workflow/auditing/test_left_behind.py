"""A grant of the stack is reported exactly if no execution needs it, whatever starts or ends while an audit reads."""

import json

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.aws.stepfunctions import executions
from sandbox.plans import Plan
from sandbox.stories import backend_of, read_event
from sandbox.world import Sandbox
from tests.workflow import promotions
from tests.workflow.auditing.conftest import (
    FUNCTION,
    PROJECT,
    SOURCE,
    STORY,
    VERSION,
    RunAudit,
    granting,
    kinds,
    reports,
    write,
)
from tests.workflow.machines import Execution

COPY = read_event("copy_between_accounts")
LEFT, POLICY = ["GrantLeftBehind"], "rekognition-model-copy-1"


def start(aws: Sandbox, story: str) -> Execution:
    """Start a copy that takes ten minutes."""
    aws.seed(story)
    settings.copy_seconds = 600
    event = read_event(story)
    return aws.put(event)[0] if "detail-type" in event else aws.start(event)


def test_a_grant_that_no_execution_needs_is_a_finding(left_behind: Sandbox, audit: RunAudit) -> None:
    result = audit()

    (finding,) = result["Findings"]
    assert finding["Kind"] == "GrantLeftBehind"
    assert (finding["Project"], finding["Policy"], finding["Versions"]) == (PROJECT, POLICY, [VERSION])
    assert finding["Owner"] == "this stack"
    assert finding["What"].startswith("No running execution needs this grant of the stack. Start the same request ")
    (mail,) = left_behind.mails
    assert (mail.subject, mail.attributes) == ("Model Grants Found: 1 finding", {"Outcome": "GrantsFound"})
    assert f"policy {POLICY} of {PROJECT} (owner: this stack)\n" in mail.message
    assert "Runbook:     docs/runbook.md#findings-of-an-audit\n" in mail.message


@pytest.mark.parametrize(("seconds", "found"), [(0, []), (119, []), (121, LEFT)])
def test_a_grant_in_a_policy_that_has_just_changed_is_no_finding(
    left_behind: Sandbox, audit: RunAudit, seconds: int, found: list[str]
) -> None:
    assert kinds(audit(after=seconds)) == found


@pytest.mark.parametrize("story", ["copy_between_accounts", "approved_in_sagemaker", "approved_by_tag"])
def test_a_grant_of_a_running_execution_is_no_finding(aws: Sandbox, audit: RunAudit, story: str) -> None:
    execution = start(aws, story)

    result = audit(after=300)

    assert result["Counts"]["Grants"] == 1
    assert execution.status == "SUCCEEDED"
    assert (result["Findings"], result["NotJudged"], aws.mails) == ([], None, [])


def test_the_grants_of_a_promotion_are_no_findings(aws: Sandbox, audit: RunAudit) -> None:
    aws.seed("promote_to_three")
    settings.copy_seconds = 600
    promotions.start(aws, read_event("promote_to_three"), "promote-v3")

    result = audit(after=300)

    assert (result["Counts"]["Grants"], result["Findings"]) == (3, [])


@pytest.mark.parametrize("story", ["copy_between_accounts", "approved_in_sagemaker"])
@pytest.mark.parametrize(("minutes", "found"), [(1, []), (59, []), (61, LEFT), (3 * 24 * 60, LEFT)])
def test_a_grant_of_an_execution_that_ended_is_a_finding_after_an_hour(
    aws: Sandbox, audit: RunAudit, story: str, minutes: int, found: list[str]
) -> None:
    execution = start(aws, story)
    aws.clock.after(120, lambda: executions.stop(execution))

    result = audit(after=120 + 60 * minutes)

    assert (execution.status, kinds(result)) == ("ABORTED", found)


def test_a_running_execution_for_another_account_does_not_need_the_grant(aws: Sandbox, audit: RunAudit) -> None:
    aws.seed("promote_to_three")
    request = read_event("promote_to_three")
    one, other, _ = [{**request, **place} for place in request.pop("Destinations")]
    stopped = aws.start(one)
    aws.clock.after(60, lambda: executions.stop(stopped))
    settings.copy_seconds = 2 * 3_600
    aws.start(other)

    result = audit(after=61 * 60 + 60)

    (finding,) = result["Findings"]
    assert f":{one['DestinationProjectArn'].split(':')[4]}:role/" in finding["Principal"]


def test_a_running_execution_for_another_version_does_not_need_the_grant(left_behind: Sandbox, audit: RunAudit) -> None:
    execution = start(left_behind, "copy_between_accounts")

    (finding,) = audit(after=300)["Findings"]

    assert (finding["Kind"], finding["Versions"], execution.status) == ("GrantLeftBehind", [VERSION], "SUCCEEDED")


def test_an_execution_whose_request_is_not_valid_needs_no_grant(left_behind: Sandbox, audit: RunAudit) -> None:
    execution = left_behind.start(read_event("many_errors"))

    assert kinds(audit()) == LEFT
    assert execution.status == "FAILED"


def test_a_grant_of_an_execution_that_ends_while_the_audit_reads_is_no_finding(aws: Sandbox, audit: RunAudit) -> None:
    execution = start(aws, "copy_between_accounts")
    aws.plan = Plan(f"{FUNCTION}.ListProjectPolicies: happens", {"happens": lambda: executions.stop(execution)})

    result = audit(after=300)

    assert (execution.status, result["Counts"]["Grants"], result["Findings"]) == ("ABORTED", 1, [])


def test_a_grant_that_is_withdrawn_while_the_audit_reads_is_no_finding(left_behind: Sandbox, audit: RunAudit) -> None:
    policies = backend_of(PROJECT).projects[PROJECT].policies
    left_behind.plan = Plan(f"{FUNCTION}.ListExecutions: happens", {"happens": policies.clear})

    result = audit()

    assert (result["Counts"]["Grants"], result["Findings"], left_behind.outcomes) == (1, [], [])


def test_a_grant_that_is_withdrawn_from_one_of_two_policies_is_a_finding_in_the_other(
    left_behind: Sandbox, audit: RunAudit
) -> None:
    policies = backend_of(PROJECT).projects[PROJECT].policies
    write(left_behind, "rekognition-model-copy-2", policies[POLICY].document)

    def withdraw() -> None:
        del policies[POLICY]

    left_behind.plan = Plan(f"{FUNCTION}.ListExecutions: happens", {"happens": withdraw})

    (finding,) = audit()["Findings"]

    assert (finding["Kind"], finding["Policy"]) == ("GrantLeftBehind", "rekognition-model-copy-2")


def test_a_grant_of_a_project_that_is_deleted_while_the_audit_reads_is_no_finding(
    left_behind: Sandbox, audit: RunAudit
) -> None:
    projects = backend_of(PROJECT).projects
    left_behind.plan = Plan(f"{FUNCTION}.ListExecutions: happens", {"happens": projects.clear})

    result = audit()

    assert (result["Counts"]["Grants"], result["Findings"], result["NotJudged"]) == (1, [], None)


def test_a_grant_that_is_left_behind_for_a_version_that_is_gone_is_two_findings(
    left_behind: Sandbox, audit: RunAudit
) -> None:
    backend_of(PROJECT).projects[PROJECT].versions.clear()

    assert kinds(audit()) == [*LEFT, "VersionGone"]


@pytest.mark.parametrize("calls", [2, 3])
def test_an_old_grant_that_a_new_execution_needs_is_no_finding(
    left_behind: Sandbox, audit: RunAudit, calls: int
) -> None:
    destination = backend_of(read_event(STORY)["DestinationProjectArn"]).projects
    destination[read_event(STORY)["DestinationProjectArn"]].versions.clear()

    def start_again() -> None:
        left_behind.start(read_event(STORY))

    plan = f"{FUNCTION}.ListExecutions: none x{calls - 1}, happens, slow"
    left_behind.plan = Plan(plan, {"happens": start_again})

    assert audit()["Findings"] == []
    assert len(left_behind.executions) == 1


def test_an_old_grant_that_an_approval_turns_out_to_need_is_no_finding(aws: Sandbox, audit: RunAudit) -> None:
    start(aws, "approved_in_sagemaker")
    project = f"arn:aws:rekognition:us-east-1:{SOURCE}:project/approved_in_sagemaker"
    old = granting(
        "arn:aws:iam::222222222222:role/rekognition-model-copy-destination",
        version=[f"{project}/version/v3/1700000100000"],
        Action=["rekognition:CopyProjectVersion"],
    )
    write(aws, POLICY, old, f"{project}/1700000000000")
    # The approval is read while the audit waits.
    plan = f"ReadApprovalFunction: throttled x3; {FUNCTION}.ListExecutions: none, happens"
    aws.plan = Plan(plan, {"happens": lambda: aws.clock.sleep(100)})

    result = audit(after=0)

    assert (result["Counts"]["Grants"], result["Findings"]) == (1, [])
    assert aws.plan.unused == []


@pytest.mark.parametrize("operation", ["ListExecutions", "DescribeExecution", "GetExecutionHistory"])
def test_without_the_executions_no_grant_is_a_finding(aws: Sandbox, audit: RunAudit, operation: str) -> None:
    execution = start(aws, "approved_in_sagemaker")
    aws.clock.after(120, lambda: executions.stop(execution))
    aws.plan = Plan(f"{FUNCTION}.{operation}: AccessDeniedException always")

    result = audit(after=180)

    assert (result["Findings"], result["Complete"]) == ([], False)
    assert f"{operation} on arn:aws:states:us-east-1:" in result["NotJudged"]
    (report,) = (json.loads(content) for key, content in reports() if key.endswith(".json"))
    assert report["NotJudged"] == result["NotJudged"]
    assert result["NotJudged"].endswith("Allow the role of the function that audits to list and read executions.")


def test_only_the_stacks_own_statements_in_its_own_policies_are_its_grants(aws: Sandbox, audit: RunAudit) -> None:
    aws.seed(STORY)
    policies = backend_of(PROJECT).projects[PROJECT].policies
    own = json.loads(policies[POLICY].document)
    policies.clear()
    with_sid = {**own, "Statement": [{**own["Statement"][0], "Sid": "theirs"}]}
    for name, document in (("theirs", own), ("rekognition-model-copy", own), ("rekognition-model-copy-2", with_sid)):
        write(aws, name, document)

    result = audit()

    assert (result["Counts"]["Grants"], result["Findings"]) == (3, [])
    (report,) = (json.loads(content) for key, content in reports() if key.endswith(".json"))
    assert [row["Owner"] for row in report["Grants"]] == ["others"] * 3


def test_a_deleted_role_is_left_behind_unless_the_version_is_being_copied(aws: Sandbox, audit: RunAudit) -> None:
    start(aws, "copy_between_accounts")
    source = COPY["SourceProjectArn"]

    def delete_role() -> None:
        policy = backend_of(source).projects[source].policies[POLICY]
        policy.document = policy.document.replace(
            "arn:aws:iam::222222222222:role/rekognition-model-copy-destination", "AROAEXAMPLE"
        )

    aws.clock.after(60, delete_role)
    assert audit(after=300)["Findings"] == []

    (finding,) = audit(after=2 * 3_600)["Findings"]
    assert (finding["Kind"], finding["Principal"]) == ("GrantLeftBehind", "AROAEXAMPLE")
