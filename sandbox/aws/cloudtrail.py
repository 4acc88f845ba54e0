"""AWS CloudTrail in the sandbox: the calls that change something at Rekognition or stop and start executions.

LookupEvents finds them. EventBridge gets those that change tags, which can approve a model.
Sources: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

import json
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.cloudtrail.responses import CloudTrailResponse
from moto.iam.models import iam_backends
from moto.rekognition.responses import RekognitionResponse
from moto.stepfunctions.responses import StepFunctionResponse

from sandbox.aws import eventbridge
from sandbox.aws.clock import Clock
from sandbox.aws.iam.roles import role_id
from sandbox.aws.patches import applied, replaced
from sandbox.aws.rekognition.identity import Caller, caller_of
from sandbox.aws.rekognition.responses import CustomLabelsResponse

Request = Any
Detail = dict[str, Any]
TAGS = ("tag_resource", "untag_resource")
CHANGES = ("copy", "create", "delete", "put", "start", "stop", "tag", "untag")
MOST = 1_000  # the oldest are forgotten
PAGE = 50


@dataclass
class Record:
    """A call, as CloudTrail saw it."""

    source: str
    operation: str
    at: float
    account: str
    region: str
    access_key: str
    user_agent: str
    parameters: Any
    error: Exception | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def caller(self) -> Caller:
        return caller_of(self.access_key, self.account)

    def detail(self) -> Detail:
        """Return the record as CloudTrail writes it."""
        failed = (
            {"errorCode": _code(self.error), "errorMessage": str(getattr(self.error, "message", self.error))}
            if self.error
            else {}
        )
        return {
            "eventVersion": "1.11",
            "userIdentity": _identity(self.caller),
            "eventTime": _written(self.at),
            "eventSource": f"{self.source}.amazonaws.com",
            "eventName": self.operation,
            "awsRegion": self.region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": self.user_agent,
            "requestParameters": {name[0].lower() + name[1:]: value for name, value in self.parameters.items()},
            "responseElements": None,
            "requestID": str(uuid.uuid4()),
            "eventID": self.id,
            "readOnly": False,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": self.account,
            "eventCategory": "Management",
        } | failed

    def event(self) -> eventbridge.Event:
        """Return the event that EventBridge gets."""
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "AWS API Call via CloudTrail",
            "source": f"aws.{self.source}",
            "account": self.account,
            "time": _written(self.at),
            "region": self.region,
            "resources": [],
            "detail": self.detail(),
        }

    def found(self) -> Detail:
        """Return the record as LookupEvents does."""
        return {
            "EventId": self.id,
            "EventName": self.operation,
            "ReadOnly": "false",
            "AccessKeyId": self.access_key,
            "EventTime": int(self.at),
            "EventSource": f"{self.source}.amazonaws.com",
            "Username": self.caller.arn.rpartition("/")[2] if "/" in self.caller.arn else "root",
            "Resources": [],
            "CloudTrailEvent": json.dumps(self.detail()),
        }


@contextmanager
def install(clock: Clock) -> Iterator[None]:
    """Record each change, and answer LookupEvents."""
    records: deque[Record] = deque(maxlen=MOST)

    def recorded(source: str, respond: Callable[[Request], Any], sends: bool = False) -> Callable[[Request], Any]:
        def answer(self: Request) -> Any:
            record = _record(self, source, clock.time())
            try:
                return respond(self)
            except Exception as error:
                record.error = error
                raise
            finally:
                records.append(record)
                if sends:
                    eventbridge.deliver(record.event())

        return answer

    def lookup_events(self: Any) -> str:
        of_account = [one for one in records if (one.account, one.region) == (self.current_account, self.region)]
        return json.dumps(_page(json.loads(self.body), [one.found() for one in reversed(of_account)]))

    api: Any = CloudTrailResponse
    api.lookup_events = lookup_events  # moto lacks it
    responses: Any = RekognitionResponse
    changes = [name for name in vars(CustomLabelsResponse) if name.startswith(tuple(f"{one}_" for one in CHANGES))]
    of_step_functions = {
        f"StepFunctionResponse.{name}": recorded("states", getattr(StepFunctionResponse, name))
        for name in ("start_execution", "stop_execution")
    }
    with applied("cloudtrail", of_step_functions), ExitStack() as stack:
        for name in changes:
            answer = recorded("rekognition", getattr(responses, name), sends=name in TAGS)
            stack.enter_context(replaced(responses, name, answer))
        yield


def _record(request: Request, source: str, now: float) -> Record:
    place = request.current_account, request.region
    agent = str(request.headers.get("User-Agent", ""))
    try:
        parameters = json.loads(request.body)
    except ValueError:
        parameters = {}
    return Record(source, request._get_action(), now, *place, request.access_key, agent, parameters)


def _page(request: Detail, events: list[Detail]) -> Detail:
    """Return the page of the events that have the attribute and the time that a request asks for."""
    wanted = {one["AttributeKey"]: one["AttributeValue"] for one in request.get("LookupAttributes", ())}
    first, last = request.get("StartTime", 0), request.get("EndTime", float("inf"))
    matching = [
        one
        for one in events
        if first <= one["EventTime"] <= last and all(one.get(key) == value for key, value in wanted.items())
    ]
    start = int(request.get("NextToken") or 0)
    end = start + request.get("MaxResults", PAGE)
    return {"Events": matching[start:end]} | ({"NextToken": str(end)} if end < len(matching) else {})


def _identity(caller: Caller) -> Detail:
    """Return who made a call."""
    known = {"arn": caller.arn, "accountId": caller.account_id}
    if caller.session_arn and caller.role_arn:
        principal = f"{role_id(caller.role_arn)}:{caller.session_arn.rpartition('/')[2]}"
        return {"type": "AssumedRole", "principalId": principal, **known}
    if caller.user_arn:
        name = caller.user_arn.rpartition("/")[2]
        user = iam_backends[caller.account_id][caller.partition].users[name]
        return {"type": "IAMUser", "principalId": user.id, **known, "userName": name}
    return {"type": "Root", "principalId": caller.account_id, **known}


def _code(error: Exception) -> str:
    return str(getattr(error, "error_type", type(error).__name__))


def _written(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
