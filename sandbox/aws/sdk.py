"""The AWS SDK in the sandbox, where all functions share one process.

botocore repeats much work for each session, and each cold start makes one; here it is done once.
"""

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partialmethod
from typing import Any

import boto3
from botocore.hooks import EventAliaser
from botocore.loaders import Loader

from sandbox.aws.patches import applied


@contextmanager
def install() -> Iterator[None]:
    """Make sessions share what they load, and give ``boto3.client`` the credentials of the calling function."""
    sessions: dict[str, boto3.Session] = {}

    def default_session() -> boto3.Session:
        key = os.environ.get("AWS_ACCESS_KEY_ID", "")
        if key not in sessions:
            sessions[key] = boto3.Session()
        return sessions[key]

    replacements = {
        "boto3._get_default_session": default_session,
        "Loader.__init__": partialmethod(_share_cache, Loader.__init__, {}),
        "hooks.accepts_kwargs": _accepts_kwargs,
        "EventAliaser.__init__": partialmethod(_share_names, EventAliaser.__init__, {}),
    }
    with applied("sdk", replacements):
        yield


def _share_cache(self: Any, init: Callable[..., None], shared: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
    init(self, *args, **kwargs)
    self._cache = shared


def _share_names(self: Any, init: Callable[..., None], shared: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
    init(self, *args, **kwargs)
    self._alias_name_cache = shared


def _accepts_kwargs(handler: Any) -> bool:
    """Return whether a handler accepts any keyword.

    botocore's own inspects the signature, which is slow, and caches the handler, which keeps its client alive.
    """
    code = getattr(getattr(handler, "__func__", handler), "__code__", None)
    return bool(code.co_flags & inspect.CO_VARKEYWORDS if code else inspect.getfullargspec(handler).varkw)
