"""The AWS SDK in the sandbox, where all functions share one process.

botocore repeats much work for each session, and each cold start makes one; here it is done once.
"""

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partialmethod
from typing import Any

import boto3
from botocore.client import ClientCreator
from botocore.handlers import BUILTIN_HANDLERS
from botocore.hooks import EventAliaser
from botocore.httpsession import create_urllib3_context
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

    creator: Any = ClientCreator
    replacements = {
        "boto3._get_default_session": default_session,
        "Loader.__init__": partialmethod(_share_cache, Loader.__init__, {}),
        "hooks.accepts_kwargs": _accepts_kwargs,
        "EventAliaser.__init__": partialmethod(_share_names, EventAliaser.__init__, {}),
        "handlers.BUILTIN_HANDLERS": [one for one in BUILTIN_HANDLERS if not one[0].startswith("docs.")],
        "ClientCreator._create_client_class": partialmethod(_share_class, creator._create_client_class, {}),
        "httpsession.create_urllib3_context": cache(create_urllib3_context),
    }
    with applied("sdk", replacements):
        yield


def _share_cache(self: Any, init: Callable[..., None], shared: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
    init(self, *args, **kwargs)
    self._cache = shared


def _share_names(self: Any, init: Callable[..., None], shared: dict[Any, Any], *args: Any, **kwargs: Any) -> None:
    init(self, *args, **kwargs)
    self._alias_name_cache = shared


def _share_class(
    self: Any, create: Callable[..., type], shared: dict[str, type], service_name: str, service_model: object
) -> type:
    if service_name not in shared:
        shared[service_name] = create(self, service_name, service_model)
    return shared[service_name]


def _accepts_kwargs(handler: Any) -> bool:
    """Return whether a handler accepts any keyword.

    botocore inspects the signature, which is slow, and caches the handler, which keeps its client alive.
    """
    code = getattr(getattr(handler, "__func__", handler), "__code__", None)
    return bool(code.co_flags & inspect.CO_VARKEYWORDS if code else inspect.getfullargspec(handler).varkw)
