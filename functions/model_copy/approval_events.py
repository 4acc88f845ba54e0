"""Events that approve a model version.

Everything in an event is untrusted: anyone with events:PutEvents can have written it.
Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html and
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from model_copy.arns import Arn
from model_copy.errors import InvalidApprovalError
from model_copy.text import excerpt, numbered, printable, to_json
from model_copy.validation import Scope

OWN, PACKAGE, TAG = "Event", "ModelPackage", "Tag"
APPROVED = "Approved"
PACKAGE_EVENT = ("aws.sagemaker", "SageMaker Model Package State Change")
TAG_EVENT = ("aws.rekognition", "AWS API Call via CloudTrail")
LONGEST_TEXT = 256

Detail = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """What a stack accepts as an approval: the source and detail type of own events, the key and value of the tag."""

    own_event: tuple[str, str]
    tag: tuple[str, str]
    scope: Scope
    stack_account: str


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved what, or why the event is ignored."""

    kind: str
    event_id: str | None
    at: str | None
    account: object
    by: str | None = None
    subject: Arn | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    ignored: str | None = None

    @classmethod
    def from_event(cls, kind: str, event: Mapping[str, Any]) -> Self:
        """Read the fields that all events have."""
        return cls(
            kind=kind, event_id=_text(event.get("id")), at=_text(event.get("time")), account=event.get("account")
        )

    def as_result(self) -> dict[str, Any]:
        """Return the key ``Approval`` of the state data."""
        subject = self.subject.text if self.subject else None
        result = {"Kind": self.kind, "EventId": self.event_id, "At": self.at, "By": self.by, "Subject": subject}
        return {**result, "Ignored": self.ignored} if self.ignored else result


def read(event: object, rules: ApprovalRules) -> Approval:
    """Read an event; the request in it is checked later.

    Raises InvalidApprovalError, which names all errors of the event.
    """
    if not isinstance(event, dict):
        raise InvalidApprovalError(errors=numbered([f"The event must be an object; got {excerpt(event)}"]))
    name, detail = (event.get("source"), event.get("detail-type")), event.get("detail")
    for known, kind, reader in (
        (rules.own_event, OWN, _read_own),
        (PACKAGE_EVENT, PACKAGE, _read_package),
        (TAG_EVENT, TAG, _read_tag),
    ):
        if name == known and isinstance(detail, dict):
            return reader(Approval.from_event(kind, event), detail, rules)
        if name == known:
            raise InvalidApprovalError(errors=numbered([f"detail must be an object; got {excerpt(detail)}"]))
    events = "; ".join(map(_pair, (rules.own_event, PACKAGE_EVENT, TAG_EVENT)))
    error = f"source and detail-type must be those of an approval ({events}); got {_pair(name)}"
    raise InvalidApprovalError(errors=numbered([error]))


def _read_own(approval: Approval, detail: Detail, rules: ApprovalRules) -> Approval:
    """Read an own event, whose detail is the request; the next task checks the request."""
    account = _text(approval.account)
    is_of_stack = account == rules.stack_account
    _refuse(
        [
            *_not_json(detail),
            *([] if is_of_stack else rules.scope.account_errors("The event", account or excerpt(approval.account))),
            *_of_another_account(detail, account, rules.stack_account),
        ]
    )
    return replace(approval, by=account, request=detail)


def _not_json(detail: Detail) -> Iterator[str]:
    """Report a detail that Lambda could not return."""
    if to_json(detail) is None:
        yield "detail must be valid JSON; it has a lone surrogate, too large a number or too many levels"


def _of_another_account(detail: Detail, account: str | None, stack_account: str) -> Iterator[str]:
    """Report that an account other than the stack's approves a model of yet another account."""
    project = Arn.parse_project(detail.get("SourceProjectArn"))
    if project and account not in (stack_account, project.account):
        yield f"detail.SourceProjectArn must be in the event's account or the stack's; got {project.account}"


