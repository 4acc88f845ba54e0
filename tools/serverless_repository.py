"""What the AWS Serverless Application Repository requires of an application.

Sources: its developer guide, *Quotas*, *Application capabilities*, *List of supported AWS resources* and *Using AWS
SAM with the AWS Serverless Application Repository*; the SAM guide, *Metadata section properties*; CreateApplication.
"""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

METADATA = "AWS::ServerlessRepo::Application"
# The repository puts this before the name that a user chooses for the stack.
STACK_PREFIX = "serverlessrepo-"
REQUIRED = ("Name", "Description", "Author")
# Not required for an application that is shared with accounts or an organization only.
REQUIRED_IN_PUBLIC = ("SpdxLicenseId", "LicenseUrl", "SemanticVersion", "SourceCodeUrl")
TEXTS = {
    "Name": re.compile(r"[a-zA-Z0-9-]{1,140}"),
    "Description": re.compile(r".{1,256}"),
    "Author": re.compile(r"(?=.{1,127}$)[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?"),
    "SemanticVersion": re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?"),
    "HomePageUrl": re.compile(r"https://\S+"),
    "SourceCodeUrl": re.compile(r"https://\S+"),
}
FILES = ("LicenseUrl", "ReadmeUrl")
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)", re.M)
LABEL = re.compile(r"[a-zA-Z0-9+\-_:/@]{1,127}")
MOST_LABELS = 10
LARGEST_FILE = 5 * 1024**2
# The sum of what sam package uploads for one version; the repository names this limit in its error.
LARGEST_ARTIFACTS = 104_857_600
# CloudFormation reads a template of this size from S3.
LARGEST_TEMPLATE = 1024**2

# The supported types of the services that this application uses.
SUPPORTED = {
    "CloudWatch": "Alarm AnomalyDetector Dashboard InsightRule",
    "Events": "EventBusPolicy Rule",
    "IAM": "Group InstanceProfile ManagedPolicy Policy Role",
    "KMS": "Alias Key",
    "Lambda": "Alias EventInvokeConfig EventSourceMapping Function LayerVersion Permission Version",
    "Logs": "Destination LogGroup LogStream MetricFilter SubscriptionFilter",
    "S3": "Bucket BucketPolicy",
    "SNS": "Subscription Topic TopicPolicy",
    "SQS": "Queue QueuePolicy",
    "Serverless": "Api Application Function HttpApi LayerVersion SimpleTable StateMachine",
    "StepFunctions": "Activity StateMachine",
}
IAM_TYPES = {
    "AWS::IAM::Group",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
}
IAM_NAMES = {"GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName"}
POLICY_TYPES = {
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Events::EventBusPolicy",
    "AWS::IAM::Policy",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
}
# An application that grants these on all resources, or that attaches this managed policy, is not published.
TOO_BROAD = ("iam:AttachRolePolicy", "iam:PutRolePolicy", "iam:PassRole")
TOO_BROAD_POLICY = "AWSLambda_FullAccess"


def capabilities(template: dict[str, Any]) -> list[str]:
    """Return what a user has to acknowledge, for a template that SAM has expanded."""
    resources = template["Resources"].values()
    of_iam = [one for one in resources if one["Type"] in IAM_TYPES]
    found = set()
    if of_iam:
        has_names = any(IAM_NAMES & set(one["Properties"]) for one in of_iam)
        found.add("CAPABILITY_NAMED_IAM" if has_names else "CAPABILITY_IAM")
    if any(one["Type"] in POLICY_TYPES for one in resources):
        found.add("CAPABILITY_RESOURCE_POLICY")
    if any(one["Type"] == "AWS::Serverless::Application" for one in resources):
        found.add("CAPABILITY_AUTO_EXPAND")
    return sorted(found)


def problems(template: dict[str, Any], folder: Path) -> list[str]:
    """Return a sentence for each reason why the repository would not take the application.

    Parameters
    ----------
    template: the template as written, or as SAM expands it.
    folder: where the paths of its metadata begin.
    """
    metadata = template.get("Metadata", {}).get(METADATA)
    if not metadata:
        return [f"The template has no Metadata {METADATA}."]
    return [
        *(f"{name} is missing." for name in REQUIRED if not metadata.get(name)),
        *_unfit_texts(metadata),
        *_unfit_labels(metadata.get("Labels", [])),
        *(sentence for name in FILES if name in metadata for sentence in _unfit_file(name, folder / metadata[name])),
        *_unfit_resources(template),
    ]


def _unfit_texts(metadata: dict[str, Any]) -> Iterator[str]:
    for name, pattern in TEXTS.items():
        if name in metadata and not pattern.fullmatch(metadata[name]):
            yield f"{name} does not match {pattern.pattern}: {metadata[name]!r}"
    for name in sorted(metadata.keys() - TEXTS.keys() - {"Labels", "SpdxLicenseId", *FILES}):
        yield f"{name} is not a property of {METADATA}."


def _unfit_labels(labels: list[str]) -> Iterator[str]:
    if len(labels) > MOST_LABELS:
        yield f"There are {len(labels)} Labels; {MOST_LABELS} are allowed."
    for label in labels:
        if not LABEL.fullmatch(label):
            yield f"The label {label!r} does not match {LABEL.pattern}"


def _unfit_file(name: str, file: Path) -> Iterator[str]:
    if not file.is_file():
        yield f"{name} names {file}, which does not exist."
        return
    if file.stat().st_size > LARGEST_FILE:
        yield f"{name} names a file of more than {LARGEST_FILE} bytes."
    if name == "ReadmeUrl":
        links = [inline or named for inline, named in LINK.findall(file.read_text())]
        yield from (
            f"{name}: the link {link} leads nowhere on the application's page."
            for link in links
            if "://" not in link and not link.startswith("#")
        )


def _unfit_resources(template: dict[str, Any]) -> Iterator[str]:
    known = {f"AWS::{service}::{kind}" for service, kinds in SUPPORTED.items() for kind in kinds.split()}
    for name, resource in template["Resources"].items():
        if resource["Type"] not in known:
            yield f"{name} is of the type {resource['Type']}, which is not known to be supported."
        if TOO_BROAD_POLICY in json.dumps(resource):
            yield f"{name} has the policy {TOO_BROAD_POLICY}."
        for statement in _statements(resource.get("Properties")):
            if broad := _too_broad(statement):
                yield f"{name} allows {', '.join(broad)} on all resources."


def _too_broad(statement: dict[str, Any]) -> list[str]:
    actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    if statement["Effect"] != "Allow" or statement["Resource"] not in ("*", ["*"]):
        return []
    return [one for one in TOO_BROAD if any(fnmatchcase(one.lower(), action.lower()) for action in actions)]


def _statements(part: Any) -> Iterator[dict[str, Any]]:
    """Yield each statement with an Action and a Resource, however deep."""
    if isinstance(part, dict):
        if {"Action", "Effect", "Resource"} <= part.keys():
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from _statements(one)
