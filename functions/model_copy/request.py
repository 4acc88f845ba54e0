"""The CopyProjectVersion request, which is the input of the workflow."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from model_copy.arns import Arn
from model_copy.errors import InvalidRequestError
from model_copy.text import numbered, printable

# Step Functions' own field: the console links the execution to the one that it names. It is not a field of the API.
STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
DRY_RUN = "DryRun"
NOT_OF_THE_API = (STARTED_BY, DRY_RUN)

_HOST_LABEL = re.compile(r"(?!-)(?!\d+$)[a-z\d-]{1,63}(?<!-)", re.ASCII)


@dataclass(frozen=True, slots=True)
class RequestArns:
    """The three ARNs of a request; None for one that is malformed or of another resource."""

    source_project: Arn | None
    source_version: Arn | None
    destination_project: Arn | None

    @classmethod
    def parse(cls, fields: Mapping[str, Any]) -> Self:
        """Parse the ARNs, whether or not the rest of the request is valid."""
        return cls(
            source_project=Arn.parse_project(fields.get("SourceProjectArn")),
            source_version=Arn.parse_version(fields.get("SourceProjectVersionArn")),
            destination_project=Arn.parse_project(fields.get("DestinationProjectArn")),
        )

    def contradictions(self) -> Iterator[str]:
        """Describe where the ARNs contradict each other."""
        source, version, destination = self.source_project, self.source_version, self.destination_project
        if source and version:
            for part in ("partition", "region", "account", "project"):
                other, own = getattr(version, part), getattr(source, part)
                if other != own:
                    rule = "SourceProjectVersionArn must be a version of the source project"
                    yield f"{rule}; the version's {part} is {printable(other)}, not {printable(own)}"
        if source and destination:
            for part in ("partition", "region"):
                other, own = getattr(destination, part), getattr(source, part)
                if other != own:
                    rule = f"DestinationProjectArn must have the {part} of the source, {printable(own)}"
                    yield f"{rule}; got {printable(other)}"
            if source == destination:
                yield "DestinationProjectArn must differ from SourceProjectArn"


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """A request that passed Validate request; ``fields`` are those of the API.

    Source: https://docs.aws.amazon.com/rekognition/latest/APIReference/API_CopyProjectVersion.html
    """

    source_project: Arn
    source_version: Arn
    destination_project: Arn
    version_name: str
    output_config: Mapping[str, str]
    kms_key_id: str | None
    fields: Mapping[str, Any]
    execution_name: str

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read the request from the state data.

        Raises InvalidRequestError if it did not pass Validate request.
        """
        given = state["Request"]
        fields = given if isinstance(given, dict) else {}
        return cls.from_fields(fields, RequestArns.parse(fields), execution_name(state))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any], arns: RequestArns, execution_name: str) -> Self:
        """Make a request from its fields and its parsed ARNs.

        Raises InvalidRequestError if what every task needs is missing or contradictory.
        """
        source, version, destination = arns.source_project, arns.source_version, arns.destination_project
        name, output = fields.get("VersionName"), fields.get("OutputConfig")
        is_named = isinstance(name, str) and bool(name) and isinstance(output, dict)
        # The Region becomes a part of the host name that is called.
        has_region = source is not None and _HOST_LABEL.fullmatch(source.region)
        if not (source and version and destination and is_named and has_region) or any(arns.contradictions()):
            raise InvalidRequestError(
                errors=numbered(["ValidateRequestFunction refuses this request; invoke that function to see why"])
            )
        return cls(
            source_project=source,
            source_version=version,
            destination_project=destination,
            version_name=str(name),
            output_config=fields["OutputConfig"],
            kms_key_id=fields.get("KmsKeyId"),
            fields={name: value for name, value in fields.items() if name not in NOT_OF_THE_API},
            execution_name=execution_name,
        )

    @property
    def crosses_accounts(self) -> bool:
        """Return whether source and destination are in different accounts."""
        return self.source_project.account != self.destination_project.account


def execution_name(state: Mapping[str, Any]) -> str:
    """Return the name of the execution, or ``local`` for a function that is invoked by hand."""
    execution = state.get("Execution")
    name = execution.get("Name") if isinstance(execution, dict) else None
    return name if isinstance(name, str) and name else "local"
