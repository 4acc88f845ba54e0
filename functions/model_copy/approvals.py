"""What an event says about an approval.

Nothing in an event is trusted: whoever may put events has written it.
Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html and
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from model_copy import places
from model_copy.arns import Arn
from model_copy.errors import InvalidApprovalError
from model_copy.text import as_json, excerpt, printable

OWN, PACKAGE, TAG = "Event", "ModelPackage", "Tag"
APPROVED = "Approved"
PACKAGE_EVENT = ("aws.sagemaker", "SageMaker Model Package State Change")
TAG_EVENT = ("aws.rekognition", "AWS API Call via CloudTrail")
LONGEST_TEXT = 256

Detail = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a stack takes for an approval, and from where."""

    own_event: tuple[str, str]
    tag: tuple[str, str]
    partition: str
    regions: Collection[str]
    accounts: Collection[str]
    stack_account: str


@dataclass(frozen=True, slots=True)
class Approval:
    """What an event says: who approved what, or why it is to be ignored."""

    kind: str
    event_id: str | None
    at: str | None
    account: object
    by: str | None = None
    subject: Arn | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    ignored: str | None = None

    @classmethod
    def of(cls, kind: str, event: Mapping[str, Any]) -> Self:
        """Read what is alike in all events."""
        return cls(
            kind=kind, event_id=_text(event.get("id")), at=_text(event.get("time")), account=event.get("account")
        )

    def as_answer(self) -> dict[str, Any]:
        """Give it as a step answers it."""
        subject = self.subject.text if self.subject else None
        answer = {"Kind": self.kind, "EventId": self.event_id, "At": self.at, "By": self.by, "Subject": subject}
        return {**answer, "Ignored": self.ignored} if self.ignored else answer


def read(event: Mapping[str, Any], terms: Terms) -> Approval:
    """Tell what the event says; what it says of the request is not checked here.

    Raises InvalidApprovalError, which names all that is wrong with the event.
    """
    name, detail = (event.get("source"), event.get("detail-type")), event.get("detail")
    for known, kind, reader in (
        (terms.own_event, OWN, _read_own),
        (PACKAGE_EVENT, PACKAGE, _read_package),
        (TAG_EVENT, TAG, _read_tag),
    ):
        if name == known and isinstance(detail, dict):
            return reader(Approval.of(kind, event), detail, terms)
        if name == known:
            raise InvalidApprovalError.of([f"detail must be an object, and is {excerpt(detail)}"])
    events = "; ".join(map(_pair, (terms.own_event, PACKAGE_EVENT, TAG_EVENT)))
    raise InvalidApprovalError.of(
        [f"source and detail-type must be those of an approval ({events}), and are {_pair(name)}"]
    )


def _read_own(approval: Approval, detail: Detail, terms: Terms) -> Approval:
    """The detail is the request; the next step checks all of it."""
    allowed = [*terms.accounts, terms.stack_account] if terms.accounts else []
    account = _text(approval.account)
    _refuse(
        [
            *_unspeakable(detail),
            *places.foreign("The event", account or excerpt(approval.account), allowed),
            *_of_another(detail, account, terms.stack_account),
        ]
    )
    return replace(approval, by=account, request=detail)


def _unspeakable(detail: Detail) -> Iterator[str]:
    """Say that Lambda could not hand the request on."""
    if as_json(detail) is None:
        yield "detail must be JSON in Unicode, and holds a lone surrogate, a number that is too large, or is too deep"


def _of_another(detail: Detail, account: str | None, stack_account: str) -> Iterator[str]:
    """Another account than the stack's speaks for the models of its own alone."""
    project = Arn.of_project(detail.get("SourceProjectArn"))
    if project and account not in (stack_account, project.account):
        yield f"detail.SourceProjectArn must be in the account of the event or the stack's, and is in {project.account}"


def _read_package(approval: Approval, detail: Detail, terms: Terms) -> Approval:
    status, updated = detail.get("ModelApprovalStatus"), detail.get("UpdatedModelPackageFields")
    if status is None or (isinstance(status, str) and status != APPROVED):
        return replace(approval, ignored=f"ModelApprovalStatus is {excerpt(status)}, and not '{APPROVED}'.")
    # Writing to the metadata of an approved package is a change of state, too.
    if isinstance(updated, list) and "ModelApprovalStatus" not in updated:
        return replace(approval, ignored="UpdatedModelPackageFields does not have ModelApprovalStatus.")
    arn = Arn.of_package(detail.get("ModelPackageArn"))
    _refuse(
        [
            *_mistyped("detail.ModelApprovalStatus", status, str, "a text"),
            *_mistyped("detail.UpdatedModelPackageFields", [] if updated is None else updated, list, "a list"),
            *_misplaced("detail.ModelPackageArn", detail.get("ModelPackageArn"), arn, approval, terms),
        ]
    )
    return replace(approval, subject=arn)


def _read_tag(approval: Approval, detail: Detail, terms: Terms) -> Approval:
    given = detail.get("requestParameters")
    parameters = given if isinstance(given, dict) else {}
    tags, resource = parameters.get("tags"), parameters.get("resourceArn")
    arn = Arn.of_version(resource)
    reason = _why_not_tagged(detail, tags, resource, arn, terms)
    if reason:
        return replace(approval, ignored=reason)
    _refuse(
        [
            *_mistyped("detail.eventName", detail.get("eventName"), str, "a text"),
            *_mistyped("detail.requestParameters", given, dict, "an object"),
            *_mistyped("detail.requestParameters.tags", tags, dict, "an object"),
            *_misplaced("detail.requestParameters.resourceArn", resource, arn, approval, terms),
        ]
    )
    who = detail.get("userIdentity")
    return replace(approval, subject=arn, by=_text(who.get("arn")) if isinstance(who, dict) else None)


def _why_not_tagged(detail: Detail, tags: object, resource: object, arn: Arn | None, terms: Terms) -> str | None:
    """Say why a call that is written as it should be has not approved a version."""
    name, (key, value) = detail.get("eventName"), terms.tag
    if isinstance(name, str) and name != "TagResource":
        return f"The call is {excerpt(name)}, and not 'TagResource'."
    if detail.get("errorCode") is not None:
        return f"The call failed with {excerpt(detail['errorCode'])}."
    if isinstance(tags, dict) and tags.get(key) != value:
        return f"The tags do not have {key} with the value {value}."
    if isinstance(resource, str) and arn is None:
        return f"What was tagged is no model version: {excerpt(resource, LONGEST_TEXT)}."
    return None


def _misplaced(name: str, given: object, arn: Arn | None, approval: Approval, terms: Terms) -> Iterator[str]:
    """Say that there is no ARN, or that it is of where the stack may not act or the event does not come from."""
    if arn is None:
        yield f"{name} must be the ARN of what was approved, and is {excerpt(given, LONGEST_TEXT)}"
        return
    yield from places.unknown(name, arn, terms.partition, terms.regions)
    yield from places.foreign(name, arn.account, terms.accounts)
    if approval.account != arn.account:
        yield f"account must be that of {name}, {arn.account}, and is {excerpt(approval.account)}"


def _mistyped(name: str, value: object, kind: type, words: str) -> Iterator[str]:
    if not isinstance(value, kind):
        yield f"{name} must be {words}, and is {excerpt(value)}"


def _refuse(mistakes: Iterable[str]) -> None:
    found = list(mistakes)
    if found:
        raise InvalidApprovalError.of(found)


def _pair(name: tuple[object, object]) -> str:
    return " and ".join(map(excerpt, name))


def _text(value: object) -> str | None:
    return printable(value, LONGEST_TEXT) if isinstance(value, str) else None
