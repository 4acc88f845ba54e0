"""The sandbox's Rekognition keeps the rules that AWS documents, and has a switch for what it does not."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.base_backend import backend_lock
from moto.moto_api._internal.models import moto_api_backend
from moto.server import ThreadedMotoServer

from sandbox.aws.rekognition import exceptions, install, models, rekognition_backends, settings
from sandbox.aws.rekognition.identity import Caller
from sandbox.aws.rekognition.policy import allows
from sandbox.aws.rekognition.validation import violations

REGION = "eu-central-1"
SOURCE, DESTINATION, OTHER = "111111111111", "222222222222", "333333333333"
BUCKET = {"S3Bucket": "models", "S3KeyPrefix": "copies"}
ROLE = f"arn:aws:iam::{DESTINATION}:role/copier"
START = datetime(2025, 6, 1)
BOTO = boto3.Session("AKIAEXAMPLE", "secret", region_name=REGION)  # one for all tests: it keeps the models it has read

install()


class Clock:
    """The world's time, which stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """An empty AWS with default settings, whose time is moved by hand."""
    clock = Clock()
    monkeypatch.setattr(models, "utcnow", clock)
    settings.reset()
    with mock_aws():
        yield clock
    settings.reset()


@cache
def sts() -> Any:
    return BOTO.client("sts")


def client(account: str, *, role: str = "copier", session: str = "a-session", region: str = REGION) -> Any:
    """Rekognition, called by a session of a role of this account; nothing is checked or tried again on its way."""
    arn = f"arn:aws:iam::{account}:role/{role}"
    assumed = sts().assume_role(RoleArn=arn, RoleSessionName=session)["Credentials"]
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    return BOTO.client(
        "rekognition",
        region,
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
        config=config,
    )


@pytest.fixture
def source() -> Any:
    return client(SOURCE)


@pytest.fixture
def destination() -> Any:
    return client(DESTINATION)


@pytest.fixture
def project(source: Any) -> str:
    """The source project's ARN."""
    return str(source.create_project(ProjectName="cats")["ProjectArn"])


@pytest.fixture
def version(source: Any, project: str) -> str:
    """The source version's ARN."""
    made = source.create_project_version(ProjectArn=project, VersionName="v1", OutputConfig=BUCKET)
    return str(made["ProjectVersionArn"])


@pytest.fixture
def target(destination: Any) -> str:
    """The destination project's ARN."""
    return str(destination.create_project(ProjectName="cats-live")["ProjectArn"])


def policy(resource: Any, principal: Any = DESTINATION, effect: str = "Allow", **more: Any) -> str:
    statement = {
        "Effect": effect,
        "Principal": {"AWS": principal},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": resource,
    } | more
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


Request = dict[str, Any]


@pytest.fixture
def request_(source: Any, project: str, version: str, target: str) -> Request:
    """A request to copy across accounts, which a policy allows."""
    source.put_project_policy(ProjectArn=project, PolicyName="grant", PolicyDocument=policy(version))
    return {
        "SourceProjectArn": project,
        "SourceProjectVersionArn": version,
        "DestinationProjectArn": target,
        "VersionName": "v1",
        "OutputConfig": BUCKET,
    }


@pytest.fixture
def copy(destination: Any, request_: Request) -> Callable[..., str]:
    """Copy the version, with these members changed; the answer is the copy's ARN."""
    return lambda **changes: str(destination.copy_project_version(**request_ | changes)["ProjectVersionArn"])


@pytest.fixture
def described(destination: Any, target: str) -> Callable[..., Any]:
    """The description of the destination project's version of this name, or None."""

    def describe(name: str = "v1") -> Any:
        answer = destination.describe_project_versions(ProjectArn=target, VersionNames=[name])
        return next(iter(answer["ProjectVersionDescriptions"]), None)

    return describe


