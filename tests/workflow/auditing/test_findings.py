"""Principals of everybody and of other accounts, versions that are gone, and policies of any shape."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.aws.rekognition.settings import settings
from sandbox.deployment import STACK_ACCOUNT
from sandbox.plans import Plan
from sandbox.stories import backend_of, read_event
from sandbox.world import Sandbox
from tests.workflow.auditing.conftest import (
    BOTH,
    FUNCTION,
    PROJECT,
    SOURCE,
    STORY,
    VERSION,
    AuditError,
    Json,
    RunAudit,
    granting,
    kinds,
    reports,
    write,
)

GONE = f"arn:aws:rekognition:us-east-1:{SOURCE}:project/{STORY}/version/v2/1690000000000"
STRANGER = "arn:aws:iam::999999999999:role/stranger"
OPEN, OUTSIDE, VERSION_GONE = (["OpenToEverybody"], ["OutsideAccount"], ["VersionGone"])


@pytest.fixture
def project(aws: Sandbox) -> Any:
    """A project whose policies a test writes."""
    aws.seed(STORY)
    project = backend_of(PROJECT).projects[PROJECT]
    project.policies.clear()
    return project


@pytest.fixture
def limited(aws: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A stack with AllowedAccounts."""
    function = aws.deployment.function(FUNCTION)
    monkeypatch.setitem(function.environment_vars, "ALLOWED_ACCOUNTS", f"222222222222,{SOURCE}")
    aws.reset()
    yield aws
    monkeypatch.undo()
    aws.reset()


def rows() -> list[Json]:
    (report,) = (json.loads(content) for key, content in reports() if key.endswith(".json"))
    found: list[Json] = report["Grants"]
    return found


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (granting(), OPEN),
        (granting("*"), OPEN),
        (granting("arn:aws:iam::*:role/copier"), OPEN),
        (granting("arn:aws:iam::22222222222?:role/copier"), OPEN),
        (granting("*", Effect="ALLOW"), OPEN),
        (granting("*", Action="rekognition:Copy*"), OPEN),
        (granting("*", Action="rekognition:DetectLabels"), []),
        (granting("*", Action="[r]ekognition:CopyProjectVersion"), []),
        ({"Statement": {"Effect": "Allow", "Principal": "*", "NotAction": "rekognition:Copy*", "Resource": "*"}}, []),
        (granting("*", Effect="Deny"), []),
        (granting("*", version=[VERSION, f"{VERSION}/*"]), OPEN),
        (granting("*", version=GONE), [*OPEN, *VERSION_GONE]),
        (granting(STRANGER), []),
        (granting(STRANGER, version=GONE), VERSION_GONE),
        (granting(STRANGER, version=GONE, Effect="Deny"), []),
        (granting(STRANGER, version=GONE.replace(STORY, "another")), []),
        (granting(STRANGER, version=GONE.replace(SOURCE, STACK_ACCOUNT)), []),
        (granting("AROAEXAMPLE"), []),
    ],
)
def test_everybody_and_versions_that_are_gone_are_findings(
    aws: Sandbox, project: Any, audit: RunAudit, document: Json, found: list[str]
) -> None:
    write(aws, "theirs", document)

    assert kinds(audit()) == found
    assert {kind for row in rows() for kind in row["Findings"]} == set(found)


@pytest.mark.parametrize(
    ("principal", "found"),
    [
        (STRANGER, OUTSIDE),
        ("999999999999", OUTSIDE),
        ("arn:aws:sts::999999999999:assumed-role/stranger/me", OUTSIDE),
        ("*", OPEN),
        *((f"arn:aws:iam::{account}:root", []) for account in ("222222222222", SOURCE, "123456789012")),
        ("AROAEXAMPLE", []),
    ],
)
def test_an_account_outside_the_allowed_ones_is_a_finding(
    limited: Sandbox, audit: RunAudit, principal: str, found: list[str]
) -> None:
    limited.seed(STORY)
    write(limited, "theirs", granting(principal))
    backend_of(PROJECT).projects[PROJECT].policies.pop("rekognition-model-copy-1")

    assert kinds(audit({})) == found


