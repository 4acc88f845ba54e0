"""What starts an audit, what it leaves behind, and what it does when AWS fails or the time is over."""

import csv
import io
import json
import re
from typing import Any

import pytest
from moto.sts.models import sts_backends

from sandbox.aws import schedules
from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import DESTINATION_ACCOUNT, STACK_ACCOUNT
from sandbox.plans import Plan
from sandbox.stories import backend_of, read_event
from sandbox.world import Sandbox
from tests.workflow.auditing.conftest import (
    BOTH,
    FUNCTION,
    PROJECT,
    SOURCE,
    STORY,
    AuditError,
    RunAudit,
    granting,
    kinds,
    reports,
    run,
    write,
)

A_DAY = 86_400
REPORT = r"s3://audits-of-grants/(audits/20300101T090500Z-[0-9a-f]{6})"


def many_projects(aws: Sandbox, count: int) -> None:
    """Create projects in the source account that everybody may copy from."""
    backend, settings.projects_quota = backend_of(PROJECT), 500
    for number in range(count):
        arn = PROJECT.replace(STORY, f"project-{number:03}")
        backend.create_project(f"project-{number:03}", created=backend.projects[PROJECT].created)
        write(aws, "open", granting("*", version=f"{arn}/*"), arn)


def test_the_schedule_starts_an_audit_of_all_accounts_each_day(left_behind: Sandbox) -> None:
    schedules.run(left_behind.clock, 2 * A_DAY)
    left_behind.finish()

    details = [event["detail"] for event in left_behind.outcomes]
    assert [one["StartedAt"] for one in details] == ["2030-01-02T09:00:00+00:00", "2030-01-03T09:00:00+00:00"]
    # The stack's account, and those of EventAccounts.
    assert [one["Counts"]["Accounts"] for one in details] == [3, 3]
    assert [one["Counts"]["GrantLeftBehind"] for one in details] == [1, 1]
    assert (len(left_behind.mails), left_behind.dead_letters) == (2, [])


def test_other_events_start_no_audit(left_behind: Sandbox) -> None:
    left_behind.put(
        {
            "source": "aws.events",
            "detail-type": "Scheduled Event",
            "account": STACK_ACCOUNT,
            "region": "us-east-1",
            "time": "2030-01-01T09:00:00Z",
            "resources": [],
            "detail": {},
        }
    )
    left_behind.finish()

    assert (left_behind.outcomes, list(reports())) == ([], [])


def test_by_hand_the_accounts_are_those_of_the_event(left_behind: Sandbox, audit: RunAudit) -> None:
    assert audit({})["Counts"]["Accounts"] == 1  # without AllowedAccounts only the stack's own
    assert audit({"Accounts": [SOURCE]})["Counts"]["Accounts"] == 1
    assert kinds(audit({"Accounts": [DESTINATION_ACCOUNT, SOURCE]})) == ["GrantLeftBehind"]


def test_another_region_is_read_if_the_event_names_it(left_behind: Sandbox, audit: RunAudit) -> None:
    result = audit({**BOTH, "Region": "eu-west-1"})

    assert (result["Counts"]["Accounts"], result["Counts"]["Projects"], result["Findings"]) == (2, 0, [])


def test_the_sessions_in_other_accounts_can_only_read(left_behind: Sandbox, audit: RunAudit) -> None:
    audit()

    sessions: list[Any] = sts_backends[SOURCE]["aws"].assumed_roles
    (policy,) = {one.policy for one in sessions if one.session_name == "audit-grants"}
    assert json.loads(policy)["Statement"]["Action"] == [
        "rekognition:DescribeProjects",
        "rekognition:DescribeProjectVersions",
        "rekognition:ListProjectPolicies",
    ]


@pytest.mark.parametrize("plan", ["", f"{FUNCTION}.DescribeProjects: ThrottlingException x8"])
def test_if_nothing_is_found_nothing_is_sent(aws: Sandbox, audit: RunAudit, plan: str) -> None:
    aws.seed("copy_between_accounts")
    aws.plan = Plan(plan)

    result = audit()

    assert (result["Complete"], result["Findings"], result["Announced"]) == (True, [], False)
    assert (aws.outcomes, aws.mails, aws.dead_letters) == ([], [], [])
    assert len(list(reports())) == 2