def refused(code: str, call: Callable[..., Any], **request: Any) -> str:
    """Make a call that fails with this code, as boto3's own class for it; the answer is the message."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value
    assert error.response["Error"]["Code"] == code
    assert type(error).__name__ in (code, "ClientError")
    http_code = 500 if code in ("InternalServerError", "ThrottlingException") else 400
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == http_code
    return str(error.response["Error"]["Message"])


def backend(account: str = DESTINATION) -> models.RekognitionBackend:
    return rekognition_backends[account][REGION]


# Projects


def test_a_project_s_arn_ends_in_the_milliseconds_of_its_creation(project: str) -> None:
    milliseconds = int(START.replace(tzinfo=UTC).timestamp() * 1000)
    assert project == f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/{milliseconds}"


def test_a_project_s_name_is_taken_once(source: Any, project: str) -> None:
    refused("ResourceInUseException", source.create_project, ProjectName="cats")


def test_another_account_and_another_region_know_nothing_of_a_project(source: Any, project: str) -> None:
    assert source.describe_projects()["ProjectDescriptions"][0]["ProjectArn"] == project
    assert not client(OTHER).describe_projects()["ProjectDescriptions"]
    assert not client(SOURCE, region="us-east-1").describe_projects()["ProjectDescriptions"]


def test_projects_are_told_newest_first_with_what_they_were_made_with(source: Any, project: str, clock: Clock) -> None:
    clock.advance(1)
    source.create_project(ProjectName="rude", Feature="CONTENT_MODERATION", AutoUpdate="ENABLED", Tags={"a": "b"})
    rude, cats = source.describe_projects()["ProjectDescriptions"]
    assert (rude["Feature"], rude["AutoUpdate"], rude["Status"]) == ("CONTENT_MODERATION", "ENABLED", "CREATED")
    assert (cats["Feature"], "AutoUpdate" in cats) == ("CUSTOM_LABELS", False)
    assert cats["CreationTimestamp"] == START.replace(tzinfo=UTC)
    assert source.list_tags_for_resource(ResourceArn=rude["ProjectArn"])["Tags"] == {"a": "b"}


@pytest.mark.parametrize(
    ("told", "shown"), [("CUSTOM_LABELS", {"Feature": "CUSTOM_LABELS"}), ("", {"Feature": ""}), (None, {})]
)
def test_which_feature_is_told_of_custom_labels_is_a_setting(
    source: Any, project: str, version: str, told: str | None, shown: dict[str, str]
) -> None:
    source.create_project(ProjectName="rude", Feature="CONTENT_MODERATION")
    settings.reported_feature = told
    features = [
        {key: value for key, value in it.items() if key == "Feature"}
        for it in (
            *source.describe_projects()["ProjectDescriptions"],
            *source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"],
        )
    ]
    assert [it for it in features if it != {"Feature": "CONTENT_MODERATION"}] == [shown, shown]


def test_projects_are_filtered_by_name_and_by_feature(source: Any, project: str) -> None:
    source.create_project(ProjectName="rude", Feature="CONTENT_MODERATION")
    by_name = source.describe_projects(ProjectNames=["cats", "none"])["ProjectDescriptions"]
    by_feature = source.describe_projects(Features=["CUSTOM_LABELS"])["ProjectDescriptions"]
    assert [it["ProjectArn"] for it in by_name] == [it["ProjectArn"] for it in by_feature] == [project]


def test_projects_have_a_quota(source: Any, project: str) -> None:
    settings.projects_quota = 1
    refused("LimitExceededException", source.create_project, ProjectName="dogs")


# Versions


def test_a_version_trains_as_long_as_it_is_told_to(source: Any, project: str, clock: Clock) -> None:
    settings.training_seconds = 60
    source.create_project_version(ProjectArn=project, VersionName="v1", OutputConfig=BUCKET)
    statuses = []
    for _ in range(3):
        statuses += [
            it["Status"] for it in source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
        ]
        clock.advance(30)
    assert statuses == ["TRAINING_IN_PROGRESS", "TRAINING_IN_PROGRESS", "TRAINING_COMPLETED"]


def test_a_version_tells_what_it_was_made_with(source: Any, project: str) -> None:
    data = {"Assets": [{"GroundTruthManifest": {"S3Object": {"Bucket": "bucket", "Name": "manifest"}}}]}
    arn = source.create_project_version(
        ProjectArn=project,
        VersionName="v1",
        OutputConfig=BUCKET,
        KmsKeyId="alias/key",
        Tags={"stage": "test"},
        VersionDescription="The first one",
        FeatureConfig={"ContentModeration": {"ConfidenceThreshold": 50.0}},
        TrainingData=data,
        TestingData={"AutoCreate": True},
    )["ProjectVersionArn"]
    assert re.fullmatch(rf"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/version/v1/\d+", arn)
    (told,) = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert told == {
        "ProjectVersionArn": arn,
        "CreationTimestamp": START.replace(tzinfo=UTC),
        "Status": "TRAINING_COMPLETED",
        "OutputConfig": BUCKET,
        "KmsKeyId": "alias/key",
        "Feature": "CUSTOM_LABELS",
        "EvaluationResult": {"F1Score": 0.9},
        "VersionDescription": "The first one",
        "FeatureConfig": {"ContentModeration": {"ConfidenceThreshold": 50.0}},
        "TrainingDataResult": {"Input": data},
        "TestingDataResult": {"Input": {"AutoCreate": True}},
    }
    assert source.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"stage": "test"}


def test_a_version_s_name_is_taken_once(source: Any, project: str, version: str) -> None:
    make = source.create_project_version
    refused("ResourceInUseException", make, ProjectArn=project, VersionName="v1", OutputConfig=BUCKET)


def test_a_version_needs_a_project(source: Any, project: str) -> None:
    make = source.create_project_version
    refused("ResourceNotFoundException", make, ProjectArn=project + "0", VersionName="v1", OutputConfig=BUCKET)
    refused("ResourceNotFoundException", source.describe_project_versions, ProjectArn=project + "0")


@pytest.mark.parametrize("code", ["ServiceQuotaExceededException", "LimitExceededException"])
def test_versions_have_a_quota(source: Any, project: str, version: str, code: str) -> None:
    settings.versions_quota, settings.versions_quota_error = 1, code
    make = source.create_project_version
    refused(code, make, ProjectArn=project, VersionName="v2", OutputConfig=BUCKET)


def test_versions_are_told_newest_first(source: Any, project: str, version: str, clock: Clock) -> None:
    clock.advance(1)
    newer = source.create_project_version(ProjectArn=project, VersionName="v2", OutputConfig=BUCKET)
    told = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert [it["ProjectVersionArn"] for it in told] == [newer["ProjectVersionArn"], version]


def test_versions_are_filtered_by_name(source: Any, project: str, version: str) -> None:
    source.create_project_version(ProjectArn=project, VersionName="v2", OutputConfig=BUCKET)
    told = source.describe_project_versions(ProjectArn=project, VersionNames=["v1"])["ProjectVersionDescriptions"]
    assert [it["ProjectVersionArn"] for it in told] == [version]


@pytest.mark.parametrize("code", [None, "ResourceNotFoundException"])
def test_a_name_that_no_version_has_is_no_error_unless_so_set(
    source: Any, project: str, version: str, code: str | None
) -> None:
    settings.unknown_version_error = code
    source.describe_project_versions(ProjectArn=project, VersionNames=["v1"])
    ask = {"ProjectArn": project, "VersionNames": ["v1", "v2"]}
    if code:
        assert "v2" in refused(code, source.describe_project_versions, **ask)
    else:
        assert len(source.describe_project_versions(**ask)["ProjectVersionDescriptions"]) == 1


# Start, stop and delete


def test_a_model_starts_runs_stops_and_is_deleted(source: Any, project: str, version: str, clock: Clock) -> None:
    settings.start_seconds = settings.stop_seconds = settings.delete_seconds = 10
    steps = [
        (source.start_project_version, {"MinInferenceUnits": 1, "MaxInferenceUnits": 2}, "STARTING", "RUNNING"),
        (source.stop_project_version, {}, "STOPPING", "STOPPED"),
        (source.delete_project_version, {}, "DELETING", None),
    ]
    for act, more, during, after in steps:
        assert act(ProjectVersionArn=version, **more)["Status"] == during
        for expected in (during, after):
            told = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
            assert [it["Status"] for it in told] == ([expected] if expected else [])
            clock.advance(10)


def test_a_started_model_tells_its_units(source: Any, project: str, version: str) -> None:
    source.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1, MaxInferenceUnits=3)
    (told,) = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert (told["MinInferenceUnits"], told["MaxInferenceUnits"]) == (1, 3)


def test_a_start_can_fail(source: Any, project: str, version: str) -> None:
    settings.start_fails = True
    source.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
    (told,) = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert (told["Status"], told["StatusMessage"]) == ("FAILED", "The model failed to start.")


def test_a_started_model_that_is_no_copy_always_shows_that_it_runs(source: Any, project: str, version: str) -> None:
    settings.started_copy_replaces_status = False
    source.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
    (told,) = source.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert told["Status"] == "RUNNING"


def test_running_models_have_a_quota(source: Any, project: str, version: str) -> None:
    settings.running_quota = 0
    start = source.start_project_version
    refused("LimitExceededException", start, ProjectVersionArn=version, MinInferenceUnits=1)


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("TRAINING_IN_PROGRESS", ""),
        ("TRAINING_COMPLETED", "start delete"),
        ("TRAINING_FAILED", "delete"),
        ("STARTING", ""),
        ("RUNNING", "stop"),
        ("FAILED", "start delete"),
        ("STOPPING", ""),
        ("STOPPED", "start delete"),
        ("DELETING", ""),
        ("COPYING_IN_PROGRESS", ""),
        ("COPYING_COMPLETED", "start delete"),
        ("COPYING_FAILED", "delete"),
        ("DEPRECATED", "delete"),
        ("EXPIRED", "delete"),
    ],
)
def test_what_can_be_done_depends_on_the_status(source: Any, version: str, status: str, allowed: str) -> None:
    held = backend(SOURCE).version(version, START)
    for action in ("start", "stop", "delete"):
        held.forced_status = status
        more = {"MinInferenceUnits": 1} if action == "start" else {}
        call = getattr(source, f"{action}_project_version")
        if action in allowed:
            call(ProjectVersionArn=version, **more)
        else:
            assert status in refused("ResourceInUseException", call, ProjectVersionArn=version, **more)


def test_an_unknown_version_cannot_be_started_stopped_or_deleted(source: Any, version: str) -> None:
    unknown = version + "0"
    refused("ResourceNotFoundException", source.start_project_version, ProjectVersionArn=unknown, MinInferenceUnits=1)
    refused("ResourceNotFoundException", source.stop_project_version, ProjectVersionArn=unknown)
    refused("ResourceNotFoundException", source.delete_project_version, ProjectVersionArn=unknown)


def test_a_deleted_version_frees_its_name(source: Any, project: str, version: str) -> None:
    source.delete_project_version(ProjectVersionArn=version)
    source.create_project_version(ProjectArn=project, VersionName="v1", OutputConfig=BUCKET)


# Tags


def test_tags_are_added_replaced_and_taken_away(source: Any, version: str) -> None:
    source.tag_resource(ResourceArn=version, Tags={"stage": "test", "equipe": "modèles"})
    source.tag_resource(ResourceArn=version, Tags={"stage": "live"})
    source.untag_resource(ResourceArn=version, TagKeys=["equipe", "none"])
    assert source.list_tags_for_resource(ResourceArn=version)["Tags"] == {"stage": "live"}


def test_a_resource_has_at_most_two_hundred_tags(source: Any, version: str) -> None:
    source.tag_resource(ResourceArn=version, Tags={str(number): "" for number in range(200)})
    refused("ServiceQuotaExceededException", source.tag_resource, ResourceArn=version, Tags={"one more": ""})


def test_tags_need_a_resource(source: Any, version: str) -> None:
    unknown = version + "0"
    refused("ResourceNotFoundException", source.tag_resource, ResourceArn=unknown, Tags={})
    refused("ResourceNotFoundException", source.untag_resource, ResourceArn=unknown, TagKeys=[])
    refused("ResourceNotFoundException", source.list_tags_for_resource, ResourceArn=unknown)


# Pages


def pages(call: Callable[..., Any], key: str, **request: Any) -> list[list[Any]]:
    seen, token = [], {}
    while token is not None:
        answer = call(**request, **token)
        seen.append(answer[key])
        token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else None
    return seen


def test_every_list_comes_in_pages_that_together_tell_each_item_once(source: Any, project: str, clock: Clock) -> None:
    for number in range(5):
        clock.advance(number % 2)
        source.create_project(ProjectName=f"p{number}")
        source.create_project_version(ProjectArn=project, VersionName=f"v{number}", OutputConfig=BUCKET)
        document = policy(f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/version/*")
        source.put_project_policy(ProjectArn=project, PolicyName=f"p{number}", PolicyDocument=document)
    for call, key, request, sizes in (
        (source.describe_projects, "ProjectDescriptions", {}, [2, 2, 2]),
        (source.describe_project_versions, "ProjectVersionDescriptions", {"ProjectArn": project}, [2, 2, 1]),
        (source.list_project_policies, "ProjectPolicies", {"ProjectArn": project}, [2, 2, 1]),
    ):
        told = pages(call, key, MaxResults=2, **request)
        assert [len(page) for page in told] == sizes
        assert [it for page in told for it in page] == call(**request)[key]


def test_a_page_never_skips_an_item_because_another_one_went(source: Any, project: str, version: str) -> None:
    for name in "abc":
        source.put_project_policy(ProjectArn=project, PolicyName=name, PolicyDocument=policy(version))
    token = source.list_project_policies(ProjectArn=project, MaxResults=1)["NextToken"]
    source.delete_project_policy(ProjectArn=project, PolicyName="a")
    rest = source.list_project_policies(ProjectArn=project, NextToken=token)["ProjectPolicies"]
    assert [it["PolicyName"] for it in rest] == ["b", "c"]


def test_an_empty_token_is_none(source: Any, project: str) -> None:
    for call, request in (
        (source.describe_projects, {}),
        (source.describe_project_versions, {"ProjectArn": project}),
        (source.list_project_policies, {"ProjectArn": project}),
    ):
        first, asked = call(**request), call(NextToken="", **request)
        assert asked | {"ResponseMetadata": first["ResponseMetadata"]} == first


@pytest.mark.parametrize("token", ["nonsense", "é", "W10=", "bnVsbA==", "WzEsMiwzXQ=="])
def test_a_token_that_no_list_gave_out_is_refused(source: Any, project: str, token: str) -> None:
    code = "InvalidPaginationTokenException"
    refused(code, source.describe_projects, NextToken=token)
    refused(code, source.describe_project_versions, ProjectArn=project, NextToken=token)
    refused(code, source.list_project_policies, ProjectArn=project, NextToken=token)


def test_a_token_is_good_for_its_own_list_only(source: Any, project: str, version: str) -> None:
    source.create_project_version(ProjectArn=project, VersionName="v2", OutputConfig=BUCKET)
    token = source.describe_project_versions(ProjectArn=project, MaxResults=1)["NextToken"]
    refused("InvalidPaginationTokenException", source.list_project_policies, ProjectArn=project, NextToken=token)


# Project policies


def test_a_policy_is_listed_as_it_was_put(source: Any, project: str, version: str, clock: Clock) -> None:
    document = policy(version)
    first = source.put_project_policy(ProjectArn=project, PolicyName="p", PolicyDocument=document)["PolicyRevisionId"]
    clock.advance(60)
    revision = source.put_project_policy(
        ProjectArn=project, PolicyName="p", PolicyDocument=document, PolicyRevisionId=first.upper()
    )["PolicyRevisionId"]
    assert re.fullmatch("[0-9a-f]{32}", revision)
    assert revision != first
    assert source.list_project_policies(ProjectArn=project)["ProjectPolicies"] == [
        {
            "ProjectArn": project,
            "PolicyName": "p",
            "PolicyRevisionId": revision,
            "PolicyDocument": document,
            "CreationTimestamp": START.replace(tzinfo=UTC),
            "LastUpdatedTimestamp": (START + timedelta(seconds=60)).replace(tzinfo=UTC),
        }
    ]


def test_a_new_policy_has_no_revision_to_name(source: Any, project: str, version: str) -> None:
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": policy(version), "PolicyRevisionId": "0" * 32}
    refused("InvalidPolicyRevisionIdException", source.put_project_policy, **put)


def test_a_stale_revision_is_refused(source: Any, project: str, version: str) -> None:
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": policy(version)}
    stale = source.put_project_policy(**put)["PolicyRevisionId"]
    source.put_project_policy(**put, PolicyRevisionId=stale)
    refused("InvalidPolicyRevisionIdException", source.put_project_policy, **put, PolicyRevisionId=stale)
    del put["PolicyDocument"]
    refused("InvalidPolicyRevisionIdException", source.delete_project_policy, **put, PolicyRevisionId=stale)


@pytest.mark.parametrize("code", ["ResourceAlreadyExistsException", "InvalidPolicyRevisionIdException"])
def test_an_existing_policy_is_not_replaced_without_its_revision(
    source: Any, project: str, version: str, code: str
) -> None:
    settings.existing_policy_error = code
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": policy(version)}
    source.put_project_policy(**put)
    refused(code, source.put_project_policy, **put)


@pytest.mark.parametrize("code", ["LimitExceededException", "ServiceQuotaExceededException"])
def test_policies_have_a_quota_which_an_update_does_not_touch(
    source: Any, project: str, version: str, code: str
) -> None:
    settings.policy_quota_error = code
    put = {"ProjectArn": project, "PolicyDocument": policy(version)}
    revisions = [source.put_project_policy(**put, PolicyName=name)["PolicyRevisionId"] for name in "abcde"]
    refused(code, source.put_project_policy, **put, PolicyName="f")
    source.put_project_policy(**put, PolicyName="a", PolicyRevisionId=revisions[0])


def test_a_policy_is_deleted_with_and_without_its_revision(source: Any, project: str, version: str) -> None:
    put = {"ProjectArn": project, "PolicyDocument": policy(version)}
    revision = source.put_project_policy(**put, PolicyName="a")["PolicyRevisionId"]
    source.put_project_policy(**put, PolicyName="b")
    source.delete_project_policy(ProjectArn=project, PolicyName="a", PolicyRevisionId=revision)
    source.delete_project_policy(ProjectArn=project, PolicyName="b")
    assert source.list_project_policies(ProjectArn=project)["ProjectPolicies"] == []


def test_policies_need_a_project_and_a_deletion_needs_a_policy(source: Any, project: str, version: str) -> None:
    code, unknown = "ResourceNotFoundException", project + "0"
    refused(code, source.put_project_policy, ProjectArn=unknown, PolicyName="p", PolicyDocument=policy(version))
    refused(code, source.list_project_policies, ProjectArn=unknown)
    refused(code, source.delete_project_policy, ProjectArn=unknown, PolicyName="p")
    refused(code, source.delete_project_policy, ProjectArn=project, PolicyName="p")


STATEMENT = json.loads(policy(f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/version/v1/1"))["Statement"][0]
INSIDE = f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats"


def with_statement(*without: str, **changes: Any) -> str:
    statement = {name: value for name, value in (STATEMENT | changes).items() if name not in without}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.mark.parametrize(
    "document",
    [
        with_statement(),
        with_statement(Effect="Deny"),
        with_statement(Principal="*"),
        with_statement(Principal={"AWS": "*"}),
        with_statement(Principal={"AWS": [ROLE, f"arn:aws:iam::{DESTINATION}:root", DESTINATION]}),
        with_statement(Principal={"AWS": f"arn:aws:sts::{DESTINATION}:assumed-role/copier/a-session"}),
        with_statement(Action=["rekognition:Copy*", "REKOGNITION:copyprojectversion", "*"]),
        with_statement(Resource=[f"{INSIDE}/version/*", f"{INSIDE}/*", f"{INSIDE}/version/v1/?"]),
        with_statement(Sid="one"),
        json.dumps({"Version": "2008-10-17", "Id": "mine", "Statement": [STATEMENT, STATEMENT]}),
    ],
)
def test_a_policy_may_say(source: Any, project: str, document: str) -> None:
    source.put_project_policy(ProjectArn=project, PolicyName="p", PolicyDocument=document)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{", "not valid JSON"),
        ("[" * 2000, "not valid JSON"),
        ("[]", "is an object"),
        (json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT], "Note": "x"}), "is an object of"),
        (json.dumps({"Statement": [STATEMENT]}), "Version must be"),
        (json.dumps({"Version": "2012-10-17"}), "no statement"),
        (json.dumps({"Version": "2012-10-17", "Statement": []}), "no statement"),
        (json.dumps({"Version": "2012-10-17", "Statement": ["x"]}), "is an object"),
        *[(with_statement(name), f"lacks {name}") for name in STATEMENT],
        (with_statement("Action", NotAction="rekognition:x"), "not support NotAction"),
        (with_statement("Resource", NotResource=f"{INSIDE}/*"), "not support NotResource"),
        (with_statement("Principal", NotPrincipal="*"), "not support NotPrincipal"),
        (with_statement(Condition={}), "not support Condition"),
        (with_statement(Effect="Permit"), "Effect"),
        (with_statement(Effect=["Allow"]), "Effect"),
        (with_statement(Principal=DESTINATION), "Principal"),
        (with_statement(Principal={"Service": "rekognition.amazonaws.com"}), "Principal"),
        (with_statement(Principal={"AWS": []}), "Principal"),
        (with_statement(Principal={"AWS": f"arn:aws:iam::{DESTINATION}:role/*"}), "Invalid principal"),
        (with_statement(Principal={"AWS": "12345"}), "Invalid principal"),
        (with_statement(Action="rekognition:DetectLabels"), "supports only"),
        (with_statement(Action=["rekognition:CopyProjectVersion", "s3:*"]), "supports only"),
        (with_statement(Action={}), "Action must be"),
        (with_statement(Resource="*"), "outside this project"),
        (with_statement(Resource=f"{INSIDE}-2/version/*"), "outside this project"),
        (with_statement(Resource=[1]), "Resource must be"),
    ],
)
def test_a_policy_may_not_say(source: Any, project: str, document: str, reason: str) -> None:
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": document}
    assert reason in refused("MalformedPolicyDocumentException", source.put_project_policy, **put)


def test_whether_sid_and_condition_are_accepted_is_a_setting(source: Any, project: str) -> None:
    settings.accepts_sid, settings.accepts_condition = False, True
    put = {"ProjectArn": project, "PolicyName": "p"}
    sid, condition = with_statement(Sid="one"), with_statement(Condition={"Bool": {"x": "true"}})
    refused("MalformedPolicyDocumentException", source.put_project_policy, **put, PolicyDocument=sid)
    source.put_project_policy(**put, PolicyDocument=condition)


def test_whether_an_effect_may_be_in_capitals_is_a_setting(source: Any, project: str) -> None:
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": with_statement(Effect="ALLOW")}
    source.put_project_policy(**put)
    settings.effect_ignores_case = False
    refused("MalformedPolicyDocumentException", source.put_project_policy, **put)


@pytest.mark.parametrize("action", ["rekognition:Copy*", ["rekognition:CopyProjectVersion", "rekognition:*"]])
def test_whether_another_action_may_be_named_is_a_setting(source: Any, project: str, action: object) -> None:
    put = {"ProjectArn": project, "PolicyName": "p"}
    document = with_statement(Action=action)
    revision = source.put_project_policy(**put, PolicyDocument=document)["PolicyRevisionId"]
    settings.accepts_other_actions = False
    refused("MalformedPolicyDocumentException", source.put_project_policy, **put, PolicyDocument=document)
    one = with_statement(Action=["rekognition:CopyProjectVersion"])
    source.put_project_policy(**put, PolicyDocument=one, PolicyRevisionId=revision)


# Who may copy

V1 = f"{INSIDE}/version/v1/1"
SESSION = f"arn:aws:sts::{DESTINATION}:assumed-role/copier/a-session"
COPIER = Caller(DESTINATION, role_arn=ROLE, session_arn=SESSION)


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ([], False),
        ([policy(V1)], True),
        ([policy(V1, f"arn:aws:iam::{DESTINATION}:root")], True),
        ([policy(V1, ROLE)], True),
        ([policy(V1, SESSION)], True),
        ([policy(V1, "*")], True),
        ([policy(V1, Principal="*")], True),
        ([policy(V1, [OTHER, ROLE])], True),
        ([policy(V1, OTHER)], False),
        ([policy(V1, f"arn:aws:iam::{OTHER}:root")], False),
        ([policy(V1, ROLE + "2")], False),
        ([policy(V1, SESSION + "2")], False),
        ([policy(f"{INSIDE}/version/v2/1")], False),
        ([policy([f"{INSIDE}/version/v2/1", V1])], True),
        ([policy(f"{INSIDE}/version/*")], True),
        ([policy(f"{INSIDE}/version/v?/1")], True),
        ([policy(f"{INSIDE}/version/v??/1")], False),
        ([policy(f"{INSIDE}/version/v[1]/1")], False),
        ([policy(f"{INSIDE}/version/V1/1")], False),
        ([policy(V1, Action="REKOGNITION:COPY*")], True),
        ([policy(V1), policy(V1, effect="Deny")], False),
        ([policy(V1), policy(V1, OTHER, effect="Deny")], True),
        ([policy(V1), policy(f"{INSIDE}/version/v2/*", effect="Deny")], True),
        ([policy(V1, effect="Deny")], False),
        ([policy(V1, effect="ALLOW")], True),
        ([policy(V1), policy(V1, effect="DENY")], False),
        ([policy(V1, OTHER), policy(V1)], True),
        ([policy(V1, Condition={"Bool": {"x": "true"}})], False),
        ([policy(V1), policy(V1, effect="Deny", Condition={"Bool": {"x": "true"}})], True),
    ],
)
def test_a_copy_is_allowed_when_some_statement_allows_it_and_none_denies_it(
    documents: list[str], expected: bool
) -> None:
    assert allows(documents, COPIER, V1) is expected


def test_whether_conditions_are_met_is_a_setting() -> None:
    settings.conditions_hold = True
    conditional = {"Condition": {"Bool": {"x": "true"}}}
    assert allows([policy(V1, **conditional)], COPIER, V1)
    assert not allows([policy(V1), policy(V1, effect="Deny", **conditional)], COPIER, V1)


def test_without_a_policy_no_other_account_may_copy(
    source: Any, project: str, copy: Callable[..., str], version: str
) -> None:
    source.delete_project_policy(ProjectArn=project, PolicyName="grant")
    message = refused("AccessDeniedException", copy)
    assert (
        message
        == f"User: {SESSION} is not authorized to perform: rekognition:CopyProjectVersion on resource: {version}"
    )


@pytest.mark.parametrize(
    ("principal", "copier_may", "other_role_may"),
    [
        (DESTINATION, True, True),
        (f"arn:aws:iam::{DESTINATION}:root", True, True),
        (ROLE, True, False),
        (SESSION, True, False),
        (OTHER, False, False),
    ],
)
def test_the_caller_is_known_by_its_key(
    source: Any, request_: Request, principal: str, copier_may: bool, other_role_may: bool
) -> None:
    project, version = request_["SourceProjectArn"], request_["SourceProjectVersionArn"]
    source.delete_project_policy(ProjectArn=project, PolicyName="grant")
    source.put_project_policy(ProjectArn=project, PolicyName="grant", PolicyDocument=policy(version, principal))
    for role, may in (("copier", copier_may), ("another", other_role_may)):
        call = client(DESTINATION, role=role).copy_project_version
        if may:
            call(**request_ | {"VersionName": role})
        else:
            refused("AccessDeniedException", call, **request_ | {"VersionName": role})


def test_a_key_that_nobody_gave_out_is_its_account_s_root(request_: Request) -> None:
    root = f"arn:aws:iam::{DESTINATION}:root"
    backend().copy_project_version(
        source_project_arn=request_["SourceProjectArn"],
        source_project_version_arn=request_["SourceProjectVersionArn"],
        destination_project_arn=request_["DestinationProjectArn"],
        version_name="v1",
        output_config=BUCKET,
    )
    assert [it.caller.arn for it in backend().copies] == [root]


def test_a_user_is_known_by_its_key() -> None:
    iam = BOTO.client("iam")
    user = iam.create_user(UserName="ann", Path="/team/")["User"]["Arn"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    rekognition = BOTO.client("rekognition", **keys)
    rekognition_backends["123456789012"][REGION].create_project("a", created=START)
    project = rekognition.create_project(ProjectName="b")["ProjectArn"]
    made = rekognition.create_project_version(ProjectArn=project, VersionName="v1", OutputConfig=BUCKET)
    rekognition.copy_project_version(
        SourceProjectArn=project,
        SourceProjectVersionArn=made["ProjectVersionArn"],
        DestinationProjectArn=project.replace("/b/", "/a/"),
        VersionName="v1",
        OutputConfig=BUCKET,
    )
    assert [it.caller.arn for it in rekognition_backends["123456789012"][REGION].copies] == [user]


def own_request(source: Any, request: Request) -> Request:
    """The same copy, but into another project of the source's own account."""
    own = source.create_project(ProjectName="cats-2")["ProjectArn"]
    return request | {"DestinationProjectArn": own}