def test_a_condition_is_told(aws: Sandbox, project: Any, audit: RunAudit) -> None:
    write(aws, "theirs", granting("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}))

    (finding,) = audit()["Findings"]

    assert finding["What"].startswith("Any AWS account may copy these versions under a condition. Ask the owner of ")


def test_the_allowed_accounts_are_read_and_no_other_can_be_named(limited: Sandbox, audit: RunAudit) -> None:
    limited.seed(STORY)

    assert audit({})["Counts"]["Accounts"] == 3
    with pytest.raises(AuditError, match=r"Accounts\[0\] must be one of the stack's AllowedAccounts; got 9{12}\. "):
        audit({"Accounts": ["999999999999"]})


def test_a_version_that_is_deleted_under_its_name_is_gone_and_a_new_one_is_not(
    aws: Sandbox, project: Any, audit: RunAudit
) -> None:
    write(aws, "theirs", granting(STRANGER, version=VERSION.replace("1700000100000", "1600000100000")))

    (finding,) = audit()["Findings"]

    assert (finding["Kind"], finding["Versions"]) == (
        "VersionGone",
        [VERSION.replace("1700000100000", "1600000100000")],
    )


def test_a_version_that_only_the_list_lacks_is_not_gone(aws: Sandbox, project: Any, audit: RunAudit) -> None:
    version, backend = project.versions["v3"], backend_of(PROJECT)
    write(aws, "theirs", granting(STRANGER))
    project.versions.clear()
    # The second call, which names the version, finds it.
    aws.plan = Plan(
        f"{FUNCTION}.DescribeProjectVersions: happens", {"happens": lambda: project.versions.update(v3=version)}
    )

    assert audit()["Findings"] == []
    assert aws.plan.unused == []
    assert backend.projects[PROJECT].versions


def test_a_gone_version_of_a_running_copy_is_no_finding(aws: Sandbox, audit: RunAudit) -> None:
    aws.seed("copy_between_accounts")
    settings.copy_seconds = 600
    request = read_event("copy_between_accounts")
    aws.start(request)
    source = backend_of(request["SourceProjectArn"]).projects[request["SourceProjectArn"]]
    aws.clock.after(60, lambda: source.versions.clear())

    assert audit(after=300)["Findings"] == []


ODD: list[object] = [
    "",
    "not JSON",
    "[" * 5_000,
    "null",
    '"text"',
    "{}",
    {"Statement": None},
    {"Statement": "text"},
    {"Statement": ["text", None, 7, []]},
    {"Statement": {}},
    {"Statement": {"Effect": {"a": 1}, "Principal": 7, "Action": {"b": 2}, "Resource": [[], {}, None, True]}},
    granting({"AWS": "nested"}, ["nested"], None, 7),
    {
        "Statement": [
            {"Effect": "Allow", "NotPrincipal": {"AWS": STRANGER}, "NotAction": "s3:*", "NotResource": VERSION}
        ]
    },
    {"Statement": [{"Effect": "Deny", "Principal": {"Service": "lambda.amazonaws.com", "Federated": ["a", "b"]}}]},
    granting("\ud800\n\u202e", version="\x00" * 600),
    granting(*(f"{number}" for number in range(300))),
]


@pytest.mark.parametrize("document", ODD, ids=lambda one: str(one)[:40])
def test_a_policy_of_any_shape_is_reported_as_it_is(
    aws: Sandbox, project: Any, audit: RunAudit, document: object
) -> None:
    write(aws, "odd", document)

    result = audit()

    assert (result["Counts"]["Policies"], result["NotSeen"], result["Complete"]) == (1, [], True)
    assert rows()
    assert all(row["Policy"] == "odd" and row["Owner"] == "others" for row in rows())
    assert kinds(result) == (OPEN if "NotPrincipal" in str(document) else [])


def test_rows_say_what_is_there(aws: Sandbox, project: Any, audit: RunAudit) -> None:
    write(aws, "1", "not JSON")
    write(aws, "2", {"Statement": ["text"]})
    write(aws, "3", ODD[12])
    write(aws, "4", {"Statement": [{"Effect": "Deny", "Principal": {"Service": ["a", "b"]}, "Resource": VERSION}]})
    audit(after=0)

    named = ("Policy", "Statement", "Effect", "Principal", "PrincipalAccount", "Versions", "Note")
    assert [tuple(row[name] for name in named) for row in rows()] == [
        ("1", 0, None, None, None, [], "The document is not a JSON object with statements."),
        ("2", 1, None, None, None, [], "The statement is not an object."),
        ("3", 1, "Allow", f"everybody but {STRANGER}", "*", [f"everything but {VERSION}"], None),
        ("4", 1, "Deny", "Service: a", None, [VERSION], None),
        ("4", 1, "Deny", "Service: b", None, [VERSION], None),
    ]
    assert {row["AgeHours"] for row in rows()} == {30.0}


def test_a_project_that_is_deleted_while_the_audit_reads_is_left_out(aws: Sandbox, audit: RunAudit) -> None:
    aws.seed(STORY)
    aws.plan = Plan(f"{FUNCTION}.DescribeProjects: happens", {"happens": backend_of(PROJECT).projects.clear})

    result = audit({"Accounts": [SOURCE]})

    assert (result["Complete"], result["NotSeen"]) == (True, [])
    assert result["Counts"]["Projects"] == 0


@pytest.mark.parametrize(("fault", "missed"), [("happens", []), ("AccessDeniedException always", [PROJECT])])
def test_a_project_whose_versions_cannot_be_read_is_named_unless_it_is_deleted(
    left_behind: Sandbox, audit: RunAudit, fault: str, missed: list[str]
) -> None:
    happens = {"happens": backend_of(PROJECT).projects.clear}
    left_behind.plan = Plan(f"{FUNCTION}.DescribeProjectVersions: {fault}", happens)

    result = audit()

    assert [one["Project"] for one in result["NotSeen"]] == missed
    assert result["Complete"] is not bool(missed)


@pytest.mark.parametrize(("accounts", "complete"), [(["999999999999"], False), (["999999999999", SOURCE], True)])
def test_an_audit_is_complete_without_an_account_that_has_no_role_but_not_without_all(
    aws: Sandbox, audit: RunAudit, accounts: list[str], complete: bool
) -> None:
    result = audit({"Accounts": accounts})

    assert (result["Complete"], result["Counts"]["NotSeen"]) == (complete, 1)


def test_an_account_and_a_project_that_cannot_be_read_are_named(
    aws: Sandbox, left_behind: Sandbox, audit: RunAudit
) -> None:
    aws.plan = Plan(f"{FUNCTION}.ListProjectPolicies: AccessDeniedException always")

    result = audit({"Accounts": ["999999999999", *BOTH["Accounts"]]})

    assert (result["Findings"], result["Complete"], result["Counts"]["Accounts"]) == ([], False, 2)
    project, account = result["NotSeen"]
    assert (project["Account"], project["Project"]) == (SOURCE, PROJECT)
    assert f"Allow the stack's role in account {SOURCE} to call rekognition:ListProjectPolicies" in project["Why"]
    assert (account["Account"], account["Project"]) == ("999999999999", None)
    assert account["Why"].startswith("AssumeRole on arn:aws:iam::999999999999:role/rekognition-model-copy-source was ")
    assert account["Why"].endswith("TrustedRoleArns and the stack's ExternalId.")
