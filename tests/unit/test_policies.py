"""Project policies are compared by meaning."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from model_copy import policies
from model_copy.policies import ACTION, Grant, Match, Policy
from tests.unit.policy_samples import OTHER_ACCOUNT as OTHER
from tests.unit.policy_samples import VERSION, VERSION_2, statement
from tests.unit.policy_samples import document as as_object
from tests.unit.world import DESTINATION as ACCOUNT
from tests.unit.world import ROLE, Json

PROJECT = "arn:aws:rekognition:eu-central-1:111111111111:project/cats"
GRANT = Grant(ROLE, VERSION)
OURS = statement()


def document(*statements: object) -> str:
    return json.dumps(as_object(*statements))


def policy(text: str) -> Policy:
    return Policy("a-policy", "a-revision", text, datetime(2030, 1, 1, tzinfo=UTC))


def allows(statement: object) -> bool:
    return policy(document(statement)).allows(GRANT)


def denies(statement: Json) -> Match:
    return policy(document({**statement, "Effect": "Deny"})).denies(GRANT)


YES, MAYBE, NO = Match.YES, Match.MAYBE, Match.NO
PRINCIPALS = [
    (ACCOUNT, YES),
    (f"arn:aws:iam::{ACCOUNT}:root", YES),
    (ROLE, YES),
    ("*", YES),
    ([OTHER, ROLE], YES),
    (f"arn:aws:sts::{ACCOUNT}:assumed-role/model-copy-destination/promote-v1", MAYBE),
    (f"arn:aws:iam::{ACCOUNT}:role/*", MAYBE),
    (f"arn:aws:iam::{ACCOUNT}:role/model-cop?-destination", MAYBE),
    ([f"arn:aws:iam::{ACCOUNT}:role/*", ACCOUNT], YES),
    (OTHER, NO),
    (f"arn:aws:iam::{OTHER}:root", NO),
    (f"arn:aws-cn:iam::{ACCOUNT}:root", NO),
    (f"arn:aws:iam::{ACCOUNT}:role/other", NO),
    (ROLE.upper(), NO),
    (f"arn:aws:iam::{ACCOUNT}:user/model-copy-destination", NO),
    (f"arn:aws:sts::{ACCOUNT}:assumed-role/model-copy-destination-2/promote-v1", NO),
    (f"arn:aws:sts::{OTHER}:assumed-role/model-copy-destination/promote-v1", NO),
    ([], NO),
]
ACTIONS = [
    (ACTION, YES),
    ([ACTION], YES),
    (["rekognition:DetectLabels", ACTION], YES),
    ("REKOGNITION:copyprojectversion", YES),
    ("rekognition:*", YES),
    ("rekognition:Copy*", YES),
    ("rekognition:CopyProjectVersio?", YES),
    ("*", YES),
    ("rekognition:Copy", NO),
    ("rekognition:CopyProjectVersion?", NO),
    ("s3:*", NO),
    ([], NO),
]
RESOURCES = [
    (VERSION, YES),
    ([VERSION_2, VERSION], YES),
    (f"{PROJECT}/version/*", YES),
    (f"{PROJECT}/version/v?/*", YES),
    (f"{PROJECT}/*", YES),
    ("*", YES),
    (VERSION_2, NO),
    (f"{PROJECT}/version/V1/1700000000001", NO),
    (f"{PROJECT}/version/[v]1/*", NO),
    (f"{PROJECT}/version/[!x]1/*", NO),
    (f"{PROJECT}/version/v1", NO),
    (PROJECT, NO),
    ([], NO),
]


@pytest.mark.parametrize(("principal", "match"), PRINCIPALS)
def test_a_principal_is_everybody_the_account_or_the_role(principal: object, match: Match) -> None:
    statement = {**OURS, "Principal": {"AWS": principal}}

    assert allows(statement) is (match is YES)
    assert denies(statement) is match


@pytest.mark.parametrize(
    ("principal", "match"),
    [
        ("*", YES),
        ({"AWS": "*"}, YES),
        ({"Service": "rekognition.amazonaws.com"}, NO),
        ({"Service": ACCOUNT}, NO),
        ({"Service": "ec2.amazonaws.com", "AWS": ROLE}, YES),
        ({}, NO),
        (None, NO),
        (5, NO),
        ({"AWS": {"AWS": ROLE}}, NO),
    ],
)
def test_a_principal_is_under_aws_or_is_a_star(principal: object, match: Match) -> None:
    assert allows({**OURS, "Principal": principal}) is (match is YES)
    assert denies({**OURS, "Principal": principal}) is match


@pytest.mark.parametrize(("action", "match"), ACTIONS)
def test_an_action_ignores_case_and_may_have_wildcards(action: object, match: Match) -> None:
    assert allows({**OURS, "Action": action}) is (match is YES)
    assert denies({**OURS, "Action": action}) is match


@pytest.mark.parametrize(("resource", "match"), RESOURCES)
def test_a_resource_has_case_and_may_have_wildcards_but_no_other_pattern(resource: object, match: Match) -> None:
    assert allows({**OURS, "Resource": resource}) is (match is YES)
    assert denies({**OURS, "Resource": resource}) is match


def test_a_bracket_in_a_resource_is_an_ordinary_character() -> None:
    statement = {**OURS, "Resource": "arn:[a]:*"}

    assert policy(document(statement)).allows(Grant(ROLE, "arn:[a]:version"))
    assert not policy(document(statement)).allows(Grant(ROLE, "arn:a:version"))


@pytest.mark.parametrize("condition", [{"Bool": {"aws:SecureTransport": "true"}}, "a text", [1]])
def test_an_allow_with_a_condition_is_not_a_grant_and_a_deny_with_a_condition_may_deny(condition: object) -> None:
    assert not allows({**OURS, "Condition": condition})
    assert denies({**OURS, "Condition": condition}) is MAYBE


def test_an_empty_condition_counts_as_none() -> None:
    assert allows({**OURS, "Condition": {}})
    assert denies({**OURS, "Condition": {}}) is YES


@pytest.mark.parametrize("part", ["Principal", "Action", "Resource"])
def test_a_statement_with_a_not_element_is_not_a_grant_and_may_deny(part: str) -> None:
    statement = {("Not" + name if name == part else name): value for name, value in OURS.items()}

    assert not allows(statement)
    assert denies(statement) is MAYBE


def test_a_statement_about_another_version_denies_nothing_whatever_its_condition() -> None:
    assert denies({**OURS, "Resource": VERSION_2, "Condition": {"Bool": {}}}) is NO


def test_the_surest_deny_counts() -> None:
    maybe = {**OURS, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}

    assert policy(document(maybe, {**OURS, "Effect": "Deny"}, maybe)).denies(GRANT) is YES


def test_an_allow_denies_nothing_and_a_deny_allows_nothing() -> None:
    assert policy(document(OURS)).denies(GRANT) is NO
    assert not allows({**OURS, "Effect": "Deny"})


@pytest.mark.parametrize(("allow", "deny"), [("Allow", "Deny"), ("ALLOW", "DENY"), ("allow", "deny")])
def test_an_effect_ignores_case(allow: str, deny: str) -> None:
    assert policy(document({**OURS, "Effect": allow})).allows(GRANT)
    assert policy(document({**OURS, "Effect": deny})).denies(GRANT) is YES


@pytest.mark.parametrize("effect", ["", "Allowed", None, ["Allow"], {"Allow": True}])
def test_any_other_effect_is_ignored(effect: object) -> None:
    assert not allows({**OURS, "Effect": effect})
    assert policy(document({**OURS, "Effect": effect})).denies(GRANT) is NO


def test_one_of_many_statements_is_enough() -> None:
    assert policy(document({**OURS, "Resource": VERSION_2}, OURS)).allows(GRANT)


def test_a_single_statement_needs_no_list() -> None:
    assert policy(json.dumps({"Statement": OURS})).allows(GRANT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "null",
        "5",
        "[]",
        '"text"',
        "{}",
        '{"Statement": null}',
        '{"Statement": [5, null, [], "x"]}',
        "[" * 2_000,
    ],
)
def test_a_document_without_statements_allows_and_denies_nothing(text: str) -> None:
    assert policies.statements(text) == []
    assert not policy(text).allows(GRANT)
    assert policy(text).denies(GRANT) is NO


def test_anything_but_an_object_is_left_out_and_the_statements_are_read() -> None:
    assert policies.statements(document(5, OURS, None)) == [OURS]


@pytest.mark.parametrize("part", ["Principal", "Action", "Resource"])
def test_a_nested_value_names_nothing_however_deep(part: str) -> None:
    nested: list[Any] = ["*"]
    for _ in range(100_000):
        nested = [nested]

    assert policies._match({**OURS, part: [nested, {"AWS": [nested]}]}, GRANT) is NO