def test_within_one_account_no_policy_is_needed(source: Any, request_: Request) -> None:
    source.delete_project_policy(ProjectArn=request_["SourceProjectArn"], PolicyName="grant")
    source.copy_project_version(**own_request(source, request_))


def test_within_one_account_a_deny_is_still_a_deny(source: Any, request_: Request) -> None:
    document = policy(request_["SourceProjectVersionArn"], "*", "Deny")
    source.put_project_policy(ProjectArn=request_["SourceProjectArn"], PolicyName="no", PolicyDocument=document)
    refused("AccessDeniedException", source.copy_project_version, **own_request(source, request_))


def test_a_policy_takes_effect_only_after_its_propagation(
    source: Any, project: str, version: str, copy: Callable[..., str], clock: Clock
) -> None:
    settings.propagation_seconds = 30
    source.delete_project_policy(ProjectArn=project, PolicyName="grant")
    copy(VersionName="still-allowed")
    clock.advance(30)
    refused("AccessDeniedException", copy)
    source.put_project_policy(ProjectArn=project, PolicyName="grant", PolicyDocument=policy(version))
    clock.advance(29)
    refused("AccessDeniedException", copy)
    clock.advance(1)
    copy()


# Copies


def test_a_copy_is_in_progress_and_then_completed(
    copy: Callable[..., str], described: Callable[..., Any], clock: Clock
) -> None:
    settings.copy_seconds = 100
    arn = copy()
    for seconds, status in ((0, "COPYING_IN_PROGRESS"), (99, "COPYING_IN_PROGRESS"), (1, "COPYING_COMPLETED")):
        clock.advance(seconds)
        assert (described()["ProjectVersionArn"], described()["Status"]) == (arn, status)


