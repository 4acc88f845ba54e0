"""Texts of bounded length."""

import json
import re
from collections.abc import Sequence
from typing import Any

LONGEST_MESSAGE = 7_600  # a pointer into the runbook follows, and both may have 8,000 characters
LONGEST_ADVICE = 300


def cut(message: str) -> str:
    """Keep the message, written as JSON, well below the 32,768 characters at which a Cause ends, and its advice."""
    start, advice = message[:-LONGEST_ADVICE], message[-LONGEST_ADVICE:]
    while len(json.dumps(message)) > LONGEST_MESSAGE:
        start = start[: len(start) * 9 // 10]
        message = f"{start}...{advice}"
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


def as_json(value: object) -> str | None:
    """Write a value that anybody may have sent; None when it is more than JSON and Unicode have."""
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
        written.encode()
    except (ValueError, RecursionError):
        return None
    return written


def as_object(text: object) -> dict[str, Any]:
    """Read a JSON object that anybody may have sent; what is none is empty."""
    try:
        value = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def without_stop(message: str) -> str:
    """Give a message of AWS without its full stop, for a sentence that goes on."""
    return message.strip().rstrip(".")


def escaped(text: str) -> str:
    """Escape what is not printable ASCII, such as AWS's own messages may hold."""
    return re.sub(r"[^ -~]", lambda found: ascii(found[0])[1:-1], text)


def printable(text: str, length: int = 60) -> str:
    """Cut a text that anybody may have sent, and escape what is not printable ASCII."""
    return ascii(text[:length])[1:-1] + ("..." if len(text) > length else "")
