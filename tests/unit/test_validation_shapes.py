"""A request follows the rules of botocore's model of the API, and all broken rules are named at once."""

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.model import Shape, ShapeResolver, StructureShape
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from model_copy import arns
from model_copy.aws import clients
from model_copy.validation import shape_errors
from tests.unit.world import Json

SHAPE = clients.request_shape()

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


def found(value: object) -> list[str]:
    return list(shape_errors(value, SHAPE))


def test_a_valid_request_has_no_error(fields: Json) -> None:
    assert found(fields) == []


@pytest.mark.parametrize("field", SHAPE.required_members)
def test_a_required_field_is_required(fields: Json, field: str) -> None:
    del fields[field]

    assert found(fields) == [f"{field} is required"]


@pytest.mark.parametrize("field", ["Tags", "KmsKeyId"])
def test_an_optional_field_is_optional(fields: Json, field: str) -> None:
    assert field not in fields
    assert found(fields) == []


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        ("VersionName", None, "VersionName must be a string; got null"),
        ("VersionName", 5, "VersionName must be a string; got 5"),
        ("VersionName", True, "VersionName must be a string; got true"),
        ("VersionName", ["v1"], "VersionName must be a string; got a list of length 1"),
        ("KmsKeyId", {"Id": "key"}, "KmsKeyId must be a string; got an object of length 1"),
        ("OutputConfig", "s3://bucket", "OutputConfig must be an object; got 's3://bucket'"),
        ("OutputConfig.S3Bucket", 1.5, "OutputConfig.S3Bucket must be a string; got 1.5"),
        ("Tags", [], "Tags must be an object; got a list of length 0"),
        ("Tags.team", 7, "Tags['team'] must be a string; got 7"),
    ],
)
def test_a_field_has_its_type(fields: Json, path: str, value: object, error: str) -> None:
    put(fields, path, value)

    assert found(fields) == [error]


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
def test_a_string_has_the_length_of_the_model(
    fields: Json, path: str, shortest: int, longest: int, character: str
) -> None:
    for length in (shortest, longest):
        put(fields, path, character * length)
        assert found(fields) == []
    put(fields, path, character * (longest + 1))
    assert f"must have at most {longest} characters; got {longest + 1}: " in found(fields)[0]
    if shortest:
        put(fields, path, character * (shortest - 1))
        assert f"must have at least {shortest} characters" in found(fields)[0]


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
def test_a_string_matches_the_pattern_of_the_model(fields: Json, path: str, value: str) -> None:
    put(fields, path, value)

    assert len(found(fields)) == 1
    assert found(fields)[0].startswith(f"{path} must match ")
    assert found(fields)[0].endswith(f"; got {value!r}")


@pytest.mark.parametrize("path", ["SourceProjectArn", "VersionName", "OutputConfig.S3Bucket", "KmsKeyId"])
def test_a_newline_at_the_end_is_refused(fields: Json, path: str) -> None:
    put(fields, path, fields.get(path, "live-models") + "\n")

    assert len(found(fields)) == 1
    assert found(fields)[0].startswith(f"{path} must match ")


@pytest.mark.parametrize("path", ["VersionName", "OutputConfig.S3Bucket", "KmsKeyId"])
@pytest.mark.parametrize("letter", ["é", "٣", "ｖ"])
def test_only_tags_may_have_letters_and_digits_beyond_ascii(fields: Json, path: str, letter: str) -> None:
    put(fields, path, f"model{letter}")

    assert len(found(fields)) == 1
    assert found(fields)[0].startswith(f"{path} must match ")


@pytest.mark.parametrize("text", ["größe", "チーム", "команда", "٣½Ⅷ", "a\u00a0b\u2003c\u3000d", "a_.:/=+-@ b"])
def test_tags_may_have_every_letter_number_and_separator(fields: Json, text: str) -> None:
    fields["Tags"] = {text: text}

    assert found(fields) == []


