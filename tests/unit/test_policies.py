"""Project policies are read by meaning and written with care for what others wrote."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_copy import policies
from model_copy.policies import ACTION, LONGEST_DOCUMENT, Grant, Match, Policy, holds, with_grant, without_grant

ACCOUNT, OTHER = "222222222222", "444444444444"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/model-copy-destination"
PROJECT = "arn:aws:rekognition:eu-central-1:111111111111:project/cats"
VERSION, VERSION_2 = f"{PROJECT}/version/v1/1700000000001", f"{PROJECT}/version/v2/1700000000002"
GRANT = Grant(ROLE, VERSION)
OURS = {"Effect": "Allow", "Principal": {"AWS": [ROLE]}, "Action": [ACTION], "Resource": [VERSION]}


def document(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def policy(text: str) -> Policy:
    return Policy("a-policy", "a-revision", text, datetime(2030, 1, 1, tzinfo=UTC))


def allows(statement: object) -> bool:
    return policy(document(statement)).allows(GRANT)


def denies(statement: dict[str, Any]) -> Match:
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
def test_a_principal_is_named_under_aws_or_is_a_star(principal: object, match: Match) -> None:
    assert allows({**OURS, "Principal": principal}) is (match is YES)
    assert denies({**OURS, "Principal": principal}) is match


@pytest.mark.parametrize(("action", "match"), ACTIONS)
def test_an_action_ignores_case_and_may_hold_wildcards(action: object, match: Match) -> None:
    assert allows({**OURS, "Action": action}) is (match is YES)
    assert denies({**OURS, "Action": action}) is match


@pytest.mark.parametrize(("resource", "match"), RESOURCES)
def test_a_resource_keeps_case_and_may_hold_wildcards_and_no_other_pattern(resource: object, match: Match) -> None:
    assert allows({**OURS, "Resource": resource}) is (match is YES)
    assert denies({**OURS, "Resource": resource}) is match


def test_a_bracket_in_a_resource_stands_for_itself() -> None:
    statement = {**OURS, "Resource": "arn:[a]:*"}

    assert policy(document(statement)).allows(Grant(ROLE, "arn:[a]:version"))
    assert not policy(document(statement)).allows(Grant(ROLE, "arn:a:version"))


@pytest.mark.parametrize("condition", [{"Bool": {"aws:SecureTransport": "true"}}, "a text", [1]])
def test_a_conditional_allow_is_no_grant_and_a_conditional_deny_may_deny(condition: object) -> None:
    assert not allows({**OURS, "Condition": condition})
    assert denies({**OURS, "Condition": condition}) is MAYBE


def test_an_empty_condition_is_none() -> None:
    assert allows({**OURS, "Condition": {}})
    assert denies({**OURS, "Condition": {}}) is YES


@pytest.mark.parametrize("part", ["Principal", "Action", "Resource"])
def test_what_is_said_by_exception_is_no_grant_and_may_deny(part: str) -> None:
    statement = {("Not" + name if name == part else name): value for name, value in OURS.items()}

    assert not allows(statement)
    assert denies(statement) is MAYBE


def test_a_statement_that_misses_for_sure_denies_nothing_whatever_its_condition() -> None:
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
def test_any_other_effect_says_nothing(effect: object) -> None:
    assert not allows({**OURS, "Effect": effect})
    assert policy(document({**OURS, "Effect": effect})).denies(GRANT) is NO


def test_one_of_many_statements_is_enough() -> None:
    assert policy(document({**OURS, "Resource": VERSION_2}, OURS)).allows(GRANT)


def test_one_statement_needs_no_list() -> None:
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
def test_a_document_that_is_none_says_nothing(text: str) -> None:
    assert policies.statements(text) == []
    assert not policy(text).allows(GRANT)
    assert policy(text).denies(GRANT) is NO
    assert not holds(text, GRANT)


def test_what_is_no_statement_is_left_out_and_the_others_are_read() -> None:
    assert policies.statements(document(5, OURS, None)) == [OURS]


def test_the_first_grant_makes_a_document() -> None:
    assert json.loads(with_grant(None, GRANT)) == {"Version": "2012-10-17", "Statement": [OURS]}


def test_a_second_version_grows_the_statement_of_its_principal() -> None:
    grown = json.loads(with_grant(with_grant(None, GRANT), Grant(ROLE, VERSION_2)))

    assert grown["Statement"] == [{**OURS, "Resource": [VERSION, VERSION_2]}]


@pytest.mark.parametrize(
    "not_ours",
    [
        {**OURS, "Principal": {"AWS": [ROLE, OTHER]}},
        {**OURS, "Principal": {"AWS": OTHER}},
        {**OURS, "Principal": "*"},
        {**OURS, "Principal": {"AWS": [ROLE], "Service": "ec2.amazonaws.com"}},
        {**OURS, "Action": ["rekognition:*"]},
        {**OURS, "Action": [ACTION, ACTION]},
        {**OURS, "Effect": "Deny"},
        {**OURS, "Effect": "ALLOW"},
        {**OURS, "Sid": "Theirs"},
        {**OURS, "Condition": {}},
    ],
)
def test_a_statement_that_this_stack_would_not_write_is_not_grown(not_ours: dict[str, Any]) -> None:
    grown = json.loads(with_grant(document(not_ours), Grant(ROLE, VERSION_2)))

    assert grown["Statement"] == [not_ours, {**OURS, "Resource": [VERSION_2]}]


@pytest.mark.parametrize(
    "ours",
    [
        OURS,
        {**OURS, "Principal": {"AWS": ROLE}},
        {**OURS, "Action": ACTION},
        {**OURS, "Resource": VERSION},
    ],
)
def test_a_text_in_the_place_of_a_list_is_still_ours(ours: dict[str, Any]) -> None:
    grown = json.loads(with_grant(json.dumps({"Statement": ours}), Grant(ROLE, VERSION_2)))

    assert grown["Statement"] == [{**ours, "Resource": [VERSION, VERSION_2]}]
    assert holds(document(ours), GRANT)
    assert without_grant(document(ours), GRANT) is None


def test_what_else_the_document_says_is_kept() -> None:
    text = json.dumps({"Version": "2008-10-17", "Id": "Straße", "Statement": [OURS]})

    written = with_grant(text, Grant(ROLE, VERSION_2))

    assert json.loads(written) == {
        "Version": "2008-10-17",
        "Id": "Straße",
        "Statement": [{**OURS, "Resource": [VERSION, VERSION_2]}],
    }


def test_a_version_is_taken_out_of_the_list_and_the_others_stay() -> None:
    written = without_grant(document({**OURS, "Resource": [VERSION, VERSION_2]}), GRANT)

    assert json.loads(written or "")["Statement"] == [{**OURS, "Resource": [VERSION_2]}]


def test_a_statement_without_a_version_goes_and_a_document_without_a_statement_is_none() -> None:
    theirs = {**OURS, "Effect": "Deny"}

    assert json.loads(without_grant(document(theirs, OURS), GRANT) or "")["Statement"] == [theirs]
    assert without_grant(document(OURS), GRANT) is None


def test_a_version_is_taken_out_every_time() -> None:
    assert without_grant(document({**OURS, "Resource": [VERSION, VERSION]}, OURS), GRANT) is None


@pytest.mark.parametrize(
    "theirs",
    [
        {**OURS, "Principal": {"AWS": [OTHER]}},
        {**OURS, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/before"}},
        {**OURS, "Principal": {"AWS": [ROLE, OTHER]}},
        {**OURS, "Principal": {"AWS": [ROLE, ROLE]}},
        {**OURS, "Principal": {"AWS": []}},
        {**OURS, "Principal": {"AWS": [ROLE], "Service": "ec2.amazonaws.com"}},
        {**OURS, "Principal": "*"},
        {**OURS, "Principal": ROLE},
        {**OURS, "Effect": "Deny"},
        {**OURS, "Effect": "ALLOW"},
        {**OURS, "Sid": "Theirs"},
        {**OURS, "Resource": f"{PROJECT}/version/*"},
        {**OURS, "Action": "rekognition:*"},
        {**OURS, "Action": [ACTION, ACTION]},
        {**OURS, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {name: value for name, value in OURS.items() if name != "Action"},
    ],
)
def test_a_statement_that_is_not_just_ours_is_never_taken_out_nor_changed(theirs: dict[str, Any]) -> None:
    assert not holds(document(theirs), GRANT)
    assert json.loads(without_grant(document(theirs), GRANT) or "")["Statement"] == [theirs]
    assert json.loads(without_grant(document(theirs, OURS, theirs), GRANT) or "")["Statement"] == [theirs, theirs]


def test_a_grant_is_held_only_for_its_own_version() -> None:
    assert holds(document({**OURS, "Resource": [VERSION_2, VERSION]}), GRANT)
    assert not holds(document({**OURS, "Resource": [VERSION_2]}), GRANT)


def test_fifteen_versions_fit_in_one_statement_and_seven_statements_in_a_document() -> None:
    versions, roles = None, None
    for number in range(15):
        versions = with_grant(versions, Grant(ROLE, f"{PROJECT}/version/v{number:02}/17000000000{number:02}"))
    for number in range(7):
        roles = with_grant(roles, Grant(f"{ROLE}-{number}", VERSION))

    assert len(json.loads(versions or "")["Statement"]) == 1
    assert len(json.loads(roles or "")["Statement"]) == 7
    assert len(versions or "") <= LONGEST_DOCUMENT
    assert len(roles or "") <= LONGEST_DOCUMENT


@pytest.mark.parametrize("text", ["Straße", "a€", "猫犬", "\U0001f408", "\u0100", "\x00", "\ud800", "\u2028"])
def test_whatever_others_wrote_is_written_as_ascii_and_stays_what_it_was(text: str) -> None:
    theirs = {**OURS, "Sid": text}

    for written in (with_grant(document(theirs), GRANT), without_grant(document(theirs, OURS), GRANT) or ""):
        assert all(" " <= character <= "~" for character in written)
        assert json.loads(written)["Statement"][0] == theirs


ONE_OR_LIST = [VERSION, VERSION_2, f"{PROJECT}/version/*"]
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Deny"]),
        "Principal": st.sampled_from(["*", ROLE, ACCOUNT])
        | st.builds(lambda one: {"AWS": one}, st.sampled_from([ROLE, OTHER, [ROLE], [OTHER], [ROLE, OTHER]])),
        "Action": st.sampled_from([ACTION, [ACTION], "rekognition:*"]),
        "Resource": st.sampled_from(ONE_OR_LIST) | st.lists(st.sampled_from(ONE_OR_LIST), min_size=1, max_size=3),
    },
    optional={"Sid": st.text(max_size=3), "Condition": st.just({"Bool": {"aws:SecureTransport": "true"}})},
)


def is_ours(statement: dict[str, Any]) -> bool:
    """Tell what the generator makes in just our own form."""
    return (
        set(statement) == set(OURS)
        and statement["Effect"] == "Allow"
        and statement["Principal"] in ({"AWS": ROLE}, {"AWS": [ROLE]})
        and statement["Action"] in (ACTION, [ACTION])
    )


def others(text: str | None) -> list[dict[str, Any]]:
    return [one for one in policies.statements(text or "") if not is_ours(one)]


@given(before=st.lists(STATEMENTS, max_size=5))
def test_a_written_grant_allows_and_keeps_every_other_statement(before: list[dict[str, Any]]) -> None:
    text = document(*before)

    written = with_grant(text, GRANT)

    assert policy(written).allows(GRANT)
    assert holds(written, GRANT)
    assert others(written) == others(text)
    for version in ONE_OR_LIST:
        assert holds(written, Grant(ROLE, version)) >= holds(text, Grant(ROLE, version))


@given(before=st.lists(STATEMENTS, max_size=5))
def test_a_withdrawn_grant_is_held_no_more_and_every_other_is(before: list[dict[str, Any]]) -> None:
    text = document(*before)

    written = without_grant(text, GRANT)

    assert not holds(written or "", GRANT)
    assert others(written) == others(text)
    for version in ONE_OR_LIST[1:]:
        assert holds(written or "", Grant(ROLE, version)) is holds(text, Grant(ROLE, version))


@given(before=st.lists(STATEMENTS.filter(lambda one: not is_ours(one)), min_size=1, max_size=5))
def test_granting_and_withdrawing_leaves_the_document_as_it_was(before: list[dict[str, Any]]) -> None:
    text = document(*before)

    assert json.loads(without_grant(with_grant(text, GRANT), GRANT) or "") == json.loads(text)


@pytest.mark.parametrize("part", ["Principal", "Action", "Resource"])
def test_what_is_nested_names_nothing_however_deep(part: str) -> None:
    nested: list[Any] = ["*"]
    for _ in range(100_000):
        nested = [nested]

    assert policies._match({**OURS, part: [nested, {"AWS": [nested]}]}, GRANT) is NO
