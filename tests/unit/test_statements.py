"""The stack's grants are added and withdrawn, and everything else in the document stays."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_copy import policies
from model_copy.policies import ACTION, Grant, Policy
from model_copy.statements import LONGEST_DOCUMENT, Roles, has_grant, with_grant, without_grant
from tests.unit.policy_samples import DELETED_ROLE as DELETED
from tests.unit.policy_samples import OTHER_ACCOUNT as OTHER
from tests.unit.policy_samples import OTHER_ROLE, OWN_ROLE, VERSION, VERSION_2, VERSIONS, statement
from tests.unit.policy_samples import document as as_object
from tests.unit.world import DESTINATION as ACCOUNT
from tests.unit.world import ROLE, Json

ROLES = Roles(OWN_ROLE, "model-copy-destination")
GRANT = Grant(ROLE, VERSION)
OURS = statement()
NOT_OURS = [
    {**OURS, "Principal": "*"},
    {**OURS, "Principal": ROLE},
    {**OURS, "Principal": {"AWS": [ROLE], "Service": "ec2.amazonaws.com"}},
    {**OURS, "Effect": "Deny"},
    {**OURS, "Effect": "ALLOW"},
    {**OURS, "Sid": "Theirs"},
    {**OURS, "Action": "rekognition:*"},
    {**OURS, "Action": [ACTION, ACTION]},
    {**OURS, "Resource": f"{VERSIONS}/*"},
    {**OURS, "Resource": [f"{VERSIONS}/v?/1700000000001"]},
    {**OURS, "Resource": [VERSION, VERSION_2]},
    {**OURS, "Resource": [VERSION, VERSION]},
    {**OURS, "Resource": []},
    {**OURS, "Condition": {}},
    {**OURS, "Condition": {"Bool": {"aws:SecureTransport": "true"}}},
    {name: value for name, value in OURS.items() if name != "Action"},
]
NOT_OUR_PRINCIPALS = [
    [],
    OTHER,
    "*",
    f"arn:aws:iam::{ACCOUNT}:root",
    f"arn:aws:iam::{ACCOUNT}:role/before",
    f"arn:aws:iam::{ACCOUNT}:role/team/model-copy-destination",
    f"arn:aws:iam::{ACCOUNT}:role/model-copy-destination-2",
    f"arn:aws:iam::{ACCOUNT}:user/model-copy-destination",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/model-copy-destination/promote-v1",
    "arn:aws:iam::٢٢٢٢٢٢٢٢٢٢٢٢:role/model-copy-destination",
    f"{OWN_ROLE}-2",
    "AIDAEXAMPLEEXAMPLE123",
    f"{DELETED}:promote-v1",
    DELETED.lower(),
    [ROLE, OTHER],
    [DELETED, OTHER],
    [ROLE, 5],
    {"AWS": ROLE},
]
THEIRS = [*NOT_OURS, *({**OURS, "Principal": {"AWS": one}} for one in NOT_OUR_PRINCIPALS)]

each_of_theirs = pytest.mark.parametrize("theirs", THEIRS, ids=json.dumps)


def document(*statements: object) -> str:
    return json.dumps(as_object(*statements))


def granted(text: str | None, *, to: str = ROLE, version: str = VERSION) -> list[Json]:
    """Return the statements of a document with the grant."""
    written: list[Json] = json.loads(with_grant(text, Grant(to, version), ROLES))["Statement"]
    return written


def withdrawn(*statements: object, grant: Grant = GRANT) -> list[Json]:
    """Return the statements of a document without the grant."""
    written = without_grant(document(*statements), grant, ROLES)
    return list(json.loads(written)["Statement"]) if written else []


def test_the_first_grant_makes_a_document() -> None:
    assert json.loads(with_grant(None, GRANT, ROLES)) == {"Version": "2012-10-17", "Statement": [OURS]}


def test_another_role_is_added_to_the_statement_for_the_version() -> None:
    assert granted(document(OURS), to=OTHER_ROLE) == [statement(ROLE, OTHER_ROLE)]


def test_another_version_gets_a_statement_of_its_own_so_that_no_role_gets_both() -> None:
    two = [statement(ROLE), statement(OTHER_ROLE, version=VERSION_2)]

    assert granted(document(OURS), to=OTHER_ROLE, version=VERSION_2) == two
    assert granted(document(*two), to=OWN_ROLE, version=VERSION_2) == [
        statement(ROLE),
        statement(OTHER_ROLE, OWN_ROLE, version=VERSION_2),
    ]


@pytest.mark.parametrize("role", [ROLE, OTHER_ROLE, OWN_ROLE, ROLE.replace("aws", "aws-us-gov")])
def test_a_statement_for_the_roles_that_copy_is_the_stack_s(role: str) -> None:
    assert ROLES.wrote(statement(role))
    assert ROLES.wrote(statement(DELETED, role))
    assert granted(document(statement(role)), to=ROLE) == [statement(role, ROLE)]


@pytest.mark.parametrize(
    "ours",
    [OURS, {**OURS, "Principal": {"AWS": ROLE}}, {**OURS, "Action": ACTION}, {**OURS, "Resource": VERSION}],
)
def test_a_string_in_place_of_a_list_is_still_the_stack_s(ours: Json) -> None:
    text = json.dumps({"Statement": ours})

    assert granted(text, to=OTHER_ROLE) == [{**ours, "Principal": {"AWS": [ROLE, OTHER_ROLE]}}]
    assert has_grant(text, GRANT, ROLES)
    assert without_grant(text, GRANT, ROLES) is None
    assert granted(text, version=VERSION_2) == [ours, statement(version=VERSION_2)]
    assert withdrawn(ours, statement(), grant=Grant(OTHER_ROLE, VERSION)) == [ours, statement()]


def test_a_name_with_the_characters_of_a_pattern_is_just_a_name() -> None:
    roles = Roles(OWN_ROLE, "model+copy.1")

    assert roles.wrote(statement(f"arn:aws:iam::{ACCOUNT}:role/model+copy.1"))
    assert not roles.wrote(statement(f"arn:aws:iam::{ACCOUNT}:role/modelcopy-1"))


@each_of_theirs
def test_a_statement_that_is_not_the_stack_s_gets_no_role_and_is_never_removed_or_changed(theirs: Json) -> None:
    assert not has_grant(document(theirs), GRANT, ROLES)
    assert granted(document(theirs)) == [theirs, OURS]
    assert granted(document(theirs, statement(OTHER_ROLE), theirs)) == [theirs, statement(OTHER_ROLE, ROLE), theirs]
    assert withdrawn(theirs) == [theirs]
    assert withdrawn(theirs, OURS, theirs) == [theirs, theirs]


def test_everything_else_in_the_document_is_kept() -> None:
    text = json.dumps({"Version": "2008-10-17", "Id": "Straße", "Statement": [OURS, statement(OTHER_ROLE)]})
    kept = {"Version": "2008-10-17", "Id": "Straße"}

    grown, shrunk = with_grant(text, Grant(ROLE, VERSION_2), ROLES), without_grant(text, GRANT, ROLES)

    assert json.loads(grown) == {**kept, "Statement": [OURS, statement(OTHER_ROLE), statement(version=VERSION_2)]}
    assert json.loads(shrunk or "") == {**kept, "Statement": [statement(OTHER_ROLE)]}


def test_a_role_is_removed_from_the_list_for_its_version_and_the_others_stay() -> None:
    others = [statement(ROLE, OTHER_ROLE, version=VERSION_2), statement(OTHER_ROLE, OWN_ROLE)]

    assert withdrawn(others[0], statement(OTHER_ROLE, ROLE, OWN_ROLE)) == others


def test_a_statement_without_roles_is_removed_and_a_document_without_statements_is_none() -> None:
    assert withdrawn(statement(version=VERSION_2), OURS) == [statement(version=VERSION_2)]
    assert without_grant(document(OURS), GRANT, ROLES) is None


def test_every_occurrence_of_a_grant_is_removed() -> None:
    assert without_grant(document(statement(ROLE, ROLE), OURS), GRANT, ROLES) is None


def test_a_grant_is_found_only_for_its_own_role_and_version() -> None:
    text = document(statement(OTHER_ROLE), statement(ROLE, version=VERSION_2), statement(OWN_ROLE, ROLE))

    assert has_grant(text, GRANT, ROLES)
    assert not has_grant(document(*json.loads(text)["Statement"][:2]), GRANT, ROLES)


def test_deleted_roles_are_removed_from_all_statements_of_the_stack_whenever_the_document_is_written() -> None:
    before = [
        statement(DELETED, OTHER_ROLE, DELETED[:-1]),
        statement(DELETED, version=VERSION_2),
        statement(DELETED, OTHER),
        statement(DELETED, version=f"{VERSIONS}/*"),
    ]

    assert granted(document(*before)) == [statement(OTHER_ROLE, ROLE), *before[2:]]
    assert withdrawn(*before, OURS) == [statement(OTHER_ROLE), *before[2:]]
    assert without_grant(document(before[1], OURS), GRANT, ROLES) is None


def test_a_grant_beside_nothing_but_deleted_roles_gets_a_statement() -> None:
    assert granted(document(statement(DELETED))) == [OURS]


def test_thirty_roles_fit_in_one_statement_and_seven_statements_in_a_document() -> None:
    roles, versions = None, None
    for number in range(30):
        roles = with_grant(roles, Grant(ROLE.replace(ACCOUNT, f"2222222222{number:02}"), VERSION), ROLES)
    for number in range(7):
        versions = with_grant(versions, Grant(ROLE, f"{VERSIONS}/v{number:02}/17000000000{number:02}"), ROLES)

    assert len(json.loads(roles or "")["Statement"]) == 1
    assert len(json.loads(versions or "")["Statement"]) == 7
    assert len(roles or "") <= LONGEST_DOCUMENT
    assert len(versions or "") <= LONGEST_DOCUMENT


@pytest.mark.parametrize("text", ["Straße", "a€", "猫犬", "\U0001f408", "\u0100", "\x00", "\ud800", "\u2028"])
def test_what_others_wrote_is_written_as_ascii_and_keeps_its_meaning(text: str) -> None:
    theirs = {**OURS, "Sid": text}

    for written in (
        with_grant(document(theirs), GRANT, ROLES),
        without_grant(document(theirs, OURS), GRANT, ROLES) or "",
    ):
        assert all(" " <= character <= "~" for character in written)
        assert json.loads(written)["Statement"][0] == theirs


VERSIONS_OR_ALL = [VERSION, VERSION_2, f"{VERSIONS}/*"]
PRINCIPALS = [ROLE, OTHER_ROLE, OWN_ROLE, DELETED, OTHER]
STATEMENTS = st.fixed_dictionaries(
    {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny"]),
        "Principal": st.sampled_from(["*", ROLE, ACCOUNT])
        | st.builds(
            lambda one: {"AWS": one},
            st.sampled_from(PRINCIPALS) | st.lists(st.sampled_from(PRINCIPALS), min_size=1, max_size=3),
        ),
        "Action": st.sampled_from([ACTION, [ACTION], "rekognition:*"]),
        "Resource": st.sampled_from(VERSIONS_OR_ALL)
        | st.lists(st.sampled_from(VERSIONS_OR_ALL), min_size=1, max_size=2),
    },
    optional={"Sid": st.text(max_size=3), "Condition": st.just({"Bool": {"aws:SecureTransport": "true"}})},
)
GRANTS = st.builds(Grant, st.sampled_from([ROLE, OTHER_ROLE, OWN_ROLE]), st.sampled_from([VERSION, VERSION_2]))


def is_ours(statement: Json) -> bool:
    """Return whether a generated statement has the stack's own form."""
    principal, resource = statement["Principal"], policies.as_list(statement["Resource"])
    return (
        set(statement) == set(OURS)
        and statement["Effect"] == "Allow"
        and isinstance(principal, dict)
        and OTHER not in policies.as_list(principal["AWS"])
        and statement["Action"] in (ACTION, [ACTION])
        and resource in ([VERSION], [VERSION_2])
    )


