"""An event is an approval, is ignored, or is refused with all its errors; nothing in it is trusted."""

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

from model_copy import approval_events
from model_copy.approval_events import Approval, ApprovalRules
from model_copy.arns import Arn
from model_copy.aws import clients
from model_copy.errors import InvalidApprovalError, InvalidRequestError
from model_copy.validation import Scope
from tests.unit.world import DESTINATION, REQUEST, SETTINGS, SOURCE, STACK, Json

VERSION = REQUEST["SourceProjectVersionArn"]
PACKAGE = f"arn:aws:sagemaker:eu-central-1:{SOURCE}:model-package/cats/7"
RULES = ApprovalRules(
    own_event=("our.pipeline", "Model Approved"),
    tag=("approval", "yes"),
    scope=Scope(partition="aws", regions=["eu-central-1", "us-east-1"], accounts=[]),
    stack_account=STACK,
)


def event(source: str, detail_type: str, detail: Json) -> Json:
    envelope = {"version": "0", "id": "an-event", "account": SOURCE, "time": "2030-01-01T09:00:00Z", "resources": []}
    return {**envelope, "source": source, "detail-type": detail_type, "detail": detail}


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


def changed(given: Json, **detail: object) -> Json:
    """Change the detail of an event; None removes a field."""
    merged = {**given["detail"], **detail}
    return {**given, "detail": {name: value for name, value in merged.items() if value is not None}}


def limited_to(*accounts: str) -> ApprovalRules:
    """Return the rules of a stack with AllowedAccounts."""
    return replace(RULES, scope=replace(RULES.scope, accounts=accounts))


def refusal(given: Json, rules: ApprovalRules = RULES) -> str:
    with pytest.raises(InvalidApprovalError) as caught:
        approval_events.read(given, rules)
    return str(caught.value)


def test_the_detail_of_an_own_event_is_the_request_and_the_next_task_checks_it() -> None:
    assert approval_events.read(OWN, RULES) == Approval(
        kind="Event", event_id="an-event", at="2030-01-01T09:00:00Z", account=SOURCE, by=SOURCE, request=OWN["detail"]
    )


def test_an_event_of_sagemaker_approves_the_model_package_that_it_names() -> None:
    assert approval_events.read(SAGEMAKER, RULES) == Approval(
        kind="ModelPackage",
        event_id="an-event",
        at="2030-01-01T09:00:00Z",
        account=SOURCE,
        subject=Arn.parse_model_package(PACKAGE),
    )


