"""A request keeps the rules of AWS's own model, and all that breaks them is said at once."""

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.model import Shape, ShapeResolver
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from model_copy import accounts, arns, rules

SHAPE = accounts.request_shape()
State = dict[str, Any]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ALMOST = st.fixed_dictionaries(
    {},
    optional={
        "SourceProjectArn": st.text(max_size=40) | JSON,
        "SourceProjectVersionArn": st.text(max_size=40) | JSON,
        "DestinationProjectArn": st.text(max_size=40) | JSON,
        "VersionName": st.text(max_size=2) | JSON,
        "OutputConfig": st.fixed_dictionaries(
            {}, optional={"S3Bucket": st.text(max_size=4) | JSON, "S3KeyPrefix": JSON, "Other": JSON}
        )
        | JSON,
        "Tags": st.dictionaries(st.text(max_size=2), st.text(max_size=2) | JSON, max_size=3) | JSON,
        "KmsKeyId": st.text(max_size=2) | JSON,
        "Other": JSON,
    },
)


@pytest.fixture
def members(state: State) -> State:
    """The members of a request that is all right."""
    return {name: value for name, value in state.items() if name != "Execution"}


def found(value: object) -> list[str]:
    return list(rules.mistakes(value, SHAPE))


def test_a_request_that_is_all_right_has_no_mistake(members: State) -> None:
    assert found(members) == []


@pytest.mark.parametrize("member", SHAPE.required_members)
def test_a_required_member_must_be_there(members: State, member: str) -> None:
    del members[member]

    assert found(members) == [f"{member} is required, and is missing"]


@pytest.mark.parametrize("member", ["Tags", "KmsKeyId"])
def test_an_optional_member_may_be_left_out(members: State, member: str) -> None:
    assert member not in members
    assert found(members) == []


@pytest.mark.parametrize(
    ("path", "value", "mistake"),
    [
        ("VersionName", None, "VersionName must be a text, and is null"),
        ("VersionName", 5, "VersionName must be a text, and is 5"),
        ("VersionName", True, "VersionName must be a text, and is true"),
        ("VersionName", ["v1"], "VersionName must be a text, and is a list of 1"),
        ("KmsKeyId", {"Id": "key"}, "KmsKeyId must be a text, and is an object of 1"),
        ("OutputConfig", "s3://bucket", "OutputConfig must be an object, and is 's3://bucket'"),
        ("OutputConfig.S3Bucket", 1.5, "OutputConfig.S3Bucket must be a text, and is 1.5"),
        ("Tags", [], "Tags must be an object, and is a list of 0"),
        ("Tags.team", 7, "Tags['team'] must be a text, and is 7"),
    ],
)
def test_a_member_has_its_type(members: State, path: str, value: object, mistake: str) -> None:
    put(members, path, value)

    assert found(members) == [mistake]


@pytest.mark.parametrize(
    ("path", "shortest", "longest", "character"),
    [
        ("VersionName", 1, 255, "v"),
        ("OutputConfig.S3Bucket", 3, 255, "b"),
        ("OutputConfig.S3KeyPrefix", 0, 1024, "é"),
        ("KmsKeyId", 1, 2048, "k"),
        ("Tags.team", 0, 256, "t"),
    ],
)
def test_a_text_has_the_length_that_the_model_says(
    members: State, path: str, shortest: int, longest: int, character: str
) -> None:
    for length in (shortest, longest):
        put(members, path, character * length)
        assert found(members) == []
    put(members, path, character * (longest + 1))
    assert f"must have at most {longest} characters, and has {longest + 1}: " in found(members)[0]
    if shortest:
        put(members, path, character * (shortest - 1))
        assert f"must have at least {shortest} characters" in found(members)[0]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("SourceProjectArn", "arn:aws:s3:::a-bucket-of-no-project"),
        ("SourceProjectArn", "arn:aws:rekognition:eu-central-1:12345678901:project/cats/1"),
        ("SourceProjectVersionArn", "arn:aws:rekognition:eu-central-1:111111111111:project/cats/1"),
        ("DestinationProjectArn", "arn:aws:rekognition:eu-west-1:222222222222:project/ca ts/1"),
        ("VersionName", "v 1"),
        ("VersionName", "v1/2"),
        ("OutputConfig.S3Bucket", "live/models"),
        ("KmsKeyId", "-key"),
    ],
)
def test_a_text_matches_the_pattern_that_the_model_says(members: State, path: str, value: str) -> None:
    put(members, path, value)

    assert len(found(members)) == 1
    assert found(members)[0].startswith(f"{path} must match ")
    assert found(members)[0].endswith(f", and is {value!r}")


