"""The request that an approval stands for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from model_copy import accounts, rekognition, runtime, sagemaker
from model_copy.approvals import APPROVED, LONGEST_TEXT, PACKAGE, TAG, Approval
from model_copy.arns import Arn
from model_copy.errors import InvalidApprovalError, SourceVersionNotFoundError
from model_copy.text import excerpt, printable

SOURCES = ("SourceProjectArn", "SourceProjectVersionArn")
# What else a request needs or may have, the stack's parameter for it, and the setting that holds that.
DEFAULTS = {
    "DestinationProjectArn": ("DefaultDestinationProjectArn", "DEFAULT_DESTINATION_PROJECT_ARN"),
    "OutputS3Bucket": ("DefaultOutputBucket", "DEFAULT_OUTPUT_BUCKET"),
    "OutputS3KeyPrefix": ("DefaultOutputKeyPrefix", "DEFAULT_OUTPUT_KEY_PREFIX"),
    "KmsKeyId": ("DefaultKmsKeyId", "DEFAULT_KMS_KEY_ID"),
}
REQUIRED = ("DestinationProjectArn", "OutputS3Bucket")
MEMBERS = (*SOURCES, "VersionName", *DEFAULTS)
PARTS = range(1, 51)  # a model package has as many properties


def complete(approval: Approval, execution_name: str) -> Approval:
    """Give the approval with its request, or with the reason for which it is to be ignored after all.

    Raises InvalidApprovalError, ModelPackageNotFoundError, SourceVersionNotFoundError, RequestRejectedError,
    TransientError, AccessDeniedError.
    """
    if approval.subject is None or approval.ignored:
        return approval
    read = {PACKAGE: _complete_package, TAG: _complete_tag}[approval.kind]
    return read(approval, approval.subject, execution_name)


def _complete_package(approval: Approval, arn: Arn, execution_name: str) -> Approval:
    """An event may be late, so that the package itself has the last word on whether it is approved."""
    client = accounts.approved("sagemaker", arn, execution_name, "sagemaker:DescribeModelPackage")
    package = sagemaker.describe_package(client, arn)
    if package.approval_status != APPROVED:
        status = package.approval_status or "without an approval status"
        return replace(approval, ignored=f"The model package is {status} by now.")
    given = {name: value for name in MEMBERS if (value := whole(package.properties, name))}
    gaps = [f"{name} is in numbered parts, and one before the last is missing" for name in gappy(package.properties)]
    by = printable(package.modified_by, LONGEST_TEXT) if package.modified_by else None
    return replace(approval, by=by, request=request(given, f"the CustomerMetadataProperties of {arn}", gaps))


def _complete_tag(approval: Approval, version: Arn, execution_name: str) -> Approval:
    client = accounts.approved("rekognition", version, execution_name, "rekognition:DescribeProjects")
    project = rekognition.find_project(client, version)
    if project is None:
        raise SourceVersionNotFoundError.without_project(
            version, f"named {version.project} in account {version.account}"
        )
    given = {"SourceProjectArn": project.text, "SourceProjectVersionArn": version.text}
    return replace(approval, request=request(given, "the event"))


def whole(properties: Mapping[str, str], name: str) -> str:
    """Read a property, or put it together of numbered ones: an ARN may be longer than the 256 characters of a value."""
    if name in properties:
        return properties[name]
    return "".join(properties.get(f"{name}{number}", "") for number in PARTS)


def gappy(properties: Mapping[str, str]) -> list[str]:
    """Name the members of which a part is missing: put together, they would be something else."""
    found = {name: [number for number in PARTS if f"{name}{number}" in properties] for name in MEMBERS}
    return [name for name, numbers in found.items() if numbers and numbers[-1] != len(numbers)]


def request(given: Mapping[str, str], origin: str, gaps: Iterable[str] = ()) -> dict[str, Any]:
    """Make the request of what is given and, for the rest, of the stack's defaults.

    Raises InvalidApprovalError, which names all that is missing.
    """
    defaults = {name: value for name, (_, key) in DEFAULTS.items() if (value := runtime.setting(key))}
    version = Arn.of_version(given.get("SourceProjectVersionArn"))
    members = {"VersionName": version.version if version else "", **defaults, **given}
    mistakes = [*gaps, *_missing(members, version, origin)]
    if mistakes:
        raise InvalidApprovalError.of(mistakes)
    output = {name: members[f"Output{name}"] for name in ("S3Bucket", "S3KeyPrefix") if f"Output{name}" in members}
    alike = {name: members[name] for name in MEMBERS if name in members and not name.startswith("Output")}
    return {**alike, "OutputConfig": output}


def _missing(members: Mapping[str, str], version: Arn | None, origin: str) -> Iterator[str]:
    for name in SOURCES:
        if name not in members:
            yield f"{name} is required, and is not in {origin}"
    if "SourceProjectVersionArn" in members and version is None:
        given = excerpt(members["SourceProjectVersionArn"], LONGEST_TEXT)
        yield f"SourceProjectVersionArn must be a model version's ARN, and is {given}"
    for name in REQUIRED:
        if name not in members:
            parameter, _ = DEFAULTS[name]
            yield f"{name} is required, and is neither in {origin} nor the stack's parameter {parameter}"