def test_a_tag_approves_the_tagged_version_and_the_caller_approved_it() -> None:
    assert approval_events.read(TAGGED, RULES) == Approval(
        kind="Tag",
        event_id="an-event",
        at="2030-01-01T09:00:00Z",
        account=SOURCE,
        by=f"arn:aws:iam::{SOURCE}:user/ana",
        subject=Arn.parse_version(VERSION),
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
def test_each_documented_form_of_an_approval_in_sagemaker_is_read_alike(detail: Json) -> None:
    assert approval_events.read(changed(SAGEMAKER, **detail), RULES) == approval_events.read(SAGEMAKER, RULES)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (changed(SAGEMAKER, ModelApprovalStatus="Rejected"), "ModelApprovalStatus is 'Rejected', not 'Approved'."),
        (changed(SAGEMAKER, ModelApprovalStatus="approved"), "ModelApprovalStatus is 'approved', not 'Approved'."),
        (changed(SAGEMAKER, ModelApprovalStatus=None), "ModelApprovalStatus is null, not 'Approved'."),
        (
            changed(SAGEMAKER, UpdatedModelPackageFields=["ModelLifeCycle"]),
            "UpdatedModelPackageFields does not contain ModelApprovalStatus.",
        ),
        (
            changed(SAGEMAKER, UpdatedModelPackageFields=[]),
            "UpdatedModelPackageFields does not contain ModelApprovalStatus.",
        ),
        (changed(TAGGED, eventName="UntagResource"), "The call is 'UntagResource', not 'TagResource'."),
        (changed(TAGGED, errorCode="AccessDenied", requestParameters=None), "The call failed with 'AccessDenied'."),
        (
            changed(TAGGED, requestParameters={"resourceArn": VERSION, "tags": {"approval": "no"}}),
            "The tags do not contain approval with the value yes.",
        ),
        (
            changed(TAGGED, requestParameters={"resourceArn": VERSION, "tags": {}}),
            "The tags do not contain approval with the value yes.",
        ),
        (
            changed(TAGGED, requestParameters={"resourceArn": "arn:aws:x", "tags": {"approval": "yes"}}),
            "The tagged resource is not a model version: 'arn:aws:x'.",
        ),
    ],
)
def test_an_event_that_is_not_an_approval_is_ignored_for_a_reason(given: Json, reason: str) -> None:
    read = approval_events.read(given, RULES)

    assert read.ignored == reason
    assert read.as_result()["Ignored"] == reason


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({**OWN, "detail": [OWN]}, ["(1) detail must be an object; got a list of length 1."]),
        ({**SAGEMAKER, "detail": None}, ["(1) detail must be an object; got null."]),
        (
            {**OWN, "source": ["our.pipeline"]},
            ["(1) source and detail-type must be those of an approval ('our.pipeline' and 'Model Approved'; "],
        ),
        ({**OWN, "source": "aws.sagemaker"}, ["; got 'aws.sagemaker' and 'Model Approved'."]),
        (
            {**changed(SAGEMAKER, ModelApprovalStatus=1, UpdatedModelPackageFields="all"), "account": "222222222222"},
            [
                "The approval has 3 errors: (1) detail.ModelApprovalStatus must be a string; got 1.",
                "(2) detail.UpdatedModelPackageFields must be a list; got 'all'.",
                "(3) account must be the account of detail.ModelPackageArn, 111111111111; got '222222222222'.",
            ],
        ),
        (
            changed(SAGEMAKER, ModelPackageArn=VERSION),
            [f"(1) detail.ModelPackageArn must be the ARN of the approved resource; got '{VERSION}'."],
        ),
        (
            changed(SAGEMAKER, ModelPackageArn=PACKAGE.replace("eu-central-1", "eu-centra-1")),
            ["must be in a Region with Rekognition Custom Labels; got eu-centra-1; did you mean eu-central-1? "],
        ),
        (
            changed(SAGEMAKER, ModelPackageArn=PACKAGE.replace("arn:aws:", "arn:aws-cn:")),
            ["must be in the partition of this stack, aws; got aws-cn."],
        ),
        (
            changed(TAGGED, eventName=None, requestParameters=["tags"]),
            [
                "The approval has 4 errors: (1) detail.eventName must be a string; got null.",
                "(2) detail.requestParameters must be an object; got a list of length 1.",
                "(3) detail.requestParameters.tags must be an object; got null.",
                "(4) detail.requestParameters.resourceArn must be the ARN of the approved resource; got null.",
            ],
        ),
        (
            {**TAGGED, "account": int(SOURCE)},
            [
                "(1) account must be the account of detail.requestParameters.resourceArn, "
                "111111111111; got 111111111111."
            ],
        ),
    ],
)
def test_a_malformed_event_is_refused_with_all_its_errors(given: Json, errors: list[str]) -> None:
    message = refusal(given)

    assert [error for error in errors if error not in message] == []
    assert message.endswith("Correct the approval and approve the model version again.")


@pytest.mark.parametrize("given", [None, "an event", 7, ["an event"]])
def test_anything_but_an_object_is_refused(given: Any) -> None:
    assert "(1) The event must be an object; got " in refusal(given)


@pytest.mark.parametrize("given", [OWN, SAGEMAKER, TAGGED])
def test_only_an_allowed_account_may_approve(given: Json) -> None:
    assert approval_events.read(given, limited_to(DESTINATION, SOURCE))

    message = refusal(given, limited_to(DESTINATION))

    assert "must be in one of the stack's AllowedAccounts; got 111111111111." in message


def test_the_stack_s_account_may_send_own_events_whichever_accounts_are_allowed() -> None:
    assert approval_events.read({**OWN, "account": STACK}, limited_to(SOURCE)).by == STACK
    assert "AllowedAccounts; got null." in refusal({**OWN, "account": None}, limited_to(SOURCE))