@pytest.mark.parametrize("path", ["SourceProjectArn", "VersionName", "OutputConfig.S3Bucket", "KmsKeyId"])
def test_a_newline_at_the_end_is_no_part_of_a_value(members: State, path: str) -> None:
    put(members, path, members.get(path, "live-models") + "\n")

    assert len(found(members)) == 1
    assert found(members)[0].startswith(f"{path} must match ")


@pytest.mark.parametrize("path", ["VersionName", "OutputConfig.S3Bucket", "KmsKeyId"])
@pytest.mark.parametrize("letter", ["é", "٣", "ｖ"])
def test_only_tags_may_hold_letters_and_digits_beyond_ascii(members: State, path: str, letter: str) -> None:
    put(members, path, f"model{letter}")

    assert len(found(members)) == 1
    assert found(members)[0].startswith(f"{path} must match ")


@pytest.mark.parametrize("text", ["größe", "チーム", "команда", "٣½Ⅷ", "a\u00a0b\u2003c\u3000d", "a_.:/=+-@ b"])
def test_tags_may_hold_every_letter_number_and_separator(members: State, text: str) -> None:
    members["Tags"] = {text: text}

    assert found(members) == []


@pytest.mark.parametrize("text", ["50%", "a\tb", "a\nb", "a\n", "e\u0301", "🐈", "€", "a,b", "ok\u200b"])
def test_tags_may_hold_no_other_character(members: State, text: str) -> None:
    members["Tags"] = {text: "value", "key": text}

    assert len(found(members)) == 2
    assert found(members)[0].startswith(f"Tags key {text!a} must match ")
    assert found(members)[1].startswith("Tags['key'] must match ")


@pytest.mark.parametrize(
    ("key", "count"),
    [("aws:team", 1), ("aws:", 1), ("aws", 0), ("AWS:team", 0), ("team:aws:", 0), ("awß:team", 0), ("ａws:team", 0)],
)
def test_a_tag_key_does_not_begin_with_the_prefix_of_aws(members: State, key: str, count: int) -> None:
    members["Tags"] = {key: "aws:value"}

    assert len(found(members)) == count


def test_a_tag_key_is_not_empty_and_not_too_long(members: State) -> None:
    members["Tags"] = {"": "a", "k" * 128: "b", "k" * 129: "c"}

    assert found(members) == [
        "Tags key '' must have at least 1 characters, and is ''",
        f"Tags key '{'k' * 60}'... must have at most 128 characters, and has 129: '{'k' * 60}'...",
    ]


def test_there_are_at_most_200_tags(members: State) -> None:
    members["Tags"] = {f"key{number}": "value" for number in range(200)}
    assert found(members) == []
    members["Tags"]["one more"] = "%"
    assert found(members) == ["Tags must have at most 200 entries, and has 201"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("versionName", "; did you mean VersionName?"),
        ("SourceProjectVersionARN", "; did you mean SourceProjectVersionArn?"),
        ("Kmskey", "; did you mean KmsKeyId?"),
        ("zzz", ""),
    ],
)
def test_an_unknown_member_is_named_with_the_member_that_was_meant(members: State, name: str, meant: str) -> None:
    members[name] = "value"

    assert found(members) == [f"{name} is no member of the request{meant}"]


def test_an_unknown_member_inside_another_is_named_with_its_path(members: State) -> None:
    members["OutputConfig"]["s3bucket"] = "live-models"

    assert found(members) == ["OutputConfig.s3bucket is no member of the request; did you mean S3Bucket?"]


def test_a_long_unknown_name_is_cut_to_60_characters(members: State) -> None:
    members["x" * 70] = "value"

    assert found(members) == [f"{'x' * 60}... is no member of the request"]


def test_all_mistakes_are_said_at_once() -> None:
    value = {"VersionName": "v 1", "OutputConfig": {"S3Bucket": "b"}, "Tags": {"%": 5}, "Zebra": 1}

    assert [mistake.split(" must ")[0] for mistake in found(value)] == [
        "SourceProjectArn is required, and is missing",
        "SourceProjectVersionArn is required, and is missing",
        "DestinationProjectArn is required, and is missing",
        "VersionName",
        "OutputConfig.S3Bucket",
        "Tags key '%'",
        "Tags['%']",
        "Zebra is no member of the request",
    ]


@pytest.mark.parametrize(
    "hostile",
    [
        lambda: "x" * 1_000_000,
        lambda: "\U0001f408" * 1_000_000,
        lambda: ["x" * 1_000_000],
        lambda: {"x" * 1_000_000: "x" * 1_000_000},
        lambda: 10**4_000,
        lambda: float("inf"),
    ],
)
@pytest.mark.parametrize("path", ["VersionName", "OutputConfig", "Tags", "Tags.team", "Other"])
def test_a_mistake_is_short_however_long_the_value(members: State, path: str, hostile: Callable[[], object]) -> None:
    put(members, path, hostile())

    assert found(members)
    assert all(len(mistake) < 1_600 for mistake in found(members))


