"""What the document of a project policy may contain."""

import json
from typing import Any

import pytest
from mypy_boto3_rekognition import RekognitionClient

from sandbox.aws.iam.roles import role_id
from sandbox.aws.rekognition import settings
from tests.sandbox.rekognition.helpers import (
    DESTINATION,
    INSIDE,
    REGION,
    ROLE,
    SESSION,
    SOURCE,
    delete_role,
    make_role,
    policy,
    refused,
)

STATEMENT = json.loads(policy(f"arn:aws:rekognition:{REGION}:{SOURCE}:project/cats/version/v1/1"))["Statement"][0]


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
def test_a_valid_document_is_accepted(source: RekognitionClient, project: str, document: str) -> None:
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
def test_an_invalid_document_is_refused_with_a_reason(
    source: RekognitionClient, project: str, document: str, reason: str
) -> None:
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": document}
    assert reason in refused("MalformedPolicyDocumentException", source.put_project_policy, **put)


def test_settings_decide_whether_sid_and_condition_are_accepted(source: RekognitionClient, project: str) -> None:
    settings.accepts_sid, settings.accepts_condition = False, True
    put = {"ProjectArn": project, "PolicyName": "p"}
    sid, condition = with_statement(Sid="one"), with_statement(Condition={"Bool": {"x": "true"}})
    refused("MalformedPolicyDocumentException", source.put_project_policy, **put, PolicyDocument=sid)
    source.put_project_policy(**put, PolicyDocument=condition)


def test_a_setting_decides_whether_an_effect_may_be_in_capitals(source: RekognitionClient, project: str) -> None:
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": with_statement(Effect="ALLOW")}
    source.put_project_policy(**put)
    settings.effect_ignores_case = False
    refused("MalformedPolicyDocumentException", source.put_project_policy, **put)


@pytest.mark.parametrize("action", ["rekognition:Copy*", ["rekognition:CopyProjectVersion", "rekognition:*"]])
def test_a_setting_decides_whether_other_actions_are_accepted(
    source: RekognitionClient, project: str, action: object
) -> None:
    put = {"ProjectArn": project, "PolicyName": "p"}
    document = with_statement(Action=action)
    revision = source.put_project_policy(**put, PolicyDocument=document)["PolicyRevisionId"]
    settings.accepts_other_actions = False
    refused("MalformedPolicyDocumentException", source.put_project_policy, **put, PolicyDocument=document)
    one = with_statement(Action=["rekognition:CopyProjectVersion"])
    source.put_project_policy(**put, PolicyDocument=one, PolicyRevisionId=revision)


def listed(source: RekognitionClient, project: str) -> str:
    """Return the document of the one policy."""
    [one] = source.list_project_policies(ProjectArn=project)["ProjectPolicies"]
    return one["PolicyDocument"]


@pytest.mark.parametrize("principal", [ROLE, [DESTINATION, ROLE], "AROAEXAMPLEEXAMPLE123"])
def test_a_setting_decides_whether_a_role_must_exist(source: RekognitionClient, project: str, principal: Any) -> None:
    put = {"ProjectArn": project, "PolicyName": "p", "PolicyDocument": with_statement(Principal={"AWS": principal})}
    settings.roles_must_exist = True

    message = refused("MalformedPolicyDocumentException", source.put_project_policy, **put)

    assert message == f"Invalid principal: {principal[1] if isinstance(principal, list) else principal}."


@pytest.mark.parametrize("principal", [ROLE, "*", DESTINATION, f"arn:aws:iam::{DESTINATION}:root", SESSION])
def test_a_role_that_exists_and_what_is_not_a_role_are_accepted(
    source: RekognitionClient, project: str, principal: str
) -> None:
    settings.roles_must_exist = True
    make_role(ROLE)

    document = with_statement(Principal={"AWS": principal})
    source.put_project_policy(ProjectArn=project, PolicyName="p", PolicyDocument=document)

    assert listed(source, project) == document


@pytest.mark.parametrize("is_made_anew", [False, True])
def test_a_role_that_was_deleted_is_listed_as_its_unique_id_for_ever(
    source: RekognitionClient, project: str, is_made_anew: bool
) -> None:
    settings.roles_must_exist = True
    make_role(ROLE)
    unique_id = role_id(ROLE)
    document = with_statement(Principal={"AWS": [DESTINATION, ROLE]})
    source.put_project_policy(ProjectArn=project, PolicyName="p", PolicyDocument=document)

    delete_role(ROLE)
    if is_made_anew:
        make_role(ROLE)

    assert unique_id is not None
    assert unique_id.startswith("AROA")
    assert listed(source, project) == document.replace(ROLE, unique_id)


def test_without_the_setting_a_deleted_role_keeps_its_name(source: RekognitionClient, project: str) -> None:
    make_role(ROLE)
    document = with_statement(Principal={"AWS": ROLE})
    source.put_project_policy(ProjectArn=project, PolicyName="p", PolicyDocument=document)
    delete_role(ROLE)

    assert listed(source, project) == document
