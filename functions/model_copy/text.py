"""Strings of limited length, in printable characters."""

import json
import re
from collections.abc import Sequence
from typing import Any

LONGEST_MESSAGE = 7_600  # with a link to the runbook at most 8,000
LONGEST_ADVICE = 300


def shorten(message: str) -> str:
    """Cut the middle out of a long message; its end, which says what to do, stays.

    A Cause has at most 32,768 characters, in which the message is escaped twice.
    """
    start, advice = message[:-LONGEST_ADVICE], message[-LONGEST_ADVICE:]
    while len(json.dumps(message)) > LONGEST_MESSAGE:
        start = start[: len(start) * 9 // 10]
        message = f"{start}...{advice}"
    return message


def numbered(errors: Sequence[str], most: int = 20) -> str:
    """Count the errors, number the first ones, and count the rest."""
    shown = [
        f"({number}) {error}{'' if error[-1] == '?' else '.'}" for number, error in enumerate(errors[:most], start=1)
    ]
    if len(errors) > most:
        shown.append(f"And {len(errors) - most} more.")
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    return f"{count}: {' '.join(shown)}"


def excerpt(value: object, length: int = 60) -> str:
    """Return a short, printable form of an untrusted value."""
    if isinstance(value, str):
        return ascii(value[:length]) + ("..." if len(value) > length else "")
    if isinstance(value, dict | list):
        return f"{'an object' if isinstance(value, dict) else 'a list'} of length {len(value)}"
    return json.dumps(value)[:length]


def to_json(value: object) -> str | None:
    """Write an untrusted value as JSON; None if it is nested too deeply, or has NaN, Infinity or a lone surrogate."""
    try:
        written = json.dumps(value, ensure_ascii=False, allow_nan=False)
        written.encode()
    except (ValueError, RecursionError):
        return None
    return written


def parse_object(text: object) -> dict[str, Any]:
    """Parse an untrusted JSON object; return an empty one for anything else."""
    try:
        value = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def without_period(message: str) -> str:
    """Return a message of AWS without its final period, for a sentence that goes on."""
    return message.strip().rstrip(".")


def escape(text: str) -> str:
    """Escape all but printable ASCII, such as the control characters in some messages of AWS."""
    return re.sub(r"[^ -~]", lambda found: ascii(found[0])[1:-1], text)


def printable(text: str, length: int = 60) -> str:
    """Cut an untrusted string and escape all but printable ASCII."""
    return ascii(text[:length])[1:-1] + ("..." if len(text) > length else "")
