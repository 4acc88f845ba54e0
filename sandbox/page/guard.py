"""Keeps other sites away from the sandbox: only this machine's own names, and no requests of other sites' pages.

A browser lets any page that it shows send requests to a local port. The sandbox answers without real credentials, so
nothing else would stop such a page, or one whose name resolves to 127.0.0.1 by now.
"""

import json
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from werkzeug import Request, Response

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

LOCAL = r"127\.0\.0\.1|(?:[a-z0-9._-]+\.)?localhost|\[::1\]"  # with the virtual hosts of S3
# What moto answers is never a page of the sandbox: an object of S3 could be HTML.
HEADERS = (("Content-Security-Policy", "sandbox"), ("X-Content-Type-Options", "nosniff"))


class Guard:
    """Refuses requests for other hosts and from other sites, and lets no other site read an answer."""

    def __init__(self, application: Application, hosts: Iterable[str] = ()) -> None:
        """Allow the names of this machine, and other ``hosts``."""
        self._application = application
        names = "|".join([LOCAL, *map(re.escape, hosts)])
        self._host = re.compile(rf"(?:{names})(?::\d+)?", re.IGNORECASE | re.ASCII)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        reason = self._reason(Request(environ))
        if reason:
            refusal = Response(json.dumps({"error": reason}), HTTPStatus.FORBIDDEN, mimetype="application/json")
            return refusal(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], *exception: Any) -> Any:
            return start_response(status, _private(headers), *exception)

        return self._application(environ, start)

    def _reason(self, request: Request) -> str | None:
        """Return why a request is refused, or None."""
        host = request.headers.get("Host", "")
        if not self._host.fullmatch(host):
            return f"The sandbox answers requests for this machine only, and not for the host {host!r}."
        origin = request.headers.get("Origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return f"The sandbox answers no requests from pages of other sites; this one is from {origin}."
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin") and not _opens_page(request):
            return "The sandbox answers no requests from pages of other sites."
        return None


def asks_for_page(request: Request) -> bool:
    """Return whether a browser asks for the page; ListBuckets has the same path, but is signed."""
    is_root = request.path == "/" and not request.query_string and request.method in ("GET", "HEAD")
    return is_root and "Authorization" not in request.headers and "text/html" in request.headers.get("Accept", "")


def _opens_page(request: Request) -> bool:
    """Return whether a person follows a link from another site to the page."""
    return asks_for_page(request) and request.headers.get("Sec-Fetch-Mode") == "navigate"


def _private(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers without those that let other sites read the answer; moto adds some to each."""
    kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
    names = {name.lower() for name, _ in kept}
    return [*kept, *((name, value) for name, value in HEADERS if name.lower() not in names)]