@pytest.mark.parametrize("text", ["50%", "a\tb", "a\nb", "a\n", "e\u0301", "🐈", "€", "a,b", "ok\u200b"])
def test_tags_may_have_no_other_character(fields: Json, text: str) -> None:
    fields["Tags"] = {text: "value", "key": text}

    assert len(found(fields)) == 2
    assert found(fields)[0].startswith(f"Tags key {text!a} must match ")
    assert found(fields)[1].startswith("Tags['key'] must match ")


@pytest.mark.parametrize(
    ("key", "count"),
    [("aws:team", 1), ("aws:", 1), ("aws", 0), ("AWS:team", 0), ("team:aws:", 0), ("awß:team", 0), ("ａws:team", 0)],
)
def test_a_tag_key_does_not_begin_with_the_prefix_of_aws(fields: Json, key: str, count: int) -> None:
    fields["Tags"] = {key: "aws:value"}

    assert len(found(fields)) == count


def test_a_tag_key_is_not_empty_and_not_too_long(fields: Json) -> None:
    fields["Tags"] = {"": "a", "k" * 128: "b", "k" * 129: "c"}

    assert found(fields) == [
        "Tags key '' must have at least 1 characters; got ''",
        f"Tags key '{'k' * 60}'... must have at most 128 characters; got 129: '{'k' * 60}'...",
    ]


def test_there_are_at_most_200_tags(fields: Json) -> None:
    fields["Tags"] = {f"key{number}": "value" for number in range(200)}
    assert found(fields) == []
    fields["Tags"]["one more"] = "%"
    assert found(fields) == ["Tags must have at most 200 entries; got 201"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("versionName", "; did you mean VersionName?"),
        ("SourceProjectVersionARN", "; did you mean SourceProjectVersionArn?"),
        ("Kmskey", "; did you mean KmsKeyId?"),
        ("zzz", ""),
    ],
)
def test_an_unknown_field_is_named_with_a_close_one(fields: Json, name: str, hint: str) -> None:
    fields[name] = "value"

    assert found(fields) == [f"{name} is not a field of the request{hint}"]


def test_an_unknown_field_inside_another_is_named_with_its_path(fields: Json) -> None:
    fields["OutputConfig"]["s3bucket"] = "live-models"

    assert found(fields) == ["OutputConfig.s3bucket is not a field of the request; did you mean S3Bucket?"]


def test_a_long_unknown_name_is_cut_to_60_characters(fields: Json) -> None:
    fields["x" * 70] = "value"

    assert found(fields) == [f"{'x' * 60}... is not a field of the request"]


def test_all_errors_are_named_at_once() -> None:
    value = {"VersionName": "v 1", "OutputConfig": {"S3Bucket": "b"}, "Tags": {"%": 5}, "Zebra": 1}

    assert [error.split(" must ")[0] for error in found(value)] == [
        "SourceProjectArn is required",
        "SourceProjectVersionArn is required",
        "DestinationProjectArn is required",
        "VersionName",
        "OutputConfig.S3Bucket",
        "Tags key '%'",
        "Tags['%']",
        "Zebra is not a field of the request",
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
def test_an_error_is_short_however_long_the_value(fields: Json, path: str, hostile: Callable[[], object]) -> None:
    put(fields, path, hostile())

    assert found(fields)
    assert all(len(error) < 1_600 for error in found(fields))


def test_a_long_value_is_shown_with_its_beginning_and_dots(fields: Json) -> None:
    fields["VersionName"] = "v" * 300

    assert found(fields) == [f"VersionName must have at most 255 characters; got 300: '{'v' * 60}'..."]


@settings(max_examples=300)
@given(value=ALMOST)
def test_the_errors_are_those_of_botocore_s_own_validator(value: Json) -> None:
    beyond_botocore = (" must match ", " must have at most ")

    ours = [error for error in found(value) if not any(words in error for words in beyond_botocore)]

    assert len(ours) == len(ParamValidator().validate(value, SHAPE)._errors)


@settings(max_examples=300)
@given(value=JSON | ALMOST)
def test_any_json_value_can_be_checked(value: object) -> None:
    assert all(isinstance(error, str) for error in found(value))


def test_the_rules_are_those_of_the_given_shape(shape: StructureShape) -> None:
    [error] = shape_errors("v 1", shape.members["VersionName"], "Name")

    assert error.startswith("Name must match ")


@pytest.mark.parametrize("kind", ["integer", "long", "float", "boolean", "timestamp", "blob", "list"])
@pytest.mark.parametrize("value", [5, 1.5, True, None, "text", "", [], ["a"], {}, {"a": 1}], ids=repr)
def test_a_field_of_a_type_without_rules_is_not_checked(kind: str, value: object) -> None:
    shape = newer({"New": {"type": kind}})

    assert list(shape_errors({"New": value}, shape)) == []


@pytest.mark.parametrize("kind", ["integer", "list"])
@pytest.mark.parametrize("value", ["text", ""], ids=repr)
def test_the_limits_of_a_type_without_rules_are_not_checked(kind: str, value: object) -> None:
    shape = newer({"New": {"type": kind, "min": 2, "max": 3, "pattern": "x"}})

    assert list(shape_errors({"New": value}, shape)) == []


def test_a_map_without_a_limit_may_have_any_number_of_entries() -> None:
    shape = newer({"New": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}}})

    assert list(shape_errors({"New": {"key": "value"}}, shape)) == []