def test_a_long_value_shows_how_it_begins_and_that_it_goes_on(members: State) -> None:
    members["VersionName"] = "v" * 300

    assert found(members) == [f"VersionName must have at most 255 characters, and has 300: '{'v' * 60}'..."]


@settings(max_examples=300)
@given(value=ALMOST)
def test_the_walk_finds_what_botocore_finds(value: State) -> None:
    beyond_botocore = (" must match ", " must have at most ")

    ours = [mistake for mistake in found(value) if not any(words in mistake for words in beyond_botocore)]

    assert len(ours) == len(ParamValidator().validate(value, SHAPE)._errors)


@settings(max_examples=300)
@given(value=JSON | ALMOST)
def test_no_json_value_breaks_the_walk(value: object) -> None:
    assert all(isinstance(mistake, str) for mistake in found(value))


def test_the_rules_are_those_of_the_shape_that_is_given(shape: Shape) -> None:
    [mistake] = rules.mistakes("v 1", shape.members["VersionName"], "Name")

    assert mistake.startswith("Name must match ")


@pytest.mark.parametrize("kind", ["integer", "long", "float", "boolean", "timestamp", "blob", "list"])
@pytest.mark.parametrize("value", [5, 1.5, True, None, "text", "", [], ["a"], {}, {"a": 1}], ids=repr)
def test_a_member_of_a_type_without_rules_is_left_to_aws(kind: str, value: object) -> None:
    shape = newer({"New": {"type": kind}})

    assert list(rules.mistakes({"New": value}, shape)) == []


@pytest.mark.parametrize("kind", ["integer", "list"])
@pytest.mark.parametrize("value", ["text", ""], ids=repr)
def test_the_limits_of_a_type_without_rules_are_left_to_aws(kind: str, value: object) -> None:
    shape = newer({"New": {"type": kind, "min": 2, "max": 3, "pattern": "x"}})

    assert list(rules.mistakes({"New": value}, shape)) == []


def test_a_map_without_a_limit_may_have_any_number_of_entries() -> None:
    shape = newer({"New": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}}})

    assert list(rules.mistakes({"New": {"key": "value"}}, shape)) == []


@pytest.mark.parametrize("inside", ["", "OutputConfig."])
def test_of_40000_unknown_members_the_first_20_get_a_hint(
    members: State, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    sought: list[str] = []
    monkeypatch.setattr(difflib, "get_close_matches", lambda name, *_, **__: sought.append(name) or [])
    for number in range(40_000):
        put(members, f"{inside}Zebra{number}", None)

    assert len(found(members)) == 40_000
    assert sought == [f"zebra{number}" for number in range(20)]


def patterns(shape: Shape) -> Iterator[str]:
    """List the patterns of a shape and of all inside it."""
    if "pattern" in shape.metadata:
        yield shape.metadata["pattern"]
    for one in (*getattr(shape, "members", {}).values(), getattr(shape, "key", None), getattr(shape, "value", None)):
        yield from patterns(one) if one else ()


def backtracks(pattern: str) -> bool:
    """Tell whether something in a pattern is repeated inside what is itself repeated."""
    repeats = (re._constants.MAX_REPEAT, re._constants.MIN_REPEAT)

    def nests(part: Any, repeated: bool) -> bool:
        if isinstance(part, tuple) and part[0] in repeats:
            return repeated or nests(part[1], True)
        return isinstance(part, tuple | list | re._parser.SubPattern) and any(nests(one, repeated) for one in part)

    return nests(re._parser.parse(pattern), False)


def test_no_pattern_can_be_made_to_backtrack() -> None:
    known = [*patterns(SHAPE), arns._PROJECT.pattern, arns._VERSION.pattern]

    assert len(known) >= 10
    assert [one for one in known if backtracks(re.sub(r"\\p\{.\}", "a", one))] == []
    assert backtracks("((a|b)+)*c")


def test_a_wildcard_that_was_found_is_not_sought_again() -> None:
    assert fnmatch.translate("*a*a*b").count("(?>.*?") == 2


def newer(members: State) -> Shape:
    """Give a request as a newer botocore may know it, with members of these kinds."""
    kinds = {**members, "Text": {"type": "string"}}
    request = {"type": "structure", "members": {name: {"shape": name} for name in members}}
    return ShapeResolver({**kinds, "Request": request}).get_shape_by_name("Request")


def put(members: State, path: str, value: object) -> None:
    """Set a member, or one inside another."""
    outer, _, inner = path.partition(".")
    if inner:
        members.setdefault(outer, {})[inner] = value
    else:
        members[outer] = value
