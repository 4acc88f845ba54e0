"""The request that an approval approves."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from model_copy import runtime
from model_copy.approval_events import APPROVED, LONGEST_TEXT, PACKAGE, TAG, Approval
from model_copy.arns import Arn
from model_copy.aws import rekognition, sagemaker
from model_copy.errors import InvalidApprovalError, SourceVersionNotFoundError
from model_copy.text import excerpt, numbered, printable

# Returns a client of a service for the account of the ARN. The client is limited to one action.
ClientFor = Callable[[str, Arn, str], Any]

SOURCES = ("SourceProjectArn", "SourceProjectVersionArn")
# The other fields of a request: the parameter of the stack with the default, and the setting with its value.
DEFAULTS = {
    "DestinationProjectArn": ("DefaultDestinationProjectArn", "DEFAULT_DESTINATION_PROJECT_ARN"),
    "OutputS3Bucket": ("DefaultOutputBucket", "DEFAULT_OUTPUT_BUCKET"),
    "OutputS3KeyPrefix": ("DefaultOutputKeyPrefix", "DEFAULT_OUTPUT_KEY_PREFIX"),
    "KmsKeyId": ("DefaultKmsKeyId", "DEFAULT_KMS_KEY_ID"),
}
REQUIRED = ("DestinationProjectArn", "OutputS3Bucket")
# Where the stack has a DestinationsManifest, an approval may not name destinations of its own.
OF_THE_MANIFEST = ("DestinationProjectArn", "Destinations", "DestinationsFrom")
FIELDS = (*SOURCES, "VersionName", *DEFAULTS)
PARTS = range(1, 51)  # a model package has at most 50 properties


def complete(approval: Approval, client_for: ClientFor, promotes: bool = False) -> Approval:
    """Return the approval with its request, or with the reason why it is ignored.

    If the approval ``promotes``, the request names no destinations, because the stack's manifest does.

    Raises InvalidApprovalError, ModelPackageNotFoundError, SourceVersionNotFoundError, RequestRejectedError,
    TransientError, AccessDeniedError.
    """
    if approval.ignored:
        return approval
    if approval.subject is None:
        if errors := list(_of_the_manifest(approval.request) if promotes else ()):
            raise InvalidApprovalError(errors=numbered(errors))
        return approval
    read = {PACKAGE: _complete_package, TAG: _complete_tag}[approval.kind]
    return read(approval, approval.subject, client_for, promotes)


def _of_the_manifest(given: Mapping[str, Any]) -> Iterator[str]:
    """Report destinations that an approval names although the stack's manifest names them."""
    for name in OF_THE_MANIFEST:
        if name in given:
            yield f"{name} must be left out, because the stack's parameter DestinationsManifest names the destinations"


def _complete_package(approval: Approval, arn: Arn, client_for: ClientFor, promotes: bool) -> Approval:
    """Read the model package. Its current status decides, because the event may be late."""
    package = sagemaker.describe_package(client_for("sagemaker", arn, "sagemaker:DescribeModelPackage"), arn)
    if package.approval_status != APPROVED:
        status = package.approval_status or "without an approval status"
        return replace(approval, ignored=f"The model package is now {status}.")
    given = {name: value for name in FIELDS if (value := joined(package.properties, name))}
    gaps = [f"{name} is split into numbered parts, of which one is missing" for name in incomplete(package.properties)]
    by = printable(package.modified_by, LONGEST_TEXT) if package.modified_by else None
    return replace(approval, by=by, request=request(given, f"the CustomerMetadataProperties of {arn}", gaps, promotes))


def _complete_tag(approval: Approval, version: Arn, client_for: ClientFor, promotes: bool) -> Approval:
    client = client_for("rekognition", version, "rekognition:DescribeProjects")
    project = rekognition.find_project(client, version)
    if project is None:
        hint = f", because there is no project named {version.project} in account {version.account}"
        raise SourceVersionNotFoundError(version=version, hint=hint)
    given = {"SourceProjectArn": project.text, "SourceProjectVersionArn": version.text}
    return replace(approval, request=request(given, "the event", promotes=promotes))


def joined(properties: Mapping[str, str], name: str) -> str:
    """Return a property, or its joined numbered parts: a property has at most 256 characters, an ARN up to 2,048."""
    if name in properties:
        return properties[name]
    return "".join(properties.get(f"{name}{number}", "") for number in PARTS)


def incomplete(properties: Mapping[str, str]) -> list[str]:
    """Return the fields with a missing part, which would be joined to a wrong value."""
    found = {name: [number for number in PARTS if f"{name}{number}" in properties] for name in FIELDS}
    return [name for name, numbers in found.items() if numbers and numbers[-1] != len(numbers)]


def request(given: Mapping[str, str], origin: str, gaps: Iterable[str] = (), promotes: bool = False) -> dict[str, Any]:
    """Make the request from the given fields; the stack's defaults fill the others.

    A request that ``promotes`` has no destination, and the bucket is optional, since each destination may have its own.

    Raises InvalidApprovalError, which names all missing fields.
    """
    defaults = {name: value for name, (_, key) in DEFAULTS.items() if (value := runtime.setting(key))}
    version = Arn.parse_version(given.get("SourceProjectVersionArn"))
    fields = {"VersionName": version.version if version else "", **defaults, **given}
    if promotes:
        errors = [*gaps, *_of_the_manifest(given), *_missing_sources(fields, version, origin)]
        fields.pop("DestinationProjectArn", None)
    else:
        errors = [*gaps, *_missing_sources(fields, version, origin), *_missing(fields, origin)]
    if errors:
        raise InvalidApprovalError(errors=numbered(errors))
    output = {name: fields[f"Output{name}"] for name in ("S3Bucket", "S3KeyPrefix") if f"Output{name}" in fields}
    others = {name: fields[name] for name in FIELDS if name in fields and not name.startswith("Output")}
    return {**others, "OutputConfig": output} if "S3Bucket" in output else others


def _missing_sources(fields: Mapping[str, str], version: Arn | None, origin: str) -> Iterator[str]:
    for name in SOURCES:
        if name not in fields:
            yield f"{name} is required; it is not in {origin}"
    if "SourceProjectVersionArn" in fields and version is None:
        given = excerpt(fields["SourceProjectVersionArn"], LONGEST_TEXT)
        yield f"SourceProjectVersionArn must be the ARN of a model version; got {given}"


def _missing(fields: Mapping[str, str], origin: str) -> Iterator[str]:
    for name in REQUIRED:
        if name not in fields:
            parameter, _ = DEFAULTS[name]
            yield f"{name} is required; it is neither in {origin} nor in the stack's parameter {parameter}"
