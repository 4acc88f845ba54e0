"""Whatever a project policy is, its rows can be written as JSON and as a table."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_copy import audit_findings, audit_report, audit_rows
from model_copy.arns import Arn
from model_copy.audit import Audit
from model_copy.audit_findings import GONE, KINDS, LEFT_BEHIND, OPEN, Finding, NotSeen
from model_copy.audit_mail import subject, text
from model_copy.audit_rows import COLUMNS, Row
from model_copy.policies import ACTION, Policy
from model_copy.statements import Roles
from tests.unit.policy_samples import DELETED_ROLE, OTHER_ROLE, OWN_ROLE, VERSION, document, statement
from tests.unit.test_hostile_input import JSON, fuzz
from tests.unit.world import REQUEST, ROLE, SOURCE, Json

PROJECT = Arn.parse_project(REQUEST["SourceProjectArn"])
assert PROJECT
NOW = datetime(2030, 1, 2, 9, tzinfo=UTC)
ROLES = Roles(OWN_ROLE, ROLE.rpartition("/")[2])
ELEMENTS = ("Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
HOSTILE = st.fixed_dictionaries({}, optional=dict.fromkeys(ELEMENTS, JSON | st.sampled_from(["*", "Allow", ACTION])))


def policy(content: object, name: str = "any") -> Policy:
    written = content if isinstance(content, str) else json.dumps(content)
    return Policy(name, "1", written, NOW - timedelta(hours=5), NOW - timedelta(days=3))


def rows(content: object, roles: Roles | None = ROLES) -> list[Row]:
    assert PROJECT
    return list(audit_rows.rows(PROJECT, policy(content), roles))


def one_row(**more: Any) -> Row:
    (row,) = rows(document({**statement("*"), **more}))
    return row


@fuzz
@given(content=JSON | st.builds(lambda one: {"Statement": one}, HOSTILE | st.lists(HOSTILE | JSON, max_size=3)))
def test_any_document_has_rows_of_short_printable_text(content: Any) -> None:
    found = rows(json.dumps(content))
    fields = [row.as_fields(NOW, ()) for row in found]
    [list(audit_findings.of_principal(row, [SOURCE], SOURCE)) for row in found]
    [list(audit_findings.named_versions(row)) for row in found]

    assert fields
    written = json.dumps(fields, ensure_ascii=False, allow_nan=False)
    assert written.isascii()
    assert written.isprintable()
    audit = Audit(NOW, rows=found)
    assert audit_report.as_csv(audit, NOW).isascii()


@fuzz
@given(content=st.text(max_size=50))
def test_any_text_has_a_row(content: str) -> None:
    assert len(rows(content)) == 1


def test_a_document_that_is_nested_too_deeply_has_a_row() -> None:
    (row,) = rows("[" * 200_000 + "]" * 200_000)

    assert row.note == "The document is not a JSON object with statements."


@pytest.mark.parametrize(
    ("one", "owner"),
    [
        (statement(), "this stack"),
        (statement(OWN_ROLE, OTHER_ROLE), "this stack"),
        (statement(DELETED_ROLE), "this stack"),
        (statement("999999999999"), "others"),
        (statement(version=f"{VERSION}*"), "others"),
        ({**statement(), "Sid": "mine"}, "others"),
        (statement(effect="Deny"), "others"),
    ],
)
def test_a_grant_is_the_stacks_by_the_form_of_its_statement_and_the_name_of_its_policy(one: Json, owner: str) -> None:
    assert {row.owner for row in rows(document(one))} == {owner}
    assert {row.owner for row in rows(document(one), None)} == {"others"}


def test_a_principal_and_a_version_count_once() -> None:
    (row,) = rows(document({**statement(ROLE, ROLE), "Resource": [VERSION, VERSION]}))

    assert (row.principal, row.versions) == (ROLE, (VERSION,))


@pytest.mark.parametrize(
    ("principal", "account"),
    [
        ({"Federated": "arn:aws:iam::999999999999:saml-provider/theirs"}, "999999999999"),
        ({"Service": "*"}, "*"),
        ({"Service": "lambda.amazonaws.com"}, None),
    ],
)
def test_a_principal_of_any_kind_has_its_account(principal: Json, account: str | None) -> None:
    assert one_row(Principal=principal).account == account


def test_the_age_is_that_of_the_last_change_of_the_policy() -> None:
    fields = one_row().as_fields(NOW, [LEFT_BEHIND, GONE])

    assert tuple(fields) == COLUMNS
    assert (fields["PolicyCreated"], fields["PolicyUpdated"]) == (
        "2029-12-30T09:00:00+00:00",
        "2030-01-02T04:00:00+00:00",
    )
    assert (fields["AgeHours"], fields["Findings"]) == (5.0, ["GrantLeftBehind", "VersionGone"])


def many(count: int) -> Audit:
    """Return an audit with more than an event and a mail can have."""
    row = one_row(Resource=[f"{VERSION}{'0' * 900}{number}" for number in range(3)])
    audit = Audit(NOW, accounts=2, projects=3, rows=[row])
    for number in range(count):
        other = replace(row, policy=f"policy-{number:04}")
        audit.findings += [Finding(OPEN, other, other.versions), Finding(GONE, other, other.versions)]
        audit.not_seen.append(NotSeen("111111111111", f"project-{number:04}", "x" * 500))
    return audit


@pytest.mark.parametrize("count", [1, 5, 500])
def test_what_does_not_fit_into_an_event_and_a_mail_is_counted(count: int) -> None:
    audit = many(count)
    detail = audit_report.detail(audit, NOW, {"Csv": "s3://any"}, None)

    assert len(json.dumps(detail)) < 240_000
    assert len(detail["Findings"]) + detail["FindingsLeftOut"] == 2 * count
    assert len(detail["NotSeen"]) + detail["NotSeenLeftOut"] == count
    assert (detail["FindingsLeftOut"] > 0, detail["NotSeenLeftOut"] > 0) == (count == 500, count == 500)
    assert [detail["Counts"][kind] for kind in KINDS] == [count, 0, 0, count]
    mail = text("Model Grants Found", detail, "https://runbook")
    assert len(mail.encode()) < 240_000
    assert mail.isascii()
    shown = len(detail["Findings"])
    assert mail.count("\n    ") == 2 * shown
    assert (f"\nAnd {2 * count - shown} more.\n" in mail) is (shown < 2 * count)
    assert subject("Model Grants Found", detail) == f"Model Grants Found: {2 * count} findings"
    # The whole report has everything.
    report = json.loads(audit_report.as_json(audit, NOW))
    assert (len(report["Findings"]), len(report["NotSeen"])) == (2 * count, count)


def test_the_most_urgent_findings_come_first() -> None:
    kinds = [one["Kind"] for one in audit_report.detail(many(3), NOW, None, None)["Findings"]]

    assert kinds == [OPEN] * 3 + [GONE] * 3


def test_the_mail_says_what_was_not_seen_and_what_was_not_written() -> None:
    audit = many(2)
    audit.not_judged = "ListExecutions failed."
    mail = text("Model Grants Found", audit_report.detail(audit, NOW, None, "PutObject was denied."), "https://runbook")

    assert f"\nNot seen:    project-0000 (and 1 more): {'x' * 500}\n" in mail
    assert "\nIncomplete:  ListExecutions failed.\n" in mail
    assert "\nNote:        The report could not be written. PutObject was denied.\n" in mail
    assert "\nRunbook:     https://runbook#findings-of-an-audit\n" in mail
