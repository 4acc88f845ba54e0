"""The stack's grant is added and withdrawn, and everything else in the document stays."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_copy import policies
from model_copy.policies import ACTION, LONGEST_DOCUMENT, Grant, Policy, has_grant, with_grant, without_grant
from tests.unit.policy_samples import OTHER_ACCOUNT as OTHER
from tests.unit.policy_samples import VERSION, VERSION_2, VERSIONS, statement
from tests.unit.policy_samples import document as as_object
from tests.unit.world import DESTINATION as ACCOUNT
from tests.unit.world import ROLE, Json

GRANT = Grant(ROLE, VERSION)
OURS = statement()


def document(*statements: object) -> str:
    return json.dumps(as_object(*statements))


def test_the_first_grant_makes_a_document() -> None:
    assert json.loads(with_grant(None, GRANT)) == {"Version": "2012-10-17", "Statement": [OURS]}


def test_a_second_version_is_added_to_the_statement_of_its_principal() -> None:
    changed = json.loads(with_grant(with_grant(None, GRANT), Grant(ROLE, VERSION_2)))

    assert changed["Statement"] == [{**OURS, "Resource": [VERSION, VERSION_2]}]


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
def test_a_statement_that_this_stack_would_not_write_gets_no_version(not_ours: Json) -> None:
    changed = json.loads(with_grant(document(not_ours), Grant(ROLE, VERSION_2)))

    assert changed["Statement"] == [not_ours, {**OURS, "Resource": [VERSION_2]}]


@pytest.mark.parametrize(
    "ours",
    [
        OURS,
        {**OURS, "Principal": {"AWS": ROLE}},
        {**OURS, "Action": ACTION},
        {**OURS, "Resource": VERSION},
    ],
)
def test_a_string_in_place_of_a_list_is_still_the_stack_s(ours: Json) -> None:
    changed = json.loads(with_grant(json.dumps({"Statement": ours}), Grant(ROLE, VERSION_2)))

    assert changed["Statement"] == [{**ours, "Resource": [VERSION, VERSION_2]}]
    assert has_grant(document(ours), GRANT)
    assert without_grant(document(ours), GRANT) is None


def test_everything_else_in_the_document_is_kept() -> None:
    text = json.dumps({"Version": "2008-10-17", "Id": "Straße", "Statement": [OURS]})

    written = with_grant(text, Grant(ROLE, VERSION_2))

    assert json.loads(written) == {
        "Version": "2008-10-17",
        "Id": "Straße",
        "Statement": [{**OURS, "Resource": [VERSION, VERSION_2]}],
    }


def test_a_version_is_removed_from_the_list_and_the_others_stay() -> None:
    written = without_grant(document({**OURS, "Resource": [VERSION, VERSION_2]}), GRANT)

    assert json.loads(written or "")["Statement"] == [{**OURS, "Resource": [VERSION_2]}]


def test_a_statement_without_versions_is_removed_and_a_document_without_statements_is_none() -> None:
    theirs = {**OURS, "Effect": "Deny"}

    assert json.loads(without_grant(document(theirs, OURS), GRANT) or "")["Statement"] == [theirs]
    assert without_grant(document(OURS), GRANT) is None


def test_every_occurrence_of_a_version_is_removed() -> None:
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
        {**OURS, "Resource": f"{VERSIONS}/*"},
        {**OURS, "Action": "rekognition:*"},
        {**OURS, "Action": [ACTION, ACTION]},
        {**OURS, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {name: value for name, value in OURS.items() if name != "Action"},
    ],
)
def test_a_statement_that_is_not_the_stack_s_is_never_removed_or_changed(theirs: Json) -> None:
    assert not has_grant(document(theirs), GRANT)
    assert json.loads(without_grant(document(theirs), GRANT) or "")["Statement"] == [theirs]
    assert json.loads(without_grant(document(theirs, OURS, theirs), GRANT) or "")["Statement"] == [theirs, theirs]


def test_a_grant_is_found_only_for_its_own_version() -> None:
    assert has_grant(document({**OURS, "Resource": [VERSION_2, VERSION]}), GRANT)
    assert not has_grant(document({**OURS, "Resource": [VERSION_2]}), GRANT)


def test_fifteen_versions_fit_in_one_statement_and_seven_statements_in_a_document() -> None:
    versions, roles = None, None
    for number in range(15):
        versions = with_grant(versions, Grant(ROLE, f"{VERSIONS}/v{number:02}/17000000000{number:02}"))
    for number in range(7):
        roles = with_grant(roles, Grant(f"{ROLE}-{number}", VERSION))

    assert len(json.loads(versions or "")["Statement"]) == 1
    assert len(json.loads(roles or "")["Statement"]) == 7
    assert len(versions or "") <= LONGEST_DOCUMENT
    assert len(roles or "") <= LONGEST_DOCUMENT


@pytest.mark.parametrize("text", ["Straße", "a€", "猫犬", "\U0001f408", "\u0100", "\x00", "\ud800", "\u2028"])
def test_what_others_wrote_is_written_as_ascii_and_keeps_its_meaning(text: str) -> None:
    theirs = {**OURS, "Sid": text}

    for written in (with_grant(document(theirs), GRANT), without_grant(document(theirs, OURS), GRANT) or ""):
        assert all(" " <= character <= "~" for character in written)
        assert json.loads(written)["Statement"][0] == theirs


ONE_OR_LIST = [VERSION, VERSION_2, f"{VERSIONS}/*"]
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


def is_ours(statement: Json) -> bool:
    """Return whether a generated statement has the stack's own form."""
    return (
        set(statement) == set(OURS)
        and statement["Effect"] == "Allow"
        and statement["Principal"] in ({"AWS": ROLE}, {"AWS": [ROLE]})
        and statement["Action"] in (ACTION, [ACTION])
    )


def others(text: str | None) -> list[Json]:
    return [dict(one) for one in policies.statements(text or "") if not is_ours(dict(one))]


@given(before=st.lists(STATEMENTS, max_size=5))
def test_adding_a_grant_allows_the_copy_and_keeps_every_other_statement(before: list[Json]) -> None:
    text = document(*before)

    written = with_grant(text, GRANT)

    assert Policy("a-policy", "a-revision", written, datetime(2030, 1, 1, tzinfo=UTC)).allows(GRANT)
    assert has_grant(written, GRANT)
    assert others(written) == others(text)
    for version in ONE_OR_LIST:
        assert has_grant(written, Grant(ROLE, version)) >= has_grant(text, Grant(ROLE, version))


@given(before=st.lists(STATEMENTS, max_size=5))
def test_withdrawing_a_grant_removes_it_and_keeps_every_other(before: list[Json]) -> None:
    text = document(*before)

    written = without_grant(text, GRANT)

    assert not has_grant(written or "", GRANT)
    assert others(written) == others(text)
    for version in ONE_OR_LIST[1:]:
        assert has_grant(written or "", Grant(ROLE, version)) is has_grant(text, Grant(ROLE, version))


@given(before=st.lists(STATEMENTS.filter(lambda one: not is_ours(one)), min_size=1, max_size=5))
def test_adding_and_withdrawing_a_grant_restores_the_document(before: list[Json]) -> None:
    text = document(*before)

    assert json.loads(without_grant(with_grant(text, GRANT), GRANT) or "") == json.loads(text)
