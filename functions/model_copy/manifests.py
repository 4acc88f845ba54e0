"""The destinations of a promotion: in its request, or in a manifest, which is an object in S3."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Self

from model_copy.aws import s3
from model_copy.errors import ManifestError
from model_copy.text import excerpt, printable, to_json
from model_copy.validation import suggest

FOLDER = "manifests/"
MOST = 1_000
LONGEST_KEY = 1_024
_FIELDS = {"S3Bucket": True, "S3Key": True, "S3VersionId": False}


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where the destinations are; ``origin`` is the field or parameter that says so."""

    bucket: str
    key: str
    version: str | None
    origin: str

    @classmethod
    def from_request(cls, given: Mapping[str, str]) -> Self:
        """Read a DestinationsFrom without errors."""
        return cls(given["S3Bucket"], given["S3Key"], given.get("S3VersionId"), "DestinationsFrom")

    @classmethod
    def from_parameter(cls, given: str) -> Self:
        """Read the stack's parameter DestinationsManifest: bucket, slash, key."""
        bucket, _, key = given.partition("/")
        return cls(bucket, key, None, "the stack's parameter DestinationsManifest")


def destinations(
    client: Any, given: Mapping[str, Any], is_approval: bool, bucket: str, parameter: str
) -> tuple[list[Any], list[str]]:
    """Return the destinations of a request, and the errors of the list.

    Raises ManifestError, TransientError, AccessDeniedError.

    Parameters
    ----------
    bucket: the stack's bucket, which has a folder for manifests.
    parameter: the stack's parameter DestinationsManifest, which names the manifest of approvals; it may be empty.
    """
    if is_approval and parameter:
        found = read(client, Manifest.from_parameter(parameter))
    elif "Destinations" in given:
        found = given["Destinations"]
    elif "DestinationsFrom" in given:
        if errors := list(_place_errors(given["DestinationsFrom"], bucket, parameter)):
            return [], errors
        found = read(client, Manifest.from_request(given["DestinationsFrom"]))
    else:
        return [], ["Destinations or DestinationsFrom is required"]
    if isinstance(found, list) and 1 <= len(found) <= MOST:
        return found, []
    errors = [f"Destinations must be a list of 1 to {MOST:,} objects; got {excerpt(found)}"]
    return (found[:MOST] if isinstance(found, list) else []), errors


def _place_errors(given: object, bucket: str, parameter: str) -> Iterator[str]:
    """Describe the errors of DestinationsFrom; only the stack's own folder and its parameter may be read."""
    if not isinstance(given, dict):
        yield f"DestinationsFrom must be an object; got {excerpt(given)}"
        return
    wrong = False
    for name, is_required in _FIELDS.items():
        value = given.get(name)
        if name not in given and is_required:
            wrong = True
            yield f"DestinationsFrom.{name} is required"
        elif name in given and not (isinstance(value, str) and 0 < len(value) <= LONGEST_KEY):
            wrong = True
            yield f"DestinationsFrom.{name} must be a string of 1 to {LONGEST_KEY} characters; got {excerpt(value)}"
    for name in list(given.keys() - _FIELDS.keys())[:20]:
        yield f"DestinationsFrom.{printable(name)} is not a field of DestinationsFrom{suggest(name, _FIELDS)}"
    if not wrong and not _may_be_read(f"{given['S3Bucket']}/{given['S3Key']}", bucket, parameter):
        also = f" or s3://{parameter}" if parameter else ""
        place = excerpt(f"s3://{given['S3Bucket']}/{given['S3Key']}", 200)
        yield f"DestinationsFrom must be in s3://{bucket}/{FOLDER}{also}; got {place}"


def _may_be_read(place: str, bucket: str, parameter: str) -> bool:
    return place.startswith(f"{bucket}/{FOLDER}") or (bool(parameter) and place == parameter)


def read(client: Any, manifest: Manifest) -> object:
    """Return the value of ``Destinations`` in the manifest, whatever it is.

    Raises ManifestError, TransientError, AccessDeniedError.
    """
    try:
        content = json.loads(s3.get(client, manifest.bucket, manifest.key, manifest.version))
    except s3.ObjectMissingError as error:
        _refuse(manifest, f"S3 returns: {error}")
    except s3.ObjectTooLargeError:
        _refuse(manifest, f"it is larger than {s3.LARGEST // 1_024**2} MiB")
    except (ValueError, RecursionError) as error:
        _refuse(manifest, f"it is not JSON ({printable(str(error), 100)})")
    if not isinstance(content, dict) or "Destinations" not in content:
        _refuse(manifest, f"it must be an object with the field Destinations; got {excerpt(content)}")
    if others := sorted(content.keys() - {"Destinations"}):
        _refuse(manifest, f"it has fields other than Destinations: {', '.join(map(excerpt, others[:5]))}")
    if to_json(content) is None:
        _refuse(manifest, "it is not valid JSON; it has a lone surrogate or NaN")
    return content["Destinations"]


def _refuse(manifest: Manifest, reason: str) -> NoReturn:
    version = f" (version {printable(manifest.version)})" if manifest.version else ""
    raise ManifestError(
        bucket=manifest.bucket, key=printable(manifest.key, 200), version=version, reason=reason, origin=manifest.origin
    )