def test_the_whole_report_is_in_the_bucket(left_behind: Sandbox, audit: RunAudit) -> None:
    write(left_behind, "=SUM(A1)", granting("@everybody", "-1", "+1"))

    result = audit()

    prefix = re.fullmatch(rf"{REPORT}\.csv", result["Report"]["Csv"])
    assert prefix
    assert result["Report"]["Json"] == result["Report"]["Csv"].replace(".csv", ".json")
    contents = dict(reports())
    table = list(csv.DictReader(io.StringIO(contents[f"{prefix[1]}.csv"])))
    assert [row["Policy"] for row in table] == ["'=SUM(A1)"] * 3 + ["rekognition-model-copy-1"]
    assert [row["Principal"] for row in table[:3]] == ["'@everybody", "'-1", "'+1"]
    assert [row["Findings"] for row in table] == ["", "", "", "GrantLeftBehind"]
    report = json.loads(contents[f"{prefix[1]}.json"])
    assert (report["Counts"], report["Findings"]) == (result["Counts"], result["Findings"])
    assert [row["Policy"] for row in report["Grants"]] == ["=SUM(A1)"] * 3 + ["rekognition-model-copy-1"]


def test_without_a_bucket_no_report_is_written(
    left_behind: Sandbox, audit: RunAudit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(left_behind.deployment.function(FUNCTION).environment_vars, "AUDIT_BUCKET", "")
    left_behind.reset()
    left_behind.seed(STORY)

    assert (audit()["Report"], list(reports())) == (None, [])
    monkeypatch.undo()
    left_behind.reset()


@pytest.mark.parametrize(
    "operation",
    ["DescribeProjects", "ListProjectPolicies", "DescribeProjectVersions", "ListExecutions", "AssumeRole", "PutObject"],
)
@pytest.mark.parametrize("fault", ["ThrottlingException x2", "http_500 x2", "dropped", "slow"])
def test_a_fault_that_passes_changes_nothing(left_behind: Sandbox, audit: RunAudit, operation: str, fault: str) -> None:
    fault = fault.replace("ThrottlingException", "SlowDown" if operation == "PutObject" else "ThrottlingException")
    left_behind.plan = Plan(f"{FUNCTION}.{operation}: {fault}")

    result = audit()

    assert (kinds(result), result["Complete"], result["NotSeen"]) == (["GrantLeftBehind"], True, [])
    assert left_behind.plan.unused == []


@pytest.mark.parametrize("operation", ["DescribeProjects", "ListProjectPolicies", "ListExecutions"])
def test_throttling_that_the_sdk_gives_up_on_is_waited_for(
    left_behind: Sandbox, audit: RunAudit, operation: str
) -> None:
    left_behind.plan = Plan(f"{FUNCTION}.{operation}: ThrottlingException x10")

    assert kinds(audit()) == ["GrantLeftBehind"]


def test_an_aws_that_cannot_be_reached_is_an_error(aws: Sandbox, audit: RunAudit) -> None:
    aws.plan = Plan(f"{FUNCTION}.DescribeProjects: dropped always")

    with pytest.raises(AuditError, match=r"\('TransientError', 'DescribeProjects on arn:aws:rekognition:us-east-1:1"):
        audit({})


def test_an_account_that_cannot_be_reached_does_not_stop_the_audit_of_others(
    left_behind: Sandbox, audit: RunAudit
) -> None:
    left_behind.plan = Plan(f"{FUNCTION}.DescribeProjects: dropped x12")  # all tries for one account

    result = audit()

    (missed,) = result["NotSeen"]
    assert missed["Why"].startswith(f"DescribeProjects on arn:aws:rekognition:us-east-1:{missed['Account']}:project/* ")
    assert (result["Counts"]["Accounts"], missed["Project"]) == (1, None)
    assert kinds(result) == (["GrantLeftBehind"] if missed["Account"] == STACK_ACCOUNT else [])


@pytest.mark.parametrize(("operation", "others"), [("PutObject", 2), ("PutEvents", 1), ("Publish", 1)])
def test_an_audit_that_cannot_be_reported_everywhere_goes_to_the_queue_after_three_tries(
    left_behind: Sandbox, operation: str, others: int
) -> None:
    left_behind.plan = Plan(f"{FUNCTION}.{operation}: AccessDeniedException always")

    schedules.run(left_behind.clock, A_DAY)
    left_behind.finish()

    (letter,) = left_behind.dead_letters
    assert letter.attributes["ErrorMessage"].startswith(f"The audit was not reported everywhere: {operation} on ")
    assert len(left_behind.outcomes) + len(left_behind.mails) == 3 * others
    unwritten = [one["detail"]["Unwritten"] is not None for one in left_behind.outcomes]
    assert unwritten == [operation == "PutObject"] * len(unwritten)


def test_an_audit_without_enough_time_reports_what_it_has(left_behind: Sandbox, audit: RunAudit) -> None:
    many_projects(left_behind, 60)
    left_behind.plan = Plan(f"{FUNCTION}.ListProjectPolicies: " + ", ".join(["slow", "none"] * 61))

    result = audit()

    assert result["Complete"] is False
    assert 0 < result["Counts"]["Projects"] < 61
    assert result["Counts"]["OpenToEverybody"] == result["Counts"]["Projects"] - 1
    left = [one for one in result["NotSeen"] if one["Project"]]
    assert len(left) + result["Counts"]["Projects"] == 61
    assert {one["Why"] for one in left} == {
        "The invocation had no time left. Audit fewer accounts at a time, with Accounts in the event."
    }
    assert "\nIncomplete:  Not all projects could be read. " in left_behind.mails[0].message


@pytest.mark.parametrize("calls", ["happens", "none, happens"])
def test_if_no_time_is_left_to_judge_other_findings_are_reported(
    left_behind: Sandbox, audit: RunAudit, calls: str
) -> None:
    many_projects(left_behind, 2)
    left_behind.seed("copy_within_account")
    left_behind.start(read_event("copy_within_account"))
    happens = {"happens": lambda: left_behind.clock.sleep(800)}
    left_behind.plan = Plan(f"{FUNCTION}.ListExecutions: {calls}", happens)

    result = audit()

    assert (kinds(result), result["Complete"]) == (["OpenToEverybody"] * 2, False)
    assert result["NotJudged"].startswith("The invocation had no time left.")


def test_no_account_is_always_the_one_without_time(left_behind: Sandbox, audit: RunAudit) -> None:
    missed = set()
    for _ in range(8):
        happens = {"happens": lambda: left_behind.clock.sleep(600)}
        left_behind.plan = Plan(f"{FUNCTION}.DescribeProjects: happens", happens)
        missed |= {one["Account"] for one in audit()["NotSeen"] if one["Project"] is None}

    assert missed == {STACK_ACCOUNT, SOURCE}


@pytest.mark.parametrize(("plan", "measured"), [("", (1, 0)), ("ListExecutions: AccessDeniedException always", (0, 1))])
def test_the_findings_of_an_audit_and_whether_it_is_incomplete_are_measured(
    left_behind: Sandbox,
    audit: RunAudit,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    plan: str,
    measured: tuple[int, int],
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "false")
    left_behind.reset()
    left_behind.seed(STORY)
    left_behind.plan = Plan(plan and f"{FUNCTION}.{plan}")
    audit()

    (line,) = (json.loads(line) for line in capsys.readouterr().out.splitlines() if '"GrantFindings"' in line)
    assert (line["service"], line["GrantFindings"], line["AuditsIncomplete"]) == (
        "rekognition-model-copy-audits",
        [measured[0]],
        [measured[1]],
    )


def test_pages_are_followed(left_behind: Sandbox, audit: RunAudit) -> None:
    settings.policies_quota = 12
    many_projects(left_behind, 120)
    for number in range(11):
        write(left_behind, f"team-{number}", granting("111111111111"))

    counts = audit()["Counts"]

    assert (counts["Projects"], counts["Policies"], counts["OpenToEverybody"]) == (121, 132, 120)


def test_hundreds_of_projects_fit_into_an_invocation(left_behind: Sandbox) -> None:
    many_projects(left_behind, 400)
    settings.requests_per_second = 5
    results = run(left_behind, BOTH)
    left_behind.finish()

    assert results[0]["Counts"]["OpenToEverybody"] == 400
    assert results[0]["Complete"] is True
