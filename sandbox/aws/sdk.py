"""The AWS SDK in the sandbox, where all functions share one process.

What botocore does anew for each session, that is, for each cold start, is done once.
"""

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partialmethod
from typing import Any

import boto3
import botocore.hooks
from botocore.hooks import EventAliaser
from botocore.loaders import Loader

from sandbox.aws.clock import replaced


@contextmanager
def install() -> Iterator[None]:
    """Let sessions share what they read and look at, and ``boto3.client`` have the credentials of who calls it."""
    sessions: dict[str, boto3.Session] = {}

    def default_session() -> boto3.Session:
        key = os.environ.get("AWS_ACCESS_KEY_ID", "")
        if key not in sessions:
            sessions[key] = boto3.Session()
        return sessions[key]

    with (
        replaced(boto3, "_get_default_session", default_session),
        replaced(Loader, "__init__", partialmethod(_share_cache, Loader.__init__, {})),
        replaced(botocore.hooks, "accepts_kwargs", _accepts_kwargs),
        replaced(EventAliaser, "__init__", partialmethod(_share_names, EventAliaser.__init__, {})),
    ):
        yield


def _share_cache(self: Any, init: Callable[..., None], shared: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
    init(self, *args, **kwargs)
    self._cache = shared


def _share_names(self: Any, init: Callable[..., None], shared: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
    init(self, *args, **kwargs)
    self._alias_name_cache = shared


def _accepts_kwargs(handler: Any) -> bool:
    """Look at the code and not, as botocore does, at the signature; and keep no handler, which keeps its client."""
    code = getattr(getattr(handler, "__func__", handler), "__code__", None)
    return bool(code.co_flags & inspect.CO_VARKEYWORDS if code else inspect.getfullargspec(handler).varkw)
