"""An event is an approval, is to be ignored, or is refused for all that is wrong with it; nothing in it is trusted."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import read_approval
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import given, settings
from hypothesis import strategies as st

from model_copy import accounts, approvals
from model_copy.approvals import Approval, Terms
from model_copy.arns import Arn
from model_copy.errors import InvalidApprovalError, InvalidRequestError
from tests.unit.conftest import SETTINGS

Event = dict[str, Any]

SOURCE, STACK = "111111111111", "333333333333"
VERSION = f"arn:aws:rekognition:eu-central-1:{SOURCE}:project/cats/version/v1/1700000000001"
PACKAGE = f"arn:aws:sagemaker:eu-central-1:{SOURCE}:model-package/cats/7"
TERMS = Terms(
    own_event=("our.pipeline", "Model Approved"),
    tag=("approval", "yes"),
    partition="aws",
    regions=["eu-central-1", "us-east-1"],
    accounts=[],
    stack_account=STACK,
)


def event(source: str, detail_type: str, detail: Any, **more: Any) -> Event:
    envelope = {"version": "0", "id": "an-event", "account": SOURCE, "time": "2030-01-01T09:00:00Z", "resources": []}
    return {**envelope, "source": source, "detail-type": detail_type, "detail": detail, **more}


OWN = event("our.pipeline", "Model Approved", {"SourceProjectVersionArn": VERSION, "VersionName": 7})
SAGEMAKER = event(
    "aws.sagemaker",
    "SageMaker Model Package State Change",
    {"ModelPackageArn": PACKAGE, "ModelApprovalStatus": "Approved", "CreationTime": "2030-01-01T08:00:00Z"},
)
TAGGED = event(
    "aws.rekognition",
    "AWS API Call via CloudTrail",
    {
        "eventName": "TagResource",
        "userIdentity": {"arn": f"arn:aws:iam::{SOURCE}:user/ana"},
        "requestParameters": {"resourceArn": VERSION, "tags": {"approval": "yes"}},
    },
)


def changed(given: Event, **detail: Any) -> Event:
    """Change the detail of an event; what is None is taken out."""
    merged = {**given["detail"], **detail}
    return {**given, "detail": {name: value for name, value in merged.items() if value is not None}}


def refusal(given: Event, terms: Terms = TERMS) -> str:
    with pytest.raises(InvalidApprovalError) as caught:
        approvals.read(given, terms)
    return str(caught.value)


def test_an_event_of_one_s_own_has_the_request_as_its_detail_and_the_next_step_judges_it() -> None:
    assert approvals.read(OWN, TERMS) == Approval(
        kind="Event", event_id="an-event", at="2030-01-01T09:00:00Z", account=SOURCE, by=SOURCE, request=OWN["detail"]
    )


def test_an_approved_model_package_is_the_one_that_the_event_names() -> None:
    assert approvals.read(SAGEMAKER, TERMS) == Approval(
        kind="ModelPackage",
        event_id="an-event",
        at="2030-01-01T09:00:00Z",
        account=SOURCE,
        subject=Arn.of_package(PACKAGE),
    )


def test_a_tag_approves_the_version_that_it_is_on_in_the_name_of_whoever_put_it_there() -> None:
    assert approvals.read(TAGGED, TERMS) == Approval(
        kind="Tag",
        event_id="an-event",
        at="2030-01-01T09:00:00Z",
        account=SOURCE,
        by=f"arn:aws:iam::{SOURCE}:user/ana",
        subject=Arn.of_version(VERSION),
    )


@pytest.mark.parametrize(
    "detail",
    [
        {"CreationTime": 1_893_484_800_000},
        {"CreationTime": None},
        {"PreviousModelApprovalStatus": "Approved"},
        {"PreviousModelApprovalStatus": "PendingManualApproval"},
        {"UpdatedModelPackageFields": ["ModelApprovalStatus"]},
        {"UpdatedModelPackageFields": ["CustomerMetadataProperties", "ModelApprovalStatus"]},
        {"ModelPackageStatus": "Completed", "ModelPackageGroupName": "dogs", "ModelPackageVersion": 8},
    ],
)
def test_an_approval_in_sagemaker_is_one_in_each_of_its_shapes(detail: Event) -> None:
    assert approvals.read(changed(SAGEMAKER, **detail), TERMS) == approvals.read(SAGEMAKER, TERMS)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (changed(SAGEMAKER, ModelApprovalStatus="Rejected"), "ModelApprovalStatus is 'Rejected', and not 'Approved'."),
        (changed(SAGEMAKER, ModelApprovalStatus="approved"), "ModelApprovalStatus is 'approved', and not 'Approved'."),
        (changed(SAGEMAKER, ModelApprovalStatus=None), "ModelApprovalStatus is null, and not 'Approved'."),
        (
            changed(SAGEMAKER, UpdatedModelPackageFields=["ModelLifeCycle"]),
            "UpdatedModelPackageFields does not have ModelApprovalStatus.",
        ),
        (
            changed(SAGEMAKER, UpdatedModelPackageFields=[]),
            "UpdatedModelPackageFields does not have ModelApprovalStatus.",
        ),
        (changed(TAGGED, eventName="UntagResource"), "The call is 'UntagResource', and not 'TagResource'."),
        (changed(TAGGED, errorCode="AccessDenied", requestParameters=None), "The call failed with 'AccessDenied'."),
        (
            changed(TAGGED, requestParameters={"resourceArn": VERSION, "tags": {"approval": "no"}}),
            "The tags do not have approval with the value yes.",
        ),
        (
            changed(TAGGED, requestParameters={"resourceArn": VERSION, "tags": {}}),
            "The tags do not have approval with the value yes.",
        ),
        (
            changed(TAGGED, requestParameters={"resourceArn": "arn:aws:x", "tags": {"approval": "yes"}}),
            "What was tagged is no model version: 'arn:aws:x'.",
        ),
    ],
)
def test_what_is_no_approval_is_ignored_for_a_reason(given: Event, reason: str) -> None:
    read = approvals.read(given, TERMS)

    assert read.ignored == reason
    assert read.as_answer()["Ignored"] == reason


@pytest.mark.parametrize(
    ("given", "mistakes"),
    [
        ({**OWN, "detail": [OWN]}, ["(1) detail must be an object, and is a list of 1"]),
        ({**SAGEMAKER, "detail": None}, ["(1) detail must be an object, and is null"]),
        (
            {**OWN, "source": ["our.pipeline"]},
            ["(1) source and detail-type must be those of an approval ('our.pipeline' and 'Model Approved'; "],
        ),
        ({**OWN, "source": "aws.sagemaker"}, ["and are 'aws.sagemaker' and 'Model Approved'."]),
        (
            {**changed(SAGEMAKER, ModelApprovalStatus=1, UpdatedModelPackageFields="all"), "account": "222222222222"},
            [
                "The approval has 3 mistakes: (1) detail.ModelApprovalStatus must be a text, and is 1.",
                "(2) detail.UpdatedModelPackageFields must be a list, and is 'all'.",
                "(3) account must be that of detail.ModelPackageArn, 111111111111, and is '222222222222'.",
            ],
        ),
        (
            changed(SAGEMAKER, ModelPackageArn=VERSION),
            [f"(1) detail.ModelPackageArn must be the ARN of what was approved, and is '{VERSION}'."],
        ),
        (
            changed(SAGEMAKER, ModelPackageArn=PACKAGE.replace("eu-central-1", "eu-centra-1")),
            ["a Region that has Rekognition Custom Labels, and is in eu-centra-1; did you mean eu-central-1?."],
        ),
        (
            changed(SAGEMAKER, ModelPackageArn=PACKAGE.replace("arn:aws:", "arn:aws-cn:")),
            ["must be in the partition of this stack, aws, and is in aws-cn."],
        ),
        (
            changed(TAGGED, eventName=None, requestParameters=["tags"]),
            [
                "The approval has 4 mistakes: (1) detail.eventName must be a text, and is null.",
                "(2) detail.requestParameters must be an object, and is a list of 1.",
                "(3) detail.requestParameters.tags must be an object, and is null.",
                "(4) detail.requestParameters.resourceArn must be the ARN of what was approved, and is null.",
            ],
        ),
        (
            {**TAGGED, "account": int(SOURCE)},
            ["(1) account must be that of detail.requestParameters.resourceArn, 111111111111, and is 111111111111."],
        ),
    ],
)
def test_a_malformed_event_is_refused_for_all_its_mistakes(given: Event, mistakes: list[str]) -> None:
    message = refusal(given)

    assert all(mistake in message for mistake in mistakes)
    assert message.endswith("Correct this and approve the model version again.")


@pytest.mark.parametrize("given", [OWN, SAGEMAKER, TAGGED])
def test_only_an_account_that_may_take_part_may_approve(given: Event) -> None:
    assert approvals.read(given, replace(TERMS, accounts=["222222222222", SOURCE]))

    message = refusal(given, replace(TERMS, accounts=["222222222222"]))

    assert "must be in an account that this stack's AllowedAccounts names, and is in 111111111111." in message


def test_the_stack_s_own_account_may_send_events_of_one_s_own_whichever_accounts_take_part() -> None:
    assert approvals.read({**OWN, "account": STACK}, replace(TERMS, accounts=[SOURCE])).by == STACK
    assert "and is in null." in refusal({**OWN, "account": None}, replace(TERMS, accounts=[SOURCE]))


def test_another_account_than_the_stack_s_speaks_for_its_own_models_alone() -> None:
    project = f"arn:aws:rekognition:eu-central-1:{SOURCE}:project/cats/1700000000000"
    own = {**OWN, "detail": {"SourceProjectArn": project}}
    assert approvals.read({**own, "account": SOURCE}, TERMS).by == SOURCE
    assert approvals.read({**own, "account": STACK}, TERMS).by == STACK

    message = refusal({**own, "account": "222222222222"})

    assert f"must be in the account of the event or the stack's, and is in {SOURCE}." in message


@pytest.mark.parametrize("value", ["\ud800", float("inf"), float("nan")])
def test_what_lambda_could_not_hand_on_is_refused(value: object) -> None:
    message = refusal({**OWN, "detail": {**OWN["detail"], "Tags": {"a": value}}})

    assert "(1) detail must be JSON in Unicode, and holds a lone surrogate, a number that is too large" in message


def test_what_an_event_says_of_itself_is_bounded_and_printable() -> None:
    long = {**changed(TAGGED, userIdentity={"arn": "\n" + "é" * 5_000}), "id": "x" * 5_000, "time": ["now"]}

    answer = approvals.read(long, TERMS).as_answer()

    assert len(answer["EventId"]) == 256 + 3
    assert answer["At"] is None
    assert answer["By"].startswith("\\n\\xe9")
    assert len(json.dumps(answer)) < 3_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the ways to all that is in a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, one in inside for place in places(one, (*path, name)))]


@st.composite
def tampered(draw: Callable[..., Any]) -> Any:
    """Put anything in the place of some parts of an event."""
    found: Any = [deepcopy(draw(st.sampled_from([OWN, SAGEMAKER, TAGGED])))]
    for _ in range(draw(st.integers(0, 3))):
        *way, last = draw(st.sampled_from(places(found)[1:]))
        inside = found
        for step in way:
            inside = inside[step]
        inside[last] = draw(JSON | st.sampled_from(["Approved", VERSION, PACKAGE, SOURCE, "TagResource", None]))
    return found[0]


class Called(Exception):
    """A call was about to be made."""


@given(tampered() | JSON, st.sampled_from(["", SOURCE, "222222222222"]))
@settings(max_examples=500)
def test_whatever_comes_is_read_or_refused_and_only_for_an_approval_in_an_account_that_may_take_part_is_aws_called(
    anything: Any, allowed: str
) -> None:
    called: list[Arn] = []
    sentence = ""

    def approved(service: str, arn: Arn, *_: str) -> None:
        called.append(arn)
        raise Called

    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.setenv("ALLOWED_ACCOUNTS", allowed)
        patch.setattr(accounts, "approved", approved)
        try:
            answer = read_approval.lambda_handler(anything, LambdaContext())
        except Called:
            assert [arn.account for arn in called] == [anything["account"]]
            assert not allowed or allowed == anything["account"]
            called.clear()
        except InvalidApprovalError as error:
            sentence = str(error)
        except InvalidRequestError:
            assert not isinstance(anything, dict)
        else:
            assert "Ignored" in answer["Approval"] or answer["Approval"]["Kind"] == "Event"
    assert called == []
    assert len(json.dumps(sentence)) <= 8_000