def _read_package(approval: Approval, detail: Detail, rules: ApprovalRules) -> Approval:
    status, updated = detail.get("ModelApprovalStatus"), detail.get("UpdatedModelPackageFields")
    if status is None or (isinstance(status, str) and status != APPROVED):
        return replace(approval, ignored=f"ModelApprovalStatus is {excerpt(status)}, not '{APPROVED}'.")
    # SageMaker also sends this event when the metadata of an approved package changes.
    if isinstance(updated, list) and "ModelApprovalStatus" not in updated:
        return replace(approval, ignored="UpdatedModelPackageFields does not contain ModelApprovalStatus.")
    arn = Arn.parse_model_package(detail.get("ModelPackageArn"))
    _refuse(
        [
            *_type_errors("detail.ModelApprovalStatus", status, str, "a string"),
            *_type_errors("detail.UpdatedModelPackageFields", [] if updated is None else updated, list, "a list"),
            *_place_errors("detail.ModelPackageArn", detail.get("ModelPackageArn"), arn, approval, rules),
        ]
    )
    return replace(approval, subject=arn)


def _read_tag(approval: Approval, detail: Detail, rules: ApprovalRules) -> Approval:
    given = detail.get("requestParameters")
    parameters = given if isinstance(given, dict) else {}
    tags, resource = parameters.get("tags"), parameters.get("resourceArn")
    arn = Arn.parse_version(resource)
    reason = _why_not_tagged(detail, tags, resource, arn, rules)
    if reason:
        return replace(approval, ignored=reason)
    _refuse(
        [
            *_type_errors("detail.eventName", detail.get("eventName"), str, "a string"),
            *_type_errors("detail.requestParameters", given, dict, "an object"),
            *_type_errors("detail.requestParameters.tags", tags, dict, "an object"),
            *_place_errors("detail.requestParameters.resourceArn", resource, arn, approval, rules),
        ]
    )
    identity = detail.get("userIdentity")
    return replace(approval, subject=arn, by=_text(identity.get("arn")) if isinstance(identity, dict) else None)


def _why_not_tagged(
    detail: Detail, tags: object, resource: object, arn: Arn | None, rules: ApprovalRules
) -> str | None:
    """Return why a well-formed API call did not approve a version; None if it may have approved one."""
    name, (key, value) = detail.get("eventName"), rules.tag
    if isinstance(name, str) and name != "TagResource":
        return f"The call is {excerpt(name)}, not 'TagResource'."
    if detail.get("errorCode") is not None:
        return f"The call failed with {excerpt(detail['errorCode'])}."
    if isinstance(tags, dict) and tags.get(key) != value:
        return f"The tags do not contain {key} with the value {value}."
    if isinstance(resource, str) and arn is None:
        return f"The tagged resource is not a model version: {excerpt(resource, LONGEST_TEXT)}."
    return None


def _place_errors(name: str, given: object, arn: Arn | None, approval: Approval, rules: ApprovalRules) -> Iterator[str]:
    """Report an ARN that is missing, outside the stack's scope, or in another account than the event."""
    if arn is None:
        yield f"{name} must be the ARN of the approved resource; got {excerpt(given, LONGEST_TEXT)}"
        return
    yield from rules.scope.place_errors(name, arn)
    yield from rules.scope.account_errors(name, arn.account)
    if approval.account != arn.account:
        yield f"account must be the account of {name}, {arn.account}; got {excerpt(approval.account)}"


def _type_errors(name: str, value: object, kind: type, words: str) -> Iterator[str]:
    if not isinstance(value, kind):
        yield f"{name} must be {words}; got {excerpt(value)}"


def _refuse(errors: Iterable[str]) -> None:
    found = list(errors)
    if found:
        raise InvalidApprovalError(errors=numbered(found))


def _pair(name: tuple[object, object]) -> str:
    return " and ".join(map(excerpt, name))


def _text(value: object) -> str | None:
    return printable(value, LONGEST_TEXT) if isinstance(value, str) else None
