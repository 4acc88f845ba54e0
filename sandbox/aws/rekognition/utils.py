"""ARNs, times, pages, the lock and the rate limit, independent of any backend."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from hashlib import sha256
from typing import ParamSpec, TypeVar

from moto.core.base_backend import backend_lock
from moto.core.utils import unix_time

from .exceptions import InvalidPaginationTokenException, ServiceQuotaExceededException

Item = TypeVar("Item")
P = ParamSpec("P")
R = TypeVar("R")
Key = tuple[float, str]
TAGS_QUOTA = 200

ARN = re.compile(
    r"arn:(?P<partition>[a-z\d-]+):rekognition:(?P<region>[a-z\d-]+):(?P<account_id>\d{12}):"
    r"project/(?P<project>[^/]+)(/version/(?P<version>[^/]+))?/(?P<created>\d+)",
    re.ASCII,
)


@dataclass(frozen=True)
class Arn:
    """The parts of the ARN of a project or a version; `version` is None for a project."""

    partition: str
    region: str
    account_id: str
    project: str
    version: str | None
    created: str

    @classmethod
    def parse(cls, text: str) -> "Arn | None":
        """Return the parts of an ARN; None for a string that is not the ARN of a project or a version."""
        match = ARN.fullmatch(text)
        return cls(**match.groupdict()) if match else None

    @property
    def owner(self) -> tuple[str, str, str, str]:
        """The parts that the ARNs of a project and of its versions share."""
        return self.partition, self.region, self.account_id, self.project


def milliseconds(when: datetime) -> int:
    """Return the milliseconds since 1970, as at the end of an ARN; `when` is naive UTC."""
    return round(unix_time(when) * 1000)


def page(
    items: Iterable[Item],
    key: Callable[[Item], Key],
    limit: int,
    token: str | None,
    listing: str,
    refusal: Callable[[str], Exception] = InvalidPaginationTokenException,
) -> tuple[list[Item], str | None]:
    """Return the next `limit` items in the order of their keys, and the token for the next page.

    A token names the last item of a page, so no other item is skipped or repeated if items come or go between pages. It
    is valid for its own `listing` only. An empty token means the first page, as in an example of AWS.
    """
    after = _read(token, listing, refusal) if token else None
    rest = sorted((item for item in items if after is None or key(item) > after), key=key)
    more = len(rest) > limit
    return rest[:limit], _write(key(rest[limit - 1]), listing) if more else None


def _write(key: Key, listing: str) -> str:
    return urlsafe_b64encode(json.dumps([*key, _digest(listing)]).encode()).decode()


def _read(token: str, listing: str, refusal: Callable[[str], Exception]) -> Key:
    try:
        number, name, digest = json.loads(urlsafe_b64decode(token))
    except (ValueError, TypeError):
        digest = None
    if digest != _digest(listing):
        raise refusal("The pagination token is not valid.")
    return number, name


def _digest(listing: str) -> str:
    return sha256(listing.encode()).hexdigest()[:16]


def add_tags(existing: dict[str, str], tags: dict[str, str]) -> None:
    """Add tags; a tag that exists gets the new value."""
    if len(existing | tags) > TAGS_QUOTA:
        raise ServiceQuotaExceededException(f"A resource has at most {TAGS_QUOTA} tags.")
    existing.update(tags)


def atomic(method: Callable[P, R]) -> Callable[P, R]:
    """Run the method under moto's lock, since a server answers on many threads."""

    @wraps(method)
    def locked(*args: P.args, **kwargs: P.kwargs) -> R:
        with backend_lock:
            return method(*args, **kwargs)

    return locked


class TokenBuckets:
    """A token bucket for each operation: `rate` requests a second, and a burst of as many, but at least one."""

    def __init__(self) -> None:
        self.filled: dict[str, tuple[float, datetime]] = {}

    def take(self, operation: str, rate: float | None, now: datetime) -> bool:
        """Take a token and return whether there was one; without a rate there is always one."""
        if rate is None:
            return True
        size = max(rate, 1.0)
        tokens, before = self.filled.get(operation, (size, now))
        tokens = min(size, tokens + (now - before).total_seconds() * rate)
        self.filled[operation] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1
