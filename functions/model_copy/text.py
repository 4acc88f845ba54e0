"""Texts of bounded length."""

import json
from collections.abc import Sequence

LONGEST_MESSAGE = 8_000


def cut(message: str) -> str:
    """Keep the message, written as JSON, well below the 32,768 characters at which a Cause ends."""
    while len(json.dumps(message)) > LONGEST_MESSAGE:
        message = message[: len(message) * 9 // 10] + "..."
    return message


def mistakes(sentences: Sequence[str], most: int = 20) -> str:
    """Count the mistakes, number the first of them, and count the rest."""
    shown = [f"({number}) {sentence}." for number, sentence in enumerate(sentences[:most], start=1)]
    if len(sentences) > most:
        shown.append(f"And {len(sentences) - most} more.")
    count = "1 mistake" if len(sentences) == 1 else f"{len(sentences)} mistakes"
    return f"{count}: {' '.join(shown)}"


def excerpt(value: object, length: int = 60) -> str:
    """Show a bounded, printable piece of a value that anybody may have sent."""
    if isinstance(value, str):
        return ascii(value[:length]) + ("..." if len(value) > length else "")
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of {len(value)}"
    return json.dumps(value)[:length]


def without_stop(message: str) -> str:
    """Give a message of AWS without its full stop, for a sentence that goes on."""
    return message.strip().rstrip(".")


def printable(text: str, length: int = 60) -> str:
    """Cut a text that anybody may have sent, and escape what is not printable ASCII."""
    return ascii(text[:length])[1:-1] + ("..." if len(text) > length else "")
