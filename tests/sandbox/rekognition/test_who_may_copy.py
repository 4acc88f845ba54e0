"""Project policies decide who may copy a version."""

import pytest
from mypy_boto3_rekognition import RekognitionClient

from sandbox.aws.clock import VirtualClock
from sandbox.aws.rekognition import rekognition_backends, settings
from sandbox.aws.rekognition.identity import Caller
from sandbox.aws.rekognition.policy import allows
from tests.sandbox.rekognition.helpers import (
    BOTO,
    BUCKET,
    DESTINATION,
    INSIDE,
    OTHER,
    REGION,
    ROLE,
    SESSION,
    START,
    V1,
    Copy,
    Request,
    backend,
    client,
    delete_role,
    make_role,
    policy,
    refused,
)

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
def test_a_copy_needs_an_allow_and_no_deny(documents: list[str], expected: bool) -> None:
    assert allows(documents, COPIER, V1) is expected


def test_a_setting_decides_whether_conditions_are_met() -> None:
    settings.conditions_are_met = True
    condition = {"Bool": {"x": "true"}}
    assert allows([policy(V1, Condition=condition)], COPIER, V1)
    assert not allows([policy(V1), policy(V1, effect="Deny", Condition=condition)], COPIER, V1)


def test_without_a_policy_no_other_account_may_copy(
    source: RekognitionClient, project: str, copy: Copy, version: str
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
def test_the_access_key_identifies_the_role_of_the_caller(
    source: RekognitionClient, request_: Request, principal: str, copier_may: bool, other_role_may: bool
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


def test_without_a_caller_the_root_user_of_the_account_copies(request_: Request) -> None:
    root = f"arn:aws:iam::{DESTINATION}:root"
    backend().copy_project_version(
        source_project_arn=request_["SourceProjectArn"],
        source_project_version_arn=request_["SourceProjectVersionArn"],
        destination_project_arn=request_["DestinationProjectArn"],
        version_name="v1",
        output_config={"S3Bucket": "models"},
    )
    assert [one.caller.arn for one in backend().copies] == [root]


def test_the_access_key_identifies_a_user() -> None:
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
    assert [one.caller.arn for one in rekognition_backends["123456789012"][REGION].copies] == [user]


def own_request(source: RekognitionClient, request: Request) -> Request:
    """The same copy, but into another project of the source's own account."""
    own = source.create_project(ProjectName="cats-2")["ProjectArn"]
    return request | {"DestinationProjectArn": own}


def test_within_one_account_no_policy_is_needed(source: RekognitionClient, request_: Request) -> None:
    source.delete_project_policy(ProjectArn=request_["SourceProjectArn"], PolicyName="grant")
    source.copy_project_version(**own_request(source, request_))


def test_within_one_account_a_deny_still_counts(source: RekognitionClient, request_: Request) -> None:
    document = policy(request_["SourceProjectVersionArn"], "*", "Deny")
    source.put_project_policy(ProjectArn=request_["SourceProjectArn"], PolicyName="no", PolicyDocument=document)
    refused("AccessDeniedException", source.copy_project_version, **own_request(source, request_))


def test_a_policy_takes_effect_only_after_its_propagation(
    source: RekognitionClient, project: str, version: str, copy: Copy, clock: VirtualClock
) -> None:
    settings.propagation_seconds = 30
    source.delete_project_policy(ProjectArn=project, PolicyName="grant")
    copy(VersionName="still-allowed")
    clock.sleep(30)
    refused("AccessDeniedException", copy)
    source.put_project_policy(ProjectArn=project, PolicyName="grant", PolicyDocument=policy(version))
    clock.sleep(29)
    refused("AccessDeniedException", copy)
    clock.sleep(1)
    copy()


def test_a_grant_to_a_role_that_was_deleted_is_no_grant_to_one_of_the_same_name(
    source: RekognitionClient, project: str, version: str, copy: Copy
) -> None:
    settings.roles_must_exist = True
    make_role(ROLE)
    source.delete_project_policy(ProjectArn=project, PolicyName="grant")
    source.put_project_policy(ProjectArn=project, PolicyName="grant", PolicyDocument=policy(version, ROLE))
    copy(VersionName="before")

    delete_role(ROLE)
    make_role(ROLE)

    refused("AccessDeniedException", copy)