def test_a_copy_tells_where_it_came_from_and_where_it_went(
    destination: Any, copy: Callable[..., str], described: Callable[..., Any], version: str
) -> None:
    arn = copy(KmsKeyId="alias/key", Tags={"stage": "live"})
    told = described()
    assert (told["SourceProjectVersionArn"], told["OutputConfig"], told["KmsKeyId"]) == (version, BUCKET, "alias/key")
    assert told["EvaluationResult"] == {"F1Score": 0.9}
    assert destination.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"stage": "live"}


def test_every_effective_copy_is_logged_once(copy: Callable[..., str], version: str, clock: Clock) -> None:
    clock.advance(5)
    arn = copy()
    refused("ResourceInUseException", copy)
    (logged,) = backend().copies
    assert (logged.arn, logged.name, logged.source_arn) == (arn, "v1", version)
    assert (logged.when, logged.caller.arn) == (START + timedelta(seconds=5), SESSION)


def test_a_copy_may_never_end(copy: Callable[..., str], described: Callable[..., Any], clock: Clock) -> None:
    settings.copy_seconds = None
    copy()
    clock.advance(10**8)
    assert described()["Status"] == "COPYING_IN_PROGRESS"


@pytest.mark.parametrize("holds", [True, False])
def test_a_failed_copy_says_why_and_holds_its_name_or_not(
    copy: Callable[..., str], described: Callable[..., Any], clock: Clock, holds: bool
) -> None:
    settings.copy_failure, settings.failed_copy_holds_name = "Out of luck.", holds
    copy()
    clock.advance(3600)
    assert (described()["Status"], described()["StatusMessage"]) == ("COPYING_FAILED", "Out of luck.")
    if holds:
        refused("ResourceInUseException", copy)
    else:
        copy()
        assert described()["Status"] == "COPYING_IN_PROGRESS"


