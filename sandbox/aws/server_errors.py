"""AWS's own errors for what moto's server would answer with a page of HTML.

An operation that the sandbox lacks, an exception in moto and an expired session are answered in the protocol of the
service: JSON, query, EC2's query, REST with JSON or REST with XML.

Source: https://smithy.io/2.0/aws/protocols/
"""

import io
import json
import logging
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4
from xml.sax.saxutils import escape

from werkzeug.wrappers import Request, Response

from sandbox.aws.iam.roles import has_ended_outside, session_of

Application = Callable[..., Iterable[bytes]]
Environ = dict[str, Any]

LOG = logging.getLogger(__name__)
CREDENTIAL = re.compile(r"Credential=(?P<key>[^/]+)/\d+/[^/]*/(?P<service>[^/]+)/aws4_request")
REST_WITH_XML = ("s3", "route53", "cloudfront")
FORM = "application/x-www-form-urlencoded"
JSON = "application/x-amz-json-1.1"
ENDED = "The security token included in the request is expired"
# Code and HTTP status in each protocol.
UNKNOWN = {
    "json": ("UnknownOperationException", 400),
    "rest-json": ("UnknownOperationException", 404),
    "query": ("InvalidAction", 400),
    "ec2": ("InvalidAction", 400),
    "rest-xml": ("InvalidAction", 400),
    "s3": ("NotImplemented", 501),
}
FAILED = dict.fromkeys(UNKNOWN, ("InternalFailure", 500)) | {
    "s3": ("InternalError", 500),
    "ec2": ("InternalError", 500),
}
EXPIRED = {
    "json": ("ExpiredTokenException", 400),
    "rest-json": ("ExpiredTokenException", 403),
    "query": ("ExpiredToken", 403),
    "ec2": ("RequestExpired", 400),
    "rest-xml": ("ExpiredToken", 403),
    "s3": ("ExpiredToken", 400),
}


class Errors:
    """moto's server, with AWS's errors."""

    def __init__(self, operations: Application) -> None:
        self._operations = operations

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        call = Call(environ)
        return (self._refusal(call) or self._answer(call, environ))(environ, start_response)

    def _refusal(self, call: "Call") -> Response | None:
        session = session_of(call.access_key) if call.access_key else None
        return call.error(EXPIRED, ENDED) if session and has_ended_outside(session) else None

    def _answer(self, call: "Call", environ: Environ) -> Response:
        try:
            answer = Response.from_app(self._operations, environ, buffered=True)
        except NotImplementedError:
            return call.error(UNKNOWN, call.missing)
        except Exception as error:
            if call.is_unknown_to(error):
                return call.error(UNKNOWN, call.missing)
            LOG.exception("The sandbox failed at %s.", call.operation)
            return call.error(FAILED, f"The sandbox failed: {type(error).__name__}: {error}")
        return call.error(UNKNOWN, call.missing) if call.is_unknown_by(answer) else answer


class Call:
    """A request to the server: who makes it, of which service, in which protocol."""

    def __init__(self, environ: Environ) -> None:
        self._request = Request(environ)
        credential = CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        self.access_key = credential and credential["key"]
        self._service = credential["service"].lower() if credential else "s3"
        self._target = environ.get("HTTP_X_AMZ_TARGET", "")
        self._action = self._read_action(environ)
        self._protocol = self._find_protocol()

    @property
    def operation(self) -> str:
        """The name of the operation, or the method and the path of a request without one."""
        named = self._target.rpartition(".")[2] or self._action
        return named or f"{self._request.method} {self._request.path}"

    @property
    def missing(self) -> str:
        """The sentence about an operation that the sandbox lacks."""
        return f"The sandbox does not have the operation {self.operation} of {self._service}."

    def is_unknown_to(self, error: Exception) -> bool:
        """Return whether moto failed because it lacks the whole service: it then looks for a backend without a name."""
        return isinstance(error, AttributeError) and error.obj is None and error.name == "replace"

    def is_unknown_by(self, answer: Response) -> bool:
        """Return whether moto has found no operation for the request."""
        page = answer.mimetype == "text/html" and answer.get_data().startswith(b"<!doctype html>")
        unnamed = answer.get_data() == b"" and self._service != "s3"  # S3 answers HEAD so
        return (page and answer.status_code in (404, 405)) or (unnamed and answer.status_code == 404)

    def error(self, kinds: dict[str, tuple[str, int]], message: str) -> Response:
        """Return an error in the protocol of the service."""
        code, status = kinds[self._protocol]
        return Response(*self._written(code, status, message))

    def _written(self, code: str, status: int, message: str) -> tuple[str, int, dict[str, str]]:
        request_id = str(uuid4())
        if self._protocol in ("json", "rest-json"):
            headers = {"Content-Type": JSON, "x-amzn-RequestId": request_id, "x-amzn-ErrorType": code}
            return json.dumps({"__type": code, "message": message}), status, headers
        kind = "Sender" if status < 500 else "Receiver"
        error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        bodies = {
            "s3": f"<Error>{error}<RequestId>{request_id}</RequestId></Error>",
            "ec2": f"<Response><Errors><Error>{error}</Error></Errors><RequestID>{request_id}</RequestID></Response>",
        }
        of_query = f"<ErrorResponse><Error><Type>{kind}</Type>{error}</Error><RequestId>{request_id}</RequestId>"
        body = bodies.get(self._protocol, f"{of_query}</ErrorResponse>")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}', status, {"Content-Type": "text/xml"}

    def _read_action(self, environ: Environ) -> str:
        """Return the Action of a query; a body that is read here can be read again."""
        given = self._request.query_string.decode()
        if self._request.mimetype == FORM:
            body = self._request.get_data()
            environ["wsgi.input"] = io.BytesIO(body)
            given = body.decode(errors="replace")
        return parse_qs(given).get("Action", [""])[0]

    def _find_protocol(self) -> str:
        if self._target:
            return "json"
        if self._action:
            return "ec2" if self._service == "ec2" else "query"
        if self._service in REST_WITH_XML:
            return "s3" if self._service == "s3" else "rest-xml"
        return "rest-json"