@pytest.mark.parametrize("inside", ["", "OutputConfig."])
def test_only_the_first_20_of_40000_unknown_fields_get_a_hint(
    fields: Json, monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    looked_up: list[str] = []

    def get_close_matches(name: str, *_: object, **__: object) -> list[str]:
        looked_up.append(name)
        return []

    monkeypatch.setattr(difflib, "get_close_matches", get_close_matches)
    for number in range(40_000):
        put(fields, f"{inside}Zebra{number}", None)

    assert len(found(fields)) == 40_000
    assert looked_up == [f"zebra{number}" for number in range(20)]


def patterns(shape: Shape) -> Iterator[str]:
    """Yield the patterns of a shape and of all shapes inside it."""
    if "pattern" in shape.metadata:
        yield shape.metadata["pattern"]
    for one in (*getattr(shape, "members", {}).values(), getattr(shape, "key", None), getattr(shape, "value", None)):
        yield from patterns(one) if one else ()


def backtracks(pattern: str) -> bool:
    """Return whether a repetition in a pattern is inside another."""
    repeats = (re._constants.MAX_REPEAT, re._constants.MIN_REPEAT)

    def nests(part: Any, repeated: bool) -> bool:
        if isinstance(part, tuple) and part[0] in repeats:
            _, most, inside = part[1]
            return (repeated and most > 1) or nests(inside, repeated or most > 1)
        return isinstance(part, tuple | list | re._parser.SubPattern) and any(nests(one, repeated) for one in part)

    return nests(re._parser.parse(pattern), False)


def test_no_pattern_can_be_made_to_backtrack() -> None:
    known = [*patterns(SHAPE), arns._PROJECT.pattern, arns._VERSION.pattern, arns._MODEL_PACKAGE.pattern]

    assert len(known) >= 10
    assert [one for one in known if backtracks(re.sub(r"\\p\{.\}", "a", one))] == []
    assert backtracks("((a|b)+)*c")


def test_a_wildcard_of_fnmatch_does_not_backtrack() -> None:
    assert fnmatch.translate("*a*a*b").count("(?>.*?") == 2


def newer(members: Json) -> Shape:
    """Return the shape of a request with members that a newer botocore may know."""
    kinds = {**members, "Text": {"type": "string"}}
    request = {"type": "structure", "members": {name: {"shape": name} for name in members}}
    return ShapeResolver({**kinds, "Request": request}).get_shape_by_name("Request")


def put(fields: Json, path: str, value: object) -> None:
    """Set a field, or one inside another."""
    outer, _, inner = path.partition(".")
    if inner:
        fields.setdefault(outer, {})[inner] = value
    else:
        fields[outer] = value