@pytest.mark.parametrize("lag", [0, 20])
def test_a_new_copy_is_invisible_for_a_while_but_holds_its_name(
    copy: Callable[..., str], described: Callable[..., Any], clock: Clock, lag: float
) -> None:
    settings.visibility_lag_seconds = lag
    copy()
    assert (described() is None) is bool(lag)
    refused("ResourceInUseException", copy)
    clock.advance(lag)
    assert described() is not None


@pytest.mark.parametrize("inherits", [True, False])
def test_a_copy_inherits_its_creation_timestamp_or_not(
    copy: Callable[..., str], described: Callable[..., Any], clock: Clock, inherits: bool
) -> None:
    settings.copy_inherits_creation_timestamp = inherits
    clock.advance(500)
    arn = copy()
    expected = START if inherits else clock.now
    assert described()["CreationTimestamp"] == expected.replace(tzinfo=UTC)
    assert arn.endswith(f"/{int(clock.now.replace(tzinfo=UTC).timestamp() * 1000)}")


@pytest.mark.parametrize("tells", [True, False])
def test_a_copy_tells_its_output_and_its_key_or_not(
    copy: Callable[..., str], described: Callable[..., Any], tells: bool
) -> None:
    settings.copy_tells_output_config = settings.copy_tells_kms_key = tells
    copy(KmsKeyId="alias/key")
    assert ("OutputConfig" in described(), "KmsKeyId" in described()) == (tells, tells)


