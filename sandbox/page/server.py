"""The page's part of the server; everything else goes on to the operations of AWS."""

import json
import re
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from werkzeug import Request, Response
from werkzeug.exceptions import RequestEntityTooLarge

from sandbox.aws.fast_clock import FastClock
from sandbox.page.actions import ACTIONS, execution_of
from sandbox.page.choices import choices
from sandbox.page.document import document_of
from sandbox.page.explained import ERRORS
from sandbox.page.files import FILES, dagre
from sandbox.page.guard import Application, asks_for_page
from sandbox.page.refusals import Refused
from sandbox.page.state import state_of, time_of
from sandbox.world import Sandbox

START = "/_sandbox/"
DOCS = f"{START}docs/errors.md"
FILE = re.compile(r"files/([a-z_]+\.(?:js|css))")
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
LARGEST_BODY = 1_000_000


class Page:
    """Answers the requests of the page."""

    def __init__(self, aws: Sandbox, clock: FastClock, others: Application) -> None:
        """Pass on to ``others`` what is not for the page."""
        self._aws, self._clock, self._others = aws, clock, others
        self._gets: dict[str, Callable[[Request], Response]] = {
            "state": self._state,
            "execution": self._execution,
            "choices": lambda _: _json(choices()),
            "docs/errors.md": lambda _: _text(ERRORS.read_text(), "text/plain"),
        }
        self._posts = {name: partial(act, aws, clock) for name, act in ACTIONS.items()}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        if asks_for_page(request):
            answer = _text((FILES / "index.html").read_text(), TYPES["html"])
        elif request.path.startswith(START):
            answer = self._answer(request)
        else:
            return self._others(environ, start_response)
        answer.headers.extend(HEADERS)
        return answer(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            return self._dispatch(request, request.path.removeprefix(START))
        except Refused as refused:
            return _json({"error": str(refused)}, refused.status)

    def _dispatch(self, request: Request, path: str) -> Response:
        if request.method == "POST" and path in self._posts:
            return _json(self._posts[path](_body(request)))
        if request.method not in ("GET", "HEAD"):
            raise Refused(f"{request.path} cannot be requested with {request.method}.", HTTPStatus.METHOD_NOT_ALLOWED)
        if path in self._gets:
            return self._gets[path](request)
        return _file(path)

    def _state(self, request: Request) -> Response:
        state = state_of(self._aws, self._clock)
        now = json.dumps({"now": time_of(self._clock)})
        text = json.dumps(state)
        # While something runs, its time is news.
        runs = any(one["status"] == "RUNNING" for one in state["executions"])
        tag = sha256(f"{text}{now if runs else ''}".encode()).hexdigest()
        if tag in request.if_none_match:
            answer = Response(status=HTTPStatus.NOT_MODIFIED)
        else:
            answer = _text(f"{now[:-1]}, {text[1:]}", "application/json")
        answer.set_etag(tag)
        return answer

    def _execution(self, request: Request) -> Response:
        after = request.args.get("after", "0")
        if not after.isdecimal():
            raise Refused(f"after must be the id of an event; got {after!r}.")
        return _json(document_of(self._aws, execution_of(self._aws, request.args.get("arn")), DOCS, int(after)))


def _body(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body of a request.

    Raises Refused if it is something else. A form of another site cannot have this type.
    """
    if request.mimetype != "application/json":
        raise Refused("The Content-Type must be application/json.", HTTPStatus.FORBIDDEN)
    request.max_content_length = LARGEST_BODY
    try:
        body = json.loads(request.get_data())
    except RequestEntityTooLarge as error:
        raise Refused(f"The body must have at most {LARGEST_BODY} bytes.", error.code) from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"The body is not JSON: {error}.") from error
    if not isinstance(body, dict):
        raise Refused("The body must be a JSON object.")
    return body


def _file(path: str) -> Response:
    named = FILE.fullmatch(path)
    if not named:
        raise Refused(f"There is no {START}{path}.", HTTPStatus.NOT_FOUND)
    try:
        file = dagre() if named[1] == "dagre.js" else FILES / named[1]
        return _text(file.read_text(), TYPES[named[1].rpartition(".")[2]])
    except FileNotFoundError as missing:
        sentence = str(missing) if missing.errno is None else f"There is no {START}{path}."
        raise Refused(sentence, HTTPStatus.NOT_FOUND) from missing


def _text(text: str, mimetype: str) -> Response:
    return Response(text, mimetype=mimetype)


def _json(value: Any, status: int = HTTPStatus.OK) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")