def test_another_account_than_the_stack_s_approves_only_its_own_models() -> None:
    own = {**OWN, "detail": {"SourceProjectArn": REQUEST["SourceProjectArn"]}}
    assert approval_events.read({**own, "account": SOURCE}, RULES).by == SOURCE
    assert approval_events.read({**own, "account": STACK}, RULES).by == STACK

    message = refusal({**own, "account": DESTINATION})

    assert f"detail.SourceProjectArn must be in the event's account or the stack's; got {SOURCE}." in message


@pytest.mark.parametrize("value", ["\ud800", float("inf"), float("nan")])
def test_a_detail_that_lambda_could_not_return_is_refused(value: object) -> None:
    message = refusal({**OWN, "detail": {**OWN["detail"], "Tags": {"a": value}}})

    assert "(1) detail must be valid JSON; it has a lone surrogate, too large a number or too many levels" in message


def test_an_event_s_own_words_are_cut_and_printable() -> None:
    long = {**changed(TAGGED, userIdentity={"arn": "\n" + "é" * 5_000}), "id": "x" * 5_000, "time": ["now"]}

    result = approval_events.read(long, RULES).as_result()

    assert len(result["EventId"]) == 256 + 3
    assert result["At"] is None
    assert result["By"].startswith("\\n\\xe9")
    assert len(json.dumps(result)) < 3_000


@pytest.mark.parametrize("key", ["Request", "Execution", "Approval", "Validation", "Policy", "Copy", "Refusal"])
def test_state_data_in_an_event_stays_inside_the_request(environment: None, key: str) -> None:
    forged = {"Kind": "Request", "Ignored": "No.", "Name": "forged", "PolicyName": "forged"}
    given = {**changed(OWN, **{key: forged}), key: forged}

    result = read_approval.lambda_handler({"Request": given, "Execution": {"Name": "real"}}, LambdaContext())

    assert set(result) == {"Request", "Execution", "Approval"}
    assert result["Request"] == {**OWN["detail"], key: forged}
    assert result["Execution"] == {"Name": "real"}
    assert result["Approval"] == approval_events.read(OWN, RULES).as_result()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to everything in a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, one in inside for found in paths(one, (*path, name)))]


@st.composite
def tampered(draw: Callable[..., Any]) -> Any:
    """Replace some parts of an event by anything."""
    found: Any = [deepcopy(draw(st.sampled_from([OWN, SAGEMAKER, TAGGED])))]
    for _ in range(draw(st.integers(0, 3))):
        *path, last = draw(st.sampled_from(paths(found)[1:]))
        inside = found
        for name in path:
            inside = inside[name]
        inside[last] = draw(JSON | st.sampled_from(["Approved", VERSION, PACKAGE, SOURCE, "TagResource", None]))
    return found[0]


class Called(Exception):
    """A call was about to be made."""


@given(tampered() | JSON, st.sampled_from(["", SOURCE, DESTINATION]), st.booleans())
@settings(max_examples=500)
def test_any_event_is_read_or_refused_and_aws_is_called_only_for_an_approval_in_an_allowed_account(
    anything: Any, allowed: str, is_nested: bool
) -> None:
    called: list[Arn] = []
    sentence = ""

    def approved(execution_name: str, service: str, arn: Arn, *actions: str) -> None:
        called.append(arn)
        raise Called

    with pytest.MonkeyPatch.context() as patch:
        for name, value in SETTINGS.items():
            patch.setenv(name, value)
        patch.setenv("ALLOWED_ACCOUNTS", allowed)
        patch.setattr(clients, "approved", approved)
        try:
            result = read_approval.lambda_handler({"Request": anything} if is_nested else anything, LambdaContext())
        except Called:
            assert [arn.account for arn in called] == [anything["account"]]
            assert not allowed or allowed == anything["account"]
            called.clear()
        except InvalidApprovalError as error:
            sentence = str(error)
        except InvalidRequestError:
            assert not isinstance(anything, dict)
        else:
            assert "Ignored" in result["Approval"] or result["Approval"]["Kind"] == "Event"
    assert called == []
    assert len(json.dumps(sentence)) <= 8_000