@pytest.mark.parametrize("replaces", [True, False])
def test_a_started_copy_shows_that_it_runs_or_not(
    destination: Any, copy: Callable[..., str], described: Callable[..., Any], clock: Clock, replaces: bool
) -> None:
    settings.started_copy_replaces_status = replaces
    arn = copy()
    clock.advance(3600)
    destination.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=1)
    assert described()["Status"] == ("RUNNING" if replaces else "COPYING_COMPLETED")
    destination.stop_project_version(ProjectVersionArn=arn)
    assert described()["Status"] == ("STOPPED" if replaces else "COPYING_COMPLETED")


@pytest.mark.parametrize("code", ["ResourceInUseException", "InvalidParameterException"])
def test_a_taken_name_is_refused(copy: Callable[..., str], code: str) -> None:
    settings.taken_name_error = code
    copy()
    refused(code, copy)


@pytest.mark.parametrize("code", ["LimitExceededException", "ServiceQuotaExceededException"])
def test_only_so_many_copies_run_at_once(copy: Callable[..., str], clock: Clock, code: str) -> None:
    settings.slot_error = code
    for number in range(5):
        copy(VersionName=f"v{number}")
    refused(code, copy, VersionName="v5")
    clock.advance(3600)
    copy(VersionName="v5")


def test_a_copy_counts_in_the_quota_of_versions(copy: Callable[..., str]) -> None:
    settings.versions_quota = 0
    refused("ServiceQuotaExceededException", copy)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("TRAINING_COMPLETED", None),
        ("COPYING_COMPLETED", None),
        ("STARTING", None),
        ("RUNNING", None),
        ("STOPPING", None),
        ("STOPPED", None),
        ("TRAINING_IN_PROGRESS", "ResourceInUseException"),
        ("COPYING_IN_PROGRESS", "ResourceInUseException"),
        ("DELETING", "ResourceInUseException"),
        ("TRAINING_FAILED", "InvalidParameterException"),
        ("COPYING_FAILED", "InvalidParameterException"),
        ("FAILED", "InvalidParameterException"),
        ("DEPRECATED", "InvalidParameterException"),
        ("EXPIRED", "InvalidParameterException"),
    ],
)
def test_only_a_finished_version_is_copied(
    copy: Callable[..., str], version: str, status: str, code: str | None
) -> None:
    backend(SOURCE).version(version, START).forced_status = status
    if code:
        assert status in refused(code, copy)
    else:
        copy()


