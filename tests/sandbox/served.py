"""A served sandbox, as a browser talks to it."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

from sandbox.aws.fast_clock import FastClock
from sandbox.world import Sandbox

HOUR = 3_600


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Served:
    """A sandbox and the port at which it is served."""

    aws: Sandbox
    clock: FastClock
    port: int

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        """Send a request; in the names of its headers, _ stands for -."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        response = connection.getresponse()
        known = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, known, response.read().decode())
        connection.close()
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", f"/_sandbox/{path}", **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.ask(
            "POST", f"/_sandbox/{path}", json.dumps(body), **{"Content_Type": "application/json", **headers}
        )

    def start(self, event: Any, faults: str = "") -> str:
        """Start one execution and return its ARN."""
        (arn,) = self.post("start", {"event": event, "faults": faults}).json["executions"]
        return str(arn)

    def known(self, arn: str, after: int = 0) -> Any:
        return self.get(f"execution?arn={arn}&after={after}").json

    def listed(self, arn: str) -> Any:
        return next(one for one in self.get("state").json["executions"] if one["arn"] == arn)

    def advance(self, seconds: float = 2 * HOUR) -> None:
        assert self.post("advance", {"seconds": seconds}).status == 200
