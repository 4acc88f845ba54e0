"""A grant goes to one of the stack's policies that has room for it, or to a new one."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mypy_boto3_rekognition import RekognitionClient

from model_copy import grants, placement, runtime
from model_copy.arns import Arn
from model_copy.errors import PolicyFullError, PolicyQuotaError, PolicyRejectedError
from model_copy.placement import Place, Tries
from model_copy.policies import Policy
from model_copy.request import CopyRequest
from sandbox.aws.rekognition import settings as aws
from tests.unit.policy_samples import (
    OTHER_ROLE,
    POLICY_2,
    POLICY_NAME,
    THEIRS,
    VERSION,
    VERSION_2,
    VERSIONS,
    document,
    statement,
)
from tests.unit.world import ROLE, Json, Wire, World

pytestmark = pytest.mark.usefixtures("environment")

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SMALL = document(statement(OTHER_ROLE))
FULL = document({**statement(OTHER_ROLE), "Sid": "s" * 1_780})
QUOTA = "The project has 2 policies, its limit"

Choose = Callable[..., Place]
Step = tuple[Callable[[RekognitionClient, CopyRequest], object], str, str]


def policy(name: str, content: Json | str) -> Policy:
    text = content if isinstance(content, str) else json.dumps(content)
    return Policy(name, f"revision-of-{name}", text, NOW)


@pytest.fixture
def choose(copy_request: CopyRequest, monkeypatch: pytest.MonkeyPatch) -> Choose:
    """Chooses a place among the policies with these names and documents."""

    def choose(policies: dict[str, Json | str], tries: Tries | None = None, chance: float = 0) -> Place:
        monkeypatch.setattr(runtime, "chance", lambda: chance)
        found = [policy(name, content) for name, content in policies.items()]
        return placement.choose(found, grants.grant_for(copy_request), tries or Tries(), copy_request)

    return choose


def names(choose: Choose, policies: dict[str, Json | str], tries: Tries) -> list[str]:
    """Return the places that chance decides between."""
    return list(dict.fromkeys(choose(policies, tries, number / 100).name for number in range(100)))


@pytest.mark.parametrize("number", ["1", "2", "12", "9999999"])
def test_a_policy_of_the_stack_has_its_name_and_a_number(number: str) -> None:
    assert placement.own([policy(f"model-copy-{number}", SMALL)])


@pytest.mark.parametrize(
    "name",
    [
        "model-copy-",
        "model-copy",
        "model-copy-a",
        "model-copy-1-1",
        "model-copy-staging-1",
        "model-copy-222222222222",
        "my-model-copy-1",
        "modelXcopy-1",
        "model-copy-1\n",
    ],
)
def test_a_policy_whose_name_only_begins_like_the_stack_s_is_another_s(name: str) -> None:
    assert placement.own([policy(name, SMALL)]) == []


@pytest.mark.parametrize(("stack", "mine"), [("model.copy", "model.copy-1"), ("s" * 128, f"{'s' * 120}-9999999")])
def test_a_name_is_taken_literally_and_has_at_most_128_characters(
    monkeypatch: pytest.MonkeyPatch, stack: str, mine: str
) -> None:
    monkeypatch.setenv("STACK_NAME", stack)

    assert [one.name for one in placement.own([policy(mine, SMALL), policy("modelXcopy-1", SMALL)])] == [mine]
    assert len(mine) <= 128


@pytest.mark.parametrize(
    ("existing", "name"),
    [
        ({}, POLICY_NAME),
        ({"another": SMALL}, POLICY_NAME),
        ({POLICY_NAME: FULL}, POLICY_2),
        ({POLICY_2: FULL}, POLICY_NAME),
        ({POLICY_NAME: FULL, POLICY_2: FULL, "model-copy-4": FULL}, "model-copy-3"),
        ({f"model-copy-{number}": FULL for number in range(1, 9)}, "model-copy-9"),
    ],
)
def test_where_no_policy_has_room_a_new_one_gets_the_first_number_that_is_free(
    choose: Choose, existing: dict[str, Json | str], name: str
) -> None:
    for chance in (0, 0.12):  # of 1, and below the share of writers that try to exceed the default quota
        place = choose(existing, chance=chance)

        assert (place.name, place.revision) == (name, None)
        assert json.loads(place.document) == document(statement())


def test_one_of_the_policies_with_room_is_chosen_at_random_and_no_new_one_is_made(choose: Choose) -> None:
    existing = {POLICY_NAME: FULL, POLICY_2: SMALL, "another": SMALL, "model-copy-7": THEIRS}

    assert names(choose, existing, Tries()) == [POLICY_2, "model-copy-7"]
    assert choose(existing, chance=0) == Place(
        POLICY_2, f"revision-of-{POLICY_2}", json.dumps(document(statement(OTHER_ROLE, ROLE)), separators=(",", ":"))
    )


def test_after_a_conflict_new_policies_are_possible_too_so_that_writers_spread(choose: Choose) -> None:
    conflict = Tries(conflicts=1)

    assert names(choose, {}, conflict) == [f"model-copy-{number}" for number in range(1, 6)]
    assert names(choose, {"model-copy-3": SMALL, POLICY_NAME: FULL}, conflict) == [
        "model-copy-3",
        POLICY_2,
        "model-copy-4",
        "model-copy-5",
    ]
    assert names(choose, {f"model-copy-{number}": SMALL for number in range(1, 7)}, conflict)[-1] == "model-copy-7"


def test_a_policy_that_aws_did_not_accept_with_the_grant_is_not_chosen_again(choose: Choose) -> None:
    rejected = Tries(rejected={POLICY_NAME: "Invalid", "model-copy-3": "Invalid"})

    assert names(choose, {POLICY_NAME: SMALL, POLICY_2: SMALL}, rejected) == [POLICY_2, "model-copy-4"]
    assert names(choose, {POLICY_NAME: SMALL}, rejected) == [POLICY_2]


def test_after_a_refusal_only_existing_policies_are_chosen(choose: Choose) -> None:
    refused = Tries(conflicts=1, refused=[[]], reason=QUOTA)

    assert names(choose, {POLICY_NAME: SMALL, POLICY_2: FULL, "model-copy-3": SMALL}, refused) == [
        POLICY_NAME,
        "model-copy-3",
    ]


@pytest.mark.parametrize("text", ["no JSON", "[]", "5", '"text"', f'{{"Id":{"9" * 5_000}}}', "[" * 200_000], ids=len)
def test_a_policy_that_cannot_be_read_has_no_room(choose: Choose, text: str) -> None:
    assert choose({POLICY_NAME: text}).name == POLICY_2


@pytest.mark.parametrize(("surplus", "name"), [(0, POLICY_NAME), (1, POLICY_2)])
@pytest.mark.parametrize("others", [(statement(OTHER_ROLE),), (statement(version=VERSION_2),)])
def test_a_document_may_be_filled_to_the_last_of_2000_characters(
    choose: Choose, others: tuple[Json, ...], surplus: int, name: str
) -> None:
    sid = {**statement(version=VERSION_2), "Sid": ""}
    room = 2_000 - len(choose({POLICY_NAME: document(sid, *others)}).document)
    sid["Sid"] = "s" * (room + surplus)

    place = choose({POLICY_NAME: document(sid, *others)})

    assert place.name == name
    assert surplus or len(place.document) == 2_000


def test_the_length_counts_the_characters_that_are_sent(choose: Choose) -> None:
    umlauts = document({**statement(OTHER_ROLE), "Sid": "ü" * 300})

    assert choose({POLICY_NAME: umlauts}).name == POLICY_2


def refusals(*lists: list[str]) -> Tries:
    """Return tries in which AWS refused a new policy after each of these lists."""
    return Tries(refused=[[policy(name, FULL) for name in one] for one in lists], reason=QUOTA)


def test_a_project_without_room_waits_for_a_policy_of_the_stack(choose: Choose) -> None:
    words = rf"cats/1700000000000 has no room for the grant of {VERSION}: the project has 2 policies .*\({QUOTA}\)"

    with pytest.raises(PolicyFullError, match=words):
        choose({POLICY_NAME: FULL, "another": THEIRS}, refusals(["another", "one-more"]))


def test_a_project_full_of_others_policies_is_refused_after_three_refusals_with_the_same_list(choose: Choose) -> None:
    full, same = {"b": THEIRS, "a": THEIRS}, ["a", "b"]

    assert choose(full, refusals(same, same)).name == POLICY_NAME
    assert choose(full, refusals(["a", POLICY_NAME], same, same, same)).name == POLICY_NAME
    assert choose(full, refusals(same, ["a", "c"], same)).name == POLICY_NAME
    with pytest.raises(PolicyQuotaError, match=r"as its quota allows \(a, b\)"):
        choose(full, refusals(same, same, same))


def test_a_project_without_policies_is_not_called_full(choose: Choose) -> None:
    assert choose({}, refusals([], [], [], [])).name == POLICY_NAME


@pytest.mark.parametrize("existing", [{POLICY_NAME: SMALL, POLICY_2: FULL}, {"another": THEIRS}])
def test_where_nothing_is_left_after_a_rejection_the_grant_is_rejected(
    choose: Choose, existing: dict[str, Json | str]
) -> None:
    tries = Tries(rejected={"model-copy-3": "Bad", POLICY_NAME: "Invalid principal: x"}, refused=[[]], reason=QUOTA)

    with pytest.raises(PolicyRejectedError, match=f"policy {POLICY_NAME}, model-copy-3 of .* for {ROLE}: Invalid"):
        choose(existing, tries)


STACK_S_FORM = st.builds(
    lambda account, version: statement(
        ROLE.replace("222222222222", account), version=f"{VERSIONS}/{version}/1700000000001"
    ),
    st.sampled_from(["222222222222", OTHER_ROLE.split(":")[4]]),
    st.sampled_from(["v1", "v2"]),
)
ANOTHER_S = st.builds(
    lambda one, sid: {**one, "Sid": sid},
    STACK_S_FORM,
    st.sampled_from(["a", "é", "a" * 300, "é" * 100, "a" * 1_600]),
)
DOCUMENTS = (
    st.lists(STACK_S_FORM | ANOTHER_S, min_size=1, max_size=3)
    .map(lambda them: document(*them))
    .filter(lambda one: len(json.dumps(one)) <= 2_000)
)
STEPS = st.tuples(
    st.sampled_from([grants.ensure, grants.ensure, grants.withdraw]),
    st.sampled_from([f"22222222222{number}" for number in range(8)]),
    st.sampled_from(["v1", "v2", "v3", "v4"]),
)


def granted(statements: list[Json]) -> set[tuple[str, str]]:
    """Return the roles and versions of the stack's statements."""
    return {(role, one["Resource"][0]) for one in statements if "Sid" not in one for role in one["Principal"]["AWS"]}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.dictionaries(st.sampled_from([POLICY_NAME, POLICY_2, "another"]), DOCUMENTS),
    steps=st.lists(STEPS, max_size=25),
    quota=st.sampled_from([2, 3, 5]),
)
def test_whatever_is_granted_and_withdrawn_each_role_may_copy_just_what_it_asked_for(
    world: World, source: Wire, copy_request: CopyRequest, before: dict[str, Json], steps: list[Step], quota: int
) -> None:
    def statements(of_the_stack: bool) -> list[Json]:
        return [
            one
            for name in sorted(world.source.policies)
            if (name != "another") is of_the_stack
            for one in world.document(name)["Statement"]
        ]

    world.source.policies.clear()
    aws.policies_quota = len(before)
    for name, content in before.items():
        world.put_policy(name, content)
    aws.policies_quota = quota
    expected, theirs = granted(statements(True)), [one for one in statements(True) if "Sid" in one]
    another = statements(False)
    elsewhere = {(one["Principal"]["AWS"][0], one["Resource"][0]) for one in another}
    for work, account, version in steps:
        request = replace(
            copy_request,
            source_version=Arn.parse_version(f"{VERSIONS}/{version}/1700000000001"),
            destination_project=replace(copy_request.destination_project, account=account),
        )
        grant = grants.grant_for(request)
        try:
            work(source.client, request)
        except PolicyFullError:
            continue
        allowed_by_another = (grant.principal, grant.version_arn) in elsewhere | granted(theirs)
        if work is grants.ensure and not allowed_by_another:
            expected.add((grant.principal, grant.version_arn))
        elif work is grants.withdraw:
            expected.discard((grant.principal, grant.version_arn))
        assert granted(statements(True)) == expected
        assert [one for one in statements(True) if "Sid" in one] == theirs
        assert statements(False) == another
        assert all(len(one.document) <= 2_000 for one in world.source.policies.values())