def test_a_version_that_was_deleted_is_not_copied(source: Any, copy: Callable[..., str], version: str) -> None:
    source.delete_project_version(ProjectVersionArn=version)
    refused("ResourceNotFoundException", copy)


@pytest.mark.parametrize("member", ["SourceProjectArn", "SourceProjectVersionArn", "DestinationProjectArn"])
def test_all_that_a_copy_names_must_exist(
    source: Any, copy: Callable[..., str], request_: Request, member: str
) -> None:
    source.put_project_policy(
        ProjectArn=request_["SourceProjectArn"], PolicyName="all", PolicyDocument=policy(f"{INSIDE}/*")
    )
    refused("ResourceNotFoundException", copy, **{member: request_[member] + "0"})


def test_an_account_that_has_nothing_has_no_source(copy: Callable[..., str], project: str) -> None:
    refused("ResourceNotFoundException", copy, SourceProjectArn=project.replace(SOURCE, "444444444444"))
    assert "444444444444" not in rekognition_backends


def test_the_destination_must_be_the_caller_s_own(source: Any, request_: Request) -> None:
    refused("ResourceNotFoundException", source.copy_project_version, **request_)


@pytest.mark.parametrize("member", ["SourceProjectArn", "DestinationProjectArn"])
def test_a_copy_stays_in_its_region(copy: Callable[..., str], request_: Request, member: str) -> None:
    elsewhere = request_[member].replace(REGION, "us-east-1")
    assert "us-east-1" in refused("InvalidParameterException", copy, **{member: elsewhere})


def test_a_version_belongs_to_its_project(copy: Callable[..., str], version: str) -> None:
    another = version.replace("/cats/", "/dogs/")
    assert "is not a version of" in refused("InvalidParameterException", copy, SourceProjectVersionArn=another)


@pytest.mark.parametrize("side", [SOURCE, DESTINATION])
def test_only_custom_labels_are_copied(copy: Callable[..., str], request_: Request, side: str) -> None:
    member = "SourceProjectArn" if side == SOURCE else "DestinationProjectArn"
    backend(side).projects[request_[member]].feature = "CONTENT_MODERATION"
    assert "CONTENT_MODERATION" in refused("InvalidParameterException", copy)


# Requests


def test_a_request_is_checked_against_botocore_s_model(source: Any) -> None:
    message = refused("InvalidParameterException", source.create_project, ProjectName="no spaces", Feature="NONE")
    assert message.startswith("2 validation errors detected: Value 'no spaces' at 'projectName' failed")


def test_which_error_an_invalid_request_gets_is_a_setting(source: Any) -> None:
    settings.invalid_request_error = "ValidationException"
    refused("ValidationException", source.describe_projects, MaxResults=101)


def test_the_service_refuses_what_is_no_json(source: Any) -> None:
    source.meta.events.register("before-call.rekognition", lambda params, **_: params.update(body=b"{"))
    refused("InvalidParameterException", source.describe_projects)


@pytest.mark.parametrize("body", [b'{"MaxResults": null}', b'{"Unknown": 1}'])
def test_nulls_and_unknown_members_count_for_nothing(source: Any, project: str, body: bytes) -> None:
    source.meta.events.register("before-call.rekognition", lambda params, **_: params.update(body=body))
    assert len(source.describe_projects()["ProjectDescriptions"]) == 1


ARN = f"{INSIDE}/1"
PUT = {"ProjectArn": ARN, "PolicyName": "p", "PolicyDocument": "{}"}
TAGGED = {"ResourceArn": V1}


@pytest.mark.parametrize(
    ("operation", "request_body", "expected"),
    [
        ("DescribeProjects", {}, []),
        ("DescribeProjects", {"MaxResults": None, "Unknown": 1}, []),
        ("DescribeProjects", [], ["at '' failed to satisfy constraint: Member must be a structure"]),
        ("DescribeProjects", {"MaxResults": 0}, ["'0' at 'maxResults'", "value greater than or equal to 1"]),
        ("DescribeProjects", {"MaxResults": 101}, ["value less than or equal to 100"]),
        ("DescribeProjects", {"MaxResults": "1"}, ["must be a integer"]),
        ("DescribeProjects", {"MaxResults": True}, ["must be a integer"]),
        ("DescribeProjects", {"ProjectNames": "a"}, ["must be a list"]),
        ("DescribeProjects", {"ProjectNames": []}, ["length greater than or equal to 1"]),
        ("DescribeProjects", {"ProjectNames": ["a"] * 11}, ["length less than or equal to 10"]),
        ("DescribeProjects", {"ProjectNames": ["a", "b c"]}, ["at 'projectNames.2.member'", "regular expression"]),
        ("DescribeProjects", {"Features": ["NONE"]}, ["enum value set: [CONTENT_MODERATION, CUSTOM_LABELS]"]),
        ("ListProjectPolicies", {"ProjectArn": ARN, "MaxResults": 6}, ["less than or equal to 5"]),
        ("ListProjectPolicies", {}, ["Value null at 'projectArn' failed", "must not be null"]),
        ("ListProjectPolicies", {"ProjectArn": ARN + "\n"}, ["regular expression"]),
        ("ListProjectPolicies", {"ProjectArn": ARN.replace(SOURCE, "\u0661" * 12)}, ["regular expression"]),
        ("PutProjectPolicy", PUT | {"PolicyDocument": "\u00ff\t\n\r"}, []),
        ("PutProjectPolicy", PUT | {"PolicyDocument": "\u0100"}, ["regular expression"]),
        ("PutProjectPolicy", PUT | {"PolicyDocument": "x" * 2000}, []),
        ("PutProjectPolicy", PUT | {"PolicyDocument": "x" * 2001}, ["length less than or equal to 2000"]),
        ("PutProjectPolicy", PUT | {"PolicyRevisionId": "xyz"}, ["regular expression"]),
        ("TagResource", TAGGED | {"Tags": {"clé n°1": "größe 東京 ٣"}}, ["at 'tags.key'"]),
        ("TagResource", TAGGED | {"Tags": {"clé 東京\u00a0٣": "größe"}}, []),
        ("TagResource", TAGGED | {"Tags": {"a": "€"}}, ["at 'tags.a.member'", "regular expression"]),
        ("TagResource", TAGGED | {"Tags": {"aws:a": ""}}, ["regular expression"]),
        ("TagResource", TAGGED | {"Tags": {"äws:a": ""}}, []),
        ("TagResource", TAGGED | {"Tags": {str(n): "" for n in range(201)}}, ["length less than or equal to 200"]),
        ("TagResource", TAGGED | {"Tags": {"": ""}}, ["length greater than or equal to 1"]),
        ("TagResource", TAGGED | {"Tags": {"a": 1}}, ["must be a string"]),
        ("UntagResource", TAGGED | {"TagKeys": ["ok", "n°1"]}, ["at 'tagKeys.2.member'"]),
    ],
)
def test_a_violation_is_named_with_its_path(operation: str, request_body: Any, expected: list[str]) -> None:
    broken = violations(operation, request_body)
    assert len(broken) == (1 if expected else 0)
    assert all(part in broken[0] for part in expected)


