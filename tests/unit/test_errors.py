"""Every error of the workflow is a route and a sentence that ends in what to do."""

import json
import re
from string import Formatter

import pytest

from model_copy import errors
from model_copy.audit_output import AuditNotReportedError
from model_copy.errors import (
    GrantMissingError,
    InvalidRequestError,
    ModelCopyError,
    RefusedError,
    SourceNotCopyableError,
    TransientError,
)
from model_copy.execution import InvalidStatusChangeError
from model_copy.outcomes import NotAnnouncedError
from model_copy.text import excerpt, numbered, shorten

BASES = {ModelCopyError, RefusedError}
OF_THE_WORKFLOW = [
    found
    for found in vars(errors).values()
    if isinstance(found, type) and issubclass(found, ModelCopyError) and found not in BASES
]
LEAVES = [*OF_THE_WORKFLOW, InvalidStatusChangeError, NotAnnouncedError, AuditNotReportedError]
ROUTES = (
    r"  (Refused|Retried|Retried slowly|Fails at its task|"
    r"Caught: the grant is ensured again|Not part of the workflow)\.$"
)
ACTIONS = r"\b(Correct|Start|start|Create|Choose|choose|Delete|Ask|ask|Find|Wait|redrive|Invoke|send)\b"

each_leaf = pytest.mark.parametrize("leaf", LEAVES)


def message(leaf: type[ModelCopyError]) -> str:
    """Fill the sentence with something for every detail."""
    details = {name: f"the {name}" for _, name, _, _ in Formatter().parse(leaf.sentence) if name}
    return str(leaf(**details))


def invalid_request(*found: str) -> InvalidRequestError:
    return InvalidRequestError(errors=numbered(found))


@each_leaf
def test_an_error_is_named_error_and_is_a_leaf(leaf: type[ModelCopyError]) -> None:
    assert leaf.__name__.endswith("Error")
    assert leaf.__subclasses__() == []


def test_every_leaf_is_known() -> None:
    leaves = {*RefusedError.__subclasses__(), *ModelCopyError.__subclasses__()} - BASES

    assert leaves == set(LEAVES)


@each_leaf
def test_a_docstring_ends_in_the_route(leaf: type[ModelCopyError]) -> None:
    assert re.search(ROUTES, leaf.__doc__ or "")
    assert (leaf in OF_THE_WORKFLOW) is not (leaf.__doc__ or "").endswith("  Not part of the workflow.")


@each_leaf
def test_an_error_is_refused_exactly_if_its_docstring_says_so(leaf: type[ModelCopyError]) -> None:
    assert issubclass(leaf, RefusedError) is (leaf.__doc__ or "").endswith("  Refused.")


@each_leaf
def test_an_error_passes_its_sentence_to_lambda(leaf: type[ModelCopyError]) -> None:
    words = [text.strip() for text, *_ in Formatter().parse(leaf.sentence) if text.strip()]

    assert [text for text in words if text not in message(leaf)] == []
    assert "{" not in message(leaf)


@pytest.mark.parametrize("leaf", [leaf for leaf in LEAVES if leaf not in (GrantMissingError, SourceNotCopyableError)])
def test_a_sentence_ends_in_what_to_do(leaf: type[ModelCopyError]) -> None:
    sentences = re.split(r"(?<=\.) ", message(leaf))

    assert sentences[-1].endswith(".")
    assert any(re.search(ACTIONS, one) for one in sentences[-2:])


def test_a_detail_with_braces_stays_as_it_is() -> None:
    assert "{what}" in str(TransientError(what="{what}", reason="{0}"))


def test_an_error_keeps_its_details() -> None:
    assert TransientError(what="The copy", reason="none").details == {"what": "The copy", "reason": "none"}


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (["It is empty"], "1 error: (1) It is empty."),
        (["Did you mean v1?"], "1 error: (1) Did you mean v1?"),
        (["One", "Two"], "2 errors: (1) One. (2) Two."),
    ],
)
def test_errors_are_counted_and_numbered(found: list[str], words: str) -> None:
    assert str(invalid_request(*found)) == f"The request has {words} Correct the request and start it again."


@pytest.mark.parametrize("character", ["x", "é", "\U0001f408", "\n", '"'])
@pytest.mark.parametrize("length", [0, 600, 7_597, 7_598, 7_599, 7_600, 100_000])
def test_a_message_is_shortened_only_if_it_is_too_long_as_json(character: str, length: int) -> None:
    message = character * length
    fits = len(json.dumps(message)) <= 7_600

    kept = shorten(message)

    assert len(json.dumps(kept)) <= 7_600
    assert (kept == message) if fits else ("..." in kept and len(json.dumps(kept)) > 6_600)


def test_a_shortened_message_still_ends_in_what_to_do() -> None:
    refusal = str(invalid_request(*["\U0001f408" * 100] * 20))

    assert len(json.dumps(refusal)) <= 8_000
    assert refusal.startswith("The request has 20 errors: (1) ")
    assert refusal.endswith("Correct the request and start it again.")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "'text'"),
        ("t" * 60, f"'{'t' * 60}'"),
        ("t" * 61, f"'{'t' * 60}'..."),
        ("é\n\x00", r"'\xe9\n\x00'"),
        ("\ud800", r"'\ud800'"),
        ({"a": 1}, "an object of length 1"),
        ([1, 2], "a list of length 2"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        (10**100, f"1{'0' * 59}"),
    ],
)
def test_an_excerpt_is_short_and_printable(value: object, shown: str) -> None:
    assert excerpt(value) == shown


@pytest.mark.parametrize("text", ["Größe", "\U0001f408", "a\nb\tc\x00\x7f", "\ud800", "\u202e\u2028"])
def test_a_detail_is_written_as_printable_ascii(text: str) -> None:
    message = str(TransientError(what="The copy", reason=text))

    assert f"failed: {ascii(text)[1:-1]}." in message
    assert message.isascii()
    assert message.isprintable()
