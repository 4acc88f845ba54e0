"""Every error of the workflow is a route and a sentence that ends in what to do."""

import json
import re
from string import Formatter

import pytest

from model_copy import errors
from model_copy.errors import (
    FailedBeforeError,
    GrantMissingError,
    InvalidRequestError,
    ModelCopyError,
    ModelQuotaError,
    RefusedError,
    SourceVersionNotFoundError,
    TransientError,
)
from model_copy.text import cut, excerpt

BASES = {ModelCopyError, RefusedError}
LEAVES = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, ModelCopyError) and found not in BASES
]
USERS_SEE = [leaf for leaf in LEAVES if leaf is not GrantMissingError]
ROUTES = (
    r"  (Refused|Retried|Retried slowly|Fails at its Task|Caught: the grant is ensured again|Not of the workflow)\.$"
)
ACTIONS = r"\b(Correct|Start|start|Create|Choose|choose|Delete|Ask|ask|Find out|Wait|redrive|Invoke|send)\b"


def said_by(leaf: type[ModelCopyError]) -> str:
    """Fill the sentence with something for every detail."""
    details = {name: f"the {name}" for _, name, _, _ in Formatter().parse(leaf.sentence) if name}
    return str(leaf(**details))


@pytest.mark.parametrize("leaf", LEAVES)
def test_an_error_is_named_error_and_is_a_leaf(leaf: type[ModelCopyError]) -> None:
    assert leaf.__name__.endswith("Error")
    assert leaf.__subclasses__() == []


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_docstring_ends_in_the_route(leaf: type[ModelCopyError]) -> None:
    assert re.search(ROUTES, leaf.__doc__ or "")


@pytest.mark.parametrize("leaf", LEAVES)
def test_an_error_is_refused_exactly_when_its_docstring_says_so(leaf: type[ModelCopyError]) -> None:
    assert issubclass(leaf, RefusedError) is (leaf.__doc__ or "").endswith("  Refused.")


@pytest.mark.parametrize("leaf", LEAVES)
def test_an_error_hands_its_sentence_to_lambda(leaf: type[ModelCopyError]) -> None:
    words = [text.strip() for text, *_ in Formatter().parse(leaf.sentence) if text.strip()]

    assert all(text in said_by(leaf) for text in words)
    assert "{" not in said_by(leaf)


@pytest.mark.parametrize("leaf", [leaf for leaf in USERS_SEE if leaf.__name__ != "SourceNotCopyableError"])
def test_a_sentence_ends_in_what_to_do(leaf: type[ModelCopyError]) -> None:
    sentences = re.split(r"(?<=\.) ", said_by(leaf))

    assert sentences[-1].endswith(".")
    assert any(re.search(ACTIONS, one) for one in sentences[-2:])


def test_a_detail_with_braces_stays_as_it_is() -> None:
    assert "{what}" in str(TransientError(what="{what}", reason="{0}"))


def test_a_version_whose_project_is_missing_is_said_to_be_missing_with_it() -> None:
    assert str(SourceVersionNotFoundError.without_project("the-version", "the-project")).startswith(
        "There is no model version the-version, because there is no project the-project. Correct"
    )


def test_errors_together_keep_the_first_type_and_say_all_the_sentences() -> None:
    first = FailedBeforeError(origin=" of this model version", project="p", name="n", message="m.", version="v")
    second = ModelQuotaError(project="p", count=100, message="m")
    said = f"{first} {second}"

    together = RefusedError.together([first, second])

    assert type(together) is FailedBeforeError
    assert str(together) == said


def test_errors_together_are_cut_too() -> None:
    many = [TransientError(what="é" * 500, reason="none") for _ in range(20)]

    assert len(json.dumps(str(ModelCopyError.together(many)))) <= 8_000


def test_one_mistake_is_counted_in_the_singular() -> None:
    assert str(InvalidRequestError.of(["It is empty"])) == (
        "The request has 1 mistake: (1) It is empty. Correct the request and start it again."
    )


@pytest.mark.parametrize("character", ["x", "é", "\U0001f408", "\n", '"'])
@pytest.mark.parametrize("length", [0, 600, 7_597, 7_598, 7_599, 7_600, 100_000])
def test_a_message_is_cut_only_when_it_is_too_long_as_json(character: str, length: int) -> None:
    message = character * length
    fits = len(json.dumps(message)) <= 7_600

    kept = cut(message)

    assert len(json.dumps(kept)) <= 7_600
    assert (kept == message) if fits else ("..." in kept and len(json.dumps(kept)) > 6_600)


def test_a_message_that_is_cut_still_ends_in_what_to_do() -> None:
    refusal = str(InvalidRequestError.of(["\U0001f408" * 100] * 20))

    assert len(json.dumps(refusal)) <= 8_000
    assert refusal.startswith("The request has 20 mistakes: (1) ")
    assert refusal.endswith("Correct the request and start it again.")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "'text'"),
        ("t" * 60, f"'{'t' * 60}'"),
        ("t" * 61, f"'{'t' * 60}'..."),
        ("é\n\x00", r"'\xe9\n\x00'"),
        ("\ud800", r"'\ud800'"),
        ({"a": 1}, "an object of 1"),
        ([1, 2], "a list of 2"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (10**100, f"1{'0' * 59}"),
    ],
)
def test_an_excerpt_is_short_and_printable(value: object, shown: str) -> None:
    assert excerpt(value) == shown


@pytest.mark.parametrize("text", ["Größe", "\U0001f408", "a\nb\tc\x00\x7f", "\ud800", "\u202e\u2028"])
def test_what_others_say_is_handed_on_as_printable_ascii(text: str) -> None:
    message = str(TransientError(what="The copy", reason=text))

    assert f"did not succeed: {ascii(text)[1:-1]}." in message
    assert message.isascii()
    assert message.isprintable()