def test_a_text_that_looks_like_a_query_is_no_other_action(copy: Callable[..., str]) -> None:
    assert "/version/" in copy(OutputConfig={"S3Bucket": "models", "S3KeyPrefix": "a&Action=CreateProject&b=c"})


def test_nested_members_are_checked() -> None:
    body = {"ProjectArn": ARN, "VersionName": "v", "OutputConfig": {"S3Bucket": "ab"}}
    config = {"FeatureConfig": {"ContentModeration": {"ConfidenceThreshold": 100.5}}}
    broken = violations("CreateProjectVersion", body | config | {"TestingData": {"AutoCreate": 1}})
    assert [re.search("at '(.*?)'", it)[1] for it in broken] == [
        "outputConfig.s3Bucket",
        "testingData.autoCreate",
        "featureConfig.contentModeration.confidenceThreshold",
    ]


# Limits, faults and the installation


def test_requests_above_the_rate_are_throttled(source: Any, project: str, clock: Clock) -> None:
    settings.requests_per_second = 2
    source.describe_projects()
    source.describe_projects()
    refused("ThrottlingException", source.describe_projects)
    source.list_project_policies(ProjectArn=project)
    client(OTHER).describe_projects()
    clock.advance(0.5)
    source.describe_projects()
    refused("ThrottlingException", source.describe_projects)
    clock.advance(60)
    source.describe_projects()
    source.describe_projects()
    refused("ThrottlingException", source.describe_projects)


def test_without_a_rate_nothing_is_throttled(source: Any) -> None:
    for _ in range(20):
        source.describe_projects()


@pytest.mark.parametrize("cls", exceptions.CustomLabelsError.__subclasses__())
def test_every_error_reaches_the_caller_as_its_own_class(
    source: Any, monkeypatch: pytest.MonkeyPatch, cls: type[exceptions.CustomLabelsError]
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise exceptions.error(cls.__name__, "So it is.")

    monkeypatch.setattr(models.RekognitionBackend, "describe_projects", fail)
    assert refused(cls.__name__, source.describe_projects) == "So it is."
    if cls not in (exceptions.ExpiredTokenException, exceptions.ValidationException):  # which no model names
        with pytest.raises(getattr(source.exceptions, cls.__name__)):
            source.describe_projects()


def test_an_operation_waits_while_another_one_acts() -> None:
    seeded = backend(SOURCE)
    waiting = threading.Thread(target=seeded.create_project, args=["cats"])
    with backend_lock:
        waiting.start()
        waiting.join(0.05)
        assert not seeded.projects
    waiting.join()
    assert seeded.projects


def test_a_world_can_be_seeded_without_requests(clock: Clock) -> None:
    seeded = backend(SOURCE)
    created = datetime(2024, 2, 3, 4, 5, 6, 789000)
    project = seeded.create_project("cats", created=created)
    version = seeded.create_project_version(project.arn, "v1", BUCKET, created=created)
    version.forced_status, version.forced_message = "COPYING_FAILED", "No."
    policy_ = seeded.put_project_policy(project.arn, "grant", policy(version.arn))
    assert seeded.projects[project.arn].versions["v1"] is version
    assert seeded.projects[project.arn].policies["grant"] is policy_
    assert (project.arn, version.arn) == (f"{INSIDE}/1706933106789", f"{INSIDE}/version/v1/1706933106789")
    (told,) = client(SOURCE).describe_project_versions(ProjectArn=project.arn)["ProjectVersionDescriptions"]
    assert (told["Status"], told["StatusMessage"]) == ("COPYING_FAILED", "No.")


def test_a_forced_status_ends_with_the_next_action(source: Any, version: str) -> None:
    held = backend(SOURCE).version(version, START)
    held.forced_status = "STOPPED"
    source.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
    assert held.status(START) == "RUNNING"


def test_moto_s_reset_empties_every_backend(project: str) -> None:
    held = backend(SOURCE)
    moto_api_backend.reset()
    assert not held.projects
    assert not backend(SOURCE).projects


def test_moto_s_server_answers_too(project: str) -> None:
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret"}
    rekognition = boto3.client("rekognition", REGION, endpoint_url=f"http://{host}:{port}", **keys)
    made = rekognition.create_project(ProjectName="served")["ProjectArn"]
    refused("ResourceInUseException", rekognition.create_project, ProjectName="served")
    server.stop()
    assert made in rekognition_backends["123456789012"][REGION].projects


def test_the_settings_reset_in_place() -> None:
    settings.copies_quota, settings.copy_seconds = 1, None
    settings.reset()
    assert (settings.copies_quota, settings.copy_seconds) == (5, 3600)


def test_moto_s_own_operations_still_answer(source: Any) -> None:
    assert source.detect_text(Image={"Bytes": b"x"})["TextDetections"]


def test_installing_again_does_no_harm(source: Any, project: str) -> None:
    install()
    assert source.describe_projects()["ProjectDescriptions"]
