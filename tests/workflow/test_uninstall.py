"""What stays after the stacks are deleted is what docs/deploying.md says, and nothing else."""

import json

from sandbox import audits
from sandbox.deployment import (
    DESTINATION_ACCOUNT,
    PROMOTIONS_BUCKET,
    ROOT,
    SOURCE_ACCOUNT,
    STACK_ACCOUNT,
    STACK_NAME,
    client,
)
from tests.workflow.conftest import Deploy
from tests.workflow.story import REQUEST, STORY, policies, version

# How to list what stacks create: the service, its operation, and where its answer has the names.
LISTED = (
    ("cloudformation", "describe_stacks", "Stacks", "StackName"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("events", "list_rules", "Rules", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("kms", "list_keys", "Keys", "KeyId"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sqs", "list_queues", "QueueUrls", None),
    ("stepfunctions", "list_state_machines", "stateMachines", "name"),
)
# The sandbox has these, not the stacks.
OF_THE_SANDBOX = {("iam", "OrganizationAccountAccessRole"), ("s3", "sandbox"), ("s3", audits.BUCKET)}


def existing(account: str) -> set[tuple[str, str]]:
    """Return the service and the name of everything in an account that stacks can create."""
    found = set()
    for service, operation, field, name in LISTED:
        listed = getattr(client(service, account), operation)().get(field, ())
        found |= {(service, str(one[name] if name else one)) for one in listed}
    policies = client("iam", account).list_policies(Scope="Local")["Policies"]
    return (found | {("iam", policy["PolicyName"]) for policy in policies}) - OF_THE_SANDBOX


def rows_of_what_stays() -> str:
    page = (ROOT / "docs" / "deploying.md").read_text()
    return page.partition("| What stays |")[2]


def delete_stacks(account: str, *names: str) -> None:
    for name in names:
        client("cloudformation", account).delete_stack(StackName=name)


def create_bucket_of_a_stack(name: str) -> None:
    template = {"Resources": {"PromotionsBucket": {"Type": "AWS::S3::Bucket"}}}
    client("cloudformation", STACK_ACCOUNT).create_stack(StackName=name, TemplateBody=json.dumps(template))


def test_only_what_the_page_lists_stays(deploy: Deploy) -> None:
    with deploy() as aws:
        aws.seed(STORY)
        aws.seed("grant_left_behind")
        before = existing(STACK_ACCOUNT)
        (key,) = (name for service, name in before if service == "kms")
        assert aws.run(REQUEST).status == "SUCCEEDED"

        delete_stacks(SOURCE_ACCOUNT, f"{STACK_NAME}-source", f"{STACK_NAME}-destination")
        delete_stacks(DESTINATION_ACCOUNT, f"{STACK_NAME}-source", f"{STACK_NAME}-destination")
        delete_stacks(STACK_ACCOUNT, STACK_NAME)

        assert {service for service, _ in before} == {service for service, *_ in LISTED}
        assert existing(STACK_ACCOUNT) == {("kms", key), ("s3", PROMOTIONS_BUCKET)}
        assert existing(SOURCE_ACCOUNT) == existing(DESTINATION_ACCOUNT) == set()
        assert version().status(aws.now()) == "COPYING_COMPLETED"
        assert list(policies("grant_left_behind")) == [f"{STACK_NAME}-1"]
        create_bucket_of_a_stack("another-stack")
        assert any(name.startswith("another-stack-") for service, name in existing(STACK_ACCOUNT) if service == "s3")
    rows = rows_of_what_stays()
    for stays in (
        "The KMS key",
        "The bucket with the manifests",
        "Project policies with the grants",
        "The copied versions",
    ):
        assert f"| {stays}" in rows