def others(text: str | None) -> list[Json]:
    return [dict(one) for one in policies.statements(text or "") if not is_ours(dict(one))]


def grants_of(text: str | None) -> set[Grant]:
    """Return what the stack's statements grant to roles that exist."""
    return {
        Grant(principal, one["Resource"][0] if isinstance(one["Resource"], list) else one["Resource"])
        for one in policies.statements(text or "")
        if is_ours(dict(one))
        for principal in policies.as_list(one["Principal"]["AWS"])
        if principal != DELETED
    }


@given(
    before=st.lists(STATEMENTS, max_size=5),
    steps=st.lists(st.tuples(st.sampled_from(["grant", "withdraw"]), GRANTS), max_size=12),
)
def test_no_role_is_ever_granted_a_version_that_it_did_not_ask_for_and_others_statements_stay(
    before: list[Json], steps: list[tuple[str, Grant]]
) -> None:
    text: str | None = document(*before)
    theirs, expected = others(text), grants_of(text)
    for step, grant in steps:
        if step == "grant":
            text = with_grant(text, grant, ROLES)
            expected.add(grant)
            assert Policy("a-policy", "a-revision", text, datetime(2030, 1, 1, tzinfo=UTC)).allows(grant)
        elif text is not None:
            text = without_grant(text, grant, ROLES)
            expected.discard(grant)
        assert grants_of(text) == expected
        assert all(has_grant(text or "", one, ROLES) is (one in expected) for one in (grant, *expected))
        assert others(text) == theirs
        assert text is None or json.loads(text)["Statement"]


@given(before=st.lists(STATEMENTS.filter(lambda one: not is_ours(one)), min_size=1, max_size=5), grant=GRANTS)
def test_adding_and_withdrawing_a_grant_restores_the_document(before: list[Json], grant: Grant) -> None:
    text = document(*before)

    assert json.loads(without_grant(with_grant(text, grant, ROLES), grant, ROLES) or "") == json.loads(text)
