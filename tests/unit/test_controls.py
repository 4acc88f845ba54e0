"""Security rules of the templates that no checker checks, or whose check is suppressed."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from sandbox.aws.iam.policies import as_list
from sandbox.deployment import ROOT, expanded_template

SECURITY = (ROOT / "docs" / "security.md").read_text()
TEMPLATE_FILES = (ROOT / "template.yaml", *sorted((ROOT / "accounts").glob("*.yaml")))
TEMPLATES = {
    "template.yaml": expanded_template(),
    **{path.name: yaml_parse(path.read_text()) for path in TEMPLATE_FILES[1:]},
}
RESOURCES = [
    pytest.param(resource, id=f"{template}:{name}")
    for template, content in TEMPLATES.items()
    for name, resource in content["Resources"].items()
]
# The resource types that cannot have tags in CloudFormation.
WITHOUT_TAGS = {
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
# Actions without resource-level permissions.
WITHOUT_RESOURCE_PERMISSIONS = re.compile(
    r"rekognition:DescribeProjects|xray:\w+|logs:(\w+LogDeliver\w+|\w+ResourcePolic\w+|DescribeLogGroups)|ec2:\w+"
)
OPERATION_KEY = {"Fn::If": ["MakesKey", {"Fn::GetAtt": ["OperationKey", "Arn"]}, {"Ref": "OperationKeyArn"}]}

# The functions that a rule invokes.
RULE_OF = {
    "AnnounceOutcomeFunction": "OutcomeRule",
    "AnnouncePromotionFunction": "PromotionOutcomeRule",
    "AuditGrantsFunction": "AuditRule",
}

Resource = dict[str, Any]


def of_type(kind: str) -> list[Any]:
    return [one for one in RESOURCES if one.values[0]["Type"] == kind]


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = TEMPLATES["template.yaml"]["Resources"][name]["Properties"]
    return found


def statements(role: Resource) -> Iterator[dict[str, Any]]:
    for policy in role["Properties"].get("Policies", ()):
        yield from policy["PolicyDocument"]["Statement"]


def denies_all_but_tls(policy: Resource) -> bool:
    return any(
        one["Effect"] == "Deny"
        and one["Principal"] == "*"
        and one["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for one in policy["Properties"]["PolicyDocument"]["Statement"]
    )


@pytest.mark.parametrize("name", ["CopyModelStateMachine", "PromoteModelStateMachine"])
def test_a_workflow_logs_everything_and_is_traced(name: str) -> None:
    machine = properties(name)
    (destination,) = machine["LoggingConfiguration"]["Destinations"]

    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is True
    assert destination["CloudWatchLogsLogGroup"]["LogGroupArn"] == {"Fn::GetAtt": ["StateMachineLogGroup", "Arn"]}
    assert machine["TracingConfiguration"] == {"Enabled": True}


@pytest.mark.parametrize("function", of_type("AWS::Lambda::Function"))
def test_each_function_is_traced_and_logs_to_the_group_with_retention(function: Resource) -> None:
    assert function["Properties"]["TracingConfig"] == {"Mode": "Active"}
    assert function["Properties"]["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": {"Ref": "FunctionLogGroup"}}


@pytest.mark.parametrize("group", of_type("AWS::Logs::LogGroup"))
def test_logs_are_kept_for_a_while_and_encrypted_with_the_operation_key(group: Resource) -> None:
    assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert group["Properties"]["KmsKeyId"] == OPERATION_KEY


@pytest.mark.parametrize("bucket", of_type("AWS::S3::Bucket"))
def test_a_bucket_is_private_encrypted_with_the_operation_key_versioned_and_requires_tls(bucket: Resource) -> None:
    (policy,) = (one.values[0] for one in of_type("AWS::S3::BucketPolicy"))
    (encryption,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]

    assert set(bucket["Properties"]["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["Properties"]["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": OPERATION_KEY}
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert policy["Properties"]["Bucket"] == {"Ref": "PromotionsBucket"}
    assert denies_all_but_tls(policy)


def test_promotions_expire_like_logs_and_manifests_do_not() -> None:
    old, _ = properties("PromotionsBucket")["LifecycleConfiguration"]["Rules"]

    assert (old["Prefix"], old["ExpirationInDays"]) == ("promotions/", {"Ref": "LogRetentionDays"})


@pytest.mark.parametrize("topic", of_type("AWS::SNS::Topic"))
def test_a_topic_is_encrypted_with_the_operation_key_and_requires_tls(topic: Resource) -> None:
    (policy,) = (one.values[0] for one in of_type("AWS::SNS::TopicPolicy"))
    assert topic["Properties"]["KmsMasterKeyId"] == OPERATION_KEY
    assert policy["Properties"]["Topics"] == [{"Ref": "NotificationTopic"}]
    assert denies_all_but_tls(policy)


@pytest.mark.parametrize(
    ("queue", "policy"), list(zip(of_type("AWS::SQS::Queue"), of_type("AWS::SQS::QueuePolicy"), strict=True))
)
def test_a_queue_is_encrypted_keeps_messages_14_days_and_accepts_only_this_accounts_rules_over_tls(
    queue: Any, policy: Any
) -> None:
    queue, policy = queue.values[0], policy.values[0]
    lets_in, _ = policy["Properties"]["PolicyDocument"]["Statement"]

    assert queue["Properties"]["SqsManagedSseEnabled"] is True
    assert queue["Properties"]["MessageRetentionPeriod"] == 14 * 24 * 3_600
    assert denies_all_but_tls(policy)
    assert lets_in["Principal"] == {"Service": "events.amazonaws.com"}
    assert lets_in["Action"] == "sqs:SendMessage"
    assert "${AWS::AccountId}:rule/*" in lets_in["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]


@pytest.mark.parametrize("rule", of_type("AWS::Events::Rule"))
def test_a_rule_has_a_role_and_a_dead_letter_queue(rule: Resource) -> None:
    (target,) = rule["Properties"]["Targets"]

    # For a function, AWS recommends a resource policy instead of a role.
    if target["Arn"].get("Fn::GetAtt", ("",))[0] not in RULE_OF:
        assert target["RoleArn"]["Fn::GetAtt"][0] in ("TriggerRole", "ForwardRole")
    assert target["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] in ("DeadLetterQueue", "ForwardDeadLetterQueue")
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}


def test_the_key_is_rotated_and_only_this_stacks_logs_and_this_accounts_alarms_may_use_it() -> None:
    key = properties("OperationKey")
    account, logs, alarms = key["KeyPolicy"]["Statement"]
    groups = json.dumps(logs["Condition"]["ArnLike"]["kms:EncryptionContext:aws:logs:arn"])

    assert key["EnableKeyRotation"] is True
    assert account["Principal"] == {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
    assert groups.count("${AWS::AccountId}:log-group:") == groups.count("${AWS::StackName}") == 2
    # AWS documents no condition key for the account or the alarm. The encryption context contains the topic.
    topics = "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${AWS::StackName}-*"
    assert alarms["Condition"] == {"ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": {"Fn::Sub": topics}}}
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert "TopicName" not in properties("NotificationTopic")


def test_the_key_is_retained_unless_its_creation_fails() -> None:
    key = TEMPLATES["template.yaml"]["Resources"]["OperationKey"]

    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize("resource", [one for one in RESOURCES if one.values[0]["Type"] not in WITHOUT_TAGS])
def test_each_resource_that_can_have_tags_has_the_application_tag(resource: Resource) -> None:
    tags = {tag["Key"]: tag["Value"] for tag in resource["Properties"]["Tags"]}
    assert tags["application"] == "rekognition-model-copy"


@pytest.mark.parametrize("function", of_type("AWS::Lambda::Function"))
def test_no_environment_variable_has_a_secret(function: Resource) -> None:
    template = TEMPLATES["template.yaml"]
    variables = function["Properties"]["Environment"]["Variables"]
    said = json.dumps(variables)
    parameters = {name: one for name, one in template["Parameters"].items() if f'"Ref": "{name}"' in said}

    assert "{{resolve:" not in said
    assert not [name for name, one in parameters.items() if one.get("NoEcho")]
    assert not [name for name in variables if re.search("SECRET|PASSWORD|TOKEN|CREDENTIAL|PRIVATE", name)]


@pytest.mark.parametrize("function", of_type("AWS::Lambda::Function"))
def test_each_function_calls_sts_in_its_region(function: Resource) -> None:
    assert function["Properties"]["Environment"]["Variables"]["AWS_STS_REGIONAL_ENDPOINTS"] == "regional"


@pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
def test_a_role_has_no_aws_managed_policy_and_no_unnecessary_wildcard(
    role: Resource,
) -> None:
    assert ":policy/" not in json.dumps(role["Properties"].get("ManagedPolicyArns", ""))
    check_statements(statements(role))


@pytest.mark.parametrize("policy", [*of_type("AWS::IAM::Policy"), *of_type("AWS::IAM::ManagedPolicy")])
def test_a_policy_has_no_unnecessary_wildcard(policy: Resource) -> None:
    check_statements(policy["Properties"]["PolicyDocument"]["Statement"])


def test_the_code_of_a_function_may_not_manage_network_interfaces() -> None:
    (statement,) = properties("NetworkPolicy")["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"Null": {"lambda:SourceFunctionArn": "true"}}


def check_statements(statements: Iterable[dict[str, Any]]) -> None:
    for one in statements:
        actions = as_list(one["Action"])
        assert not [action for action in actions if "*" in action]
        if "*" in as_list(one["Resource"]):
            assert not [action for action in actions if not WITHOUT_RESOURCE_PERMISSIONS.fullmatch(action)]


@pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
def test_a_role_trusts_lambda_one_service_of_this_account_or_named_roles_with_an_external_id(
    role: Resource,
) -> None:
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    if trust["Principal"] == {"Service": "lambda.amazonaws.com"}:
        # AWS does not document that Lambda sends aws:SourceAccount or aws:SourceArn; iam:PassRole protects the role.
        assert set(trust) == {"Effect", "Principal", "Action"}
    elif "Service" in trust["Principal"]:
        assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        assert "${AWS::AccountId}:" in trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]
    else:
        assert trust["Principal"] == {"AWS": {"Ref": "TrustedRoleArns"}}
        assert trust["Condition"]["StringEquals"]["sts:ExternalId"] == {"Ref": "ExternalId"}
        assert "TrustedRoleArns" in TEMPLATES["source.yaml"]["Parameters"]


@pytest.mark.parametrize("policy", [one for one in of_type("AWS::IAM::Policy") if one.id.endswith("OutputKeyPolicy")])
def test_the_key_of_copies_is_allowed_for_the_documented_actions_without_conditions(policy: Resource) -> None:
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]

    assert policy["Condition"] == "HasOutputKey"
    assert statement == {
        "Effect": "Allow",
        "Action": ["kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt", "kms:CreateGrant"],
        "Resource": {"Ref": "OutputKeyArn"},
    }


def test_the_audit_may_only_write_reports_and_only_use_the_key_through_s3() -> None:
    bucket, key = properties("AuditBucketPolicy"), properties("AuditKeyPolicy")
    through_s3 = {"StringEquals": {"kms:ViaService": {"Fn::Sub": "s3.${AWS::Region}.${AWS::URLSuffix}"}}}

    conditions = TEMPLATES["template.yaml"]["Conditions"]
    assert conditions["HasAuditKey"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AuditKeyArn"}, ""]}]}
    assert bucket["Roles"] == key["Roles"] == [{"Ref": "AuditGrantsFunctionRole"}]
    assert bucket["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "s3:PutObject",
            "Resource": {"Fn::Sub": "arn:${AWS::Partition}:s3:::${AuditBucket}/audits/*"},
        }
    ]
    assert key["PolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "kms:GenerateDataKey",
            "Resource": {"Ref": "AuditKeyArn"},
            "Condition": through_s3,
        }
    ]


def test_functions_may_only_send_events_of_the_stack() -> None:
    roles = [one.values[0] for one in of_type("AWS::IAM::Role") if "lambda.amazonaws.com" in json.dumps(one.values[0])]
    sending = [one for role in roles for one in statements(role) if "events:PutEvents" in one["Action"]]

    assert len(sending) == len(RULE_OF)
    for one in sending:
        assert one["Condition"] == {"StringEquals": {"events:source": "rekognition-model-copy"}}


def test_the_audit_only_reads_rekognition() -> None:
    allowed = json.dumps([one["Action"] for one in statements({"Properties": properties("AuditGrantsFunctionRole")})])

    assert set(re.findall(r"rekognition:(\w+)", allowed)) == {
        "DescribeProjects",
        "DescribeProjectVersions",
        "ListProjectPolicies",
    }


@pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
def test_no_role_may_use_a_key_except_through_sns_and_s3(role: Resource) -> None:
    for one in statements(role):
        via = json.dumps(one.get("Condition", {}).get("StringEquals", {}).get("kms:ViaService", ""))
        assert "kms:" not in json.dumps(one["Action"]) or re.search(r"(sns|s3)\.\$\{AWS::Region}", via)


@pytest.mark.parametrize("permission", of_type("AWS::Lambda::Permission"))
def test_only_its_own_rule_may_invoke_a_function_that_announces_or_audits(permission: Resource) -> None:
    function, _ = permission["Properties"]["FunctionName"]["Fn::GetAtt"]
    rule = RULE_OF[function]

    assert permission["Properties"] == {
        "FunctionName": {"Fn::GetAtt": [function, "Arn"]},
        "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com",
        "SourceArn": {"Fn::GetAtt": [rule, "Arn"]},
    }
    (target,) = properties(rule)["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
    assert permission.get("Condition") == TEMPLATES["template.yaml"]["Resources"][rule].get("Condition")


def test_the_schedule_of_audits_is_the_parameter_and_names_no_accounts_that_the_function_knows() -> None:
    rule = properties("AuditRule")
    (target,) = rule["Targets"]

    assert rule["ScheduleExpression"] == {"Ref": "AuditSchedule"}
    assert target["Input"]["Fn::If"][:2] == ["LimitsAccounts", "{}"]


def test_the_key_and_the_bucket_outlive_the_stack_and_their_replacement() -> None:
    resources = TEMPLATES["template.yaml"]["Resources"]
    policies = ("DeletionPolicy", "UpdateReplacePolicy")

    for name in ("OperationKey", "PromotionsBucket"):
        assert [resources[name][policy] for policy in policies] == ["RetainExceptOnCreate", "Retain"]


def test_the_document_names_each_role() -> None:
    roles = {one.id.rpartition(":")[2] for one in of_type("AWS::IAM::Role")}

    assert sorted(name for name in roles if f"| {name} |" not in SECURITY and f": {name} |" not in SECURITY) == []


def documented() -> dict[tuple[str, str], str]:
    """Return the reason for each check and resource in the table of suppressed checks in docs/security.md."""
    section = SECURITY.partition("\n## Suppressed checks\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([A-Z]+[\w]*\d) \| (.+?) \| (.+) \|$", section, re.M)
    return {(check, name): reason for check, names, reason in rows for name in names.split(", ")}


def test_the_suppressed_checks_are_those_in_the_document() -> None:
    settings = yaml.safe_load((ROOT / ".checkov.yaml").read_text())
    baseline = json.loads((ROOT / settings["baseline"]).read_text())
    by_resource = {
        (check, finding["resource"].rpartition(".")[2])
        for file in baseline["failed_checks"]
        for finding in file["findings"]
        for check in finding["check_ids"]
    }
    everywhere = yaml.safe_load((ROOT / ".cfnlintrc").read_text())

    assert not {"check", "skip-check", "skip-path", "soft-fail"} & set(settings)
    assert {one for one in documented() if one[0].startswith("CKV")} == by_resource
    assert set(everywhere) == {"ignore_checks"}
    assert {check for check, _ in documented() if not check.startswith("CKV")} == set(everywhere["ignore_checks"])
    assert all(reason.endswith(".") for reason in documented().values())


def test_a_check_is_suppressed_for_existing_resources_and_not_inside_a_template() -> None:
    names = {name for template in TEMPLATES.values() for name in template["Resources"]}

    assert {name for _, name in documented()} <= names
    for path in TEMPLATE_FILES:
        assert not re.search("checkov:|cfn-lint", path.read_text())


def test_a_queue_without_a_dead_letter_queue_is_a_dead_letter_queue() -> None:
    """The suppressed check ES6000 would check this."""
    for template in TEMPLATES.values():
        queues = {name for name, one in template["Resources"].items() if one["Type"] == "AWS::SQS::Queue"}
        text = json.dumps(template)
        targets = set(re.findall(r'"DeadLetterConfig": {"\w+": {"Fn::GetAtt": \["(\w+)", "Arn"\]}', text))

        assert {name for name in queues if "RedrivePolicy" not in template["Resources"][name]["Properties"]} <= targets


@pytest.mark.parametrize("subscription", of_type("AWS::SNS::Subscription"))
def test_a_subscription_without_a_dead_letter_queue_is_an_email(subscription: Resource) -> None:
    """The suppressed check ES7000 would check this."""
    assert subscription["Properties"]["Protocol"] == "email" or "RedrivePolicy" in subscription["Properties"]


@pytest.mark.parametrize("permission", of_type("AWS::Lambda::Permission"))
def test_a_function_that_is_invoked_asynchronously_has_a_dead_letter_queue(permission: Resource) -> None:
    """The suppressed check ES1007 would check this."""
    function, attribute = permission["Properties"]["FunctionName"]["Fn::GetAtt"]

    assert attribute == "Arn"
    assert properties(function).get("DeadLetterConfig") == {"TargetArn": {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}}


def test_the_policy_that_the_functions_share_allows_only_logs_and_traces() -> None:
    logs, traces = properties("LogsAndTracesPolicy")["PolicyDocument"]["Statement"]

    assert logs == {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": {"Fn::GetAtt": ["FunctionLogGroup", "Arn"]},
    }
    assert traces == {
        "Effect": "Allow",
        "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
        "Resource": "*",
    }


@pytest.mark.parametrize("template", TEMPLATES)
def test_no_template_has_a_null(template: str) -> None:
    """An event pattern with a null is therefore written as a string."""
    assert None not in values(TEMPLATES[template])


def values(part: Any) -> Iterator[Any]:
    """Yield all values in a part of a template."""
    yield part
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from values(one)


def test_a_statement_for_all_resources_has_a_comment_that_says_why() -> None:
    for path in TEMPLATE_FILES:
        before, *found = re.split(r"\n +- Effect: (?:Allow|Deny)\n", path.read_text())
        for statement in found:
            if 'Resource: "*"' in statement:
                assert before.rpartition("\n")[2].lstrip().startswith("#") or "Service: " in statement, statement
            before = statement
