"""The CopyProjectVersion request, which is the input of the workflow."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from botocore.model import Shape

from model_copy import places, rules
from model_copy.arns import Arn
from model_copy.errors import InvalidRequestError

# What the states add to the request; all else is the request.
STATE_KEYS = {"Execution", "Validation", "Policy", "Copy", "GrantMissing", "Refusal", "Withdrawal", "Approval"}

ADDED_BEFORE = {"Execution", "Approval"}  # what they have added by the time that it is validated


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """A request whose ARNs have been read.

    Source: https://docs.aws.amazon.com/rekognition/latest/APIReference/API_CopyProjectVersion.html
    """

    source_project: Arn
    source_version: Arn
    destination_project: Arn
    version_name: str
    output_config: Mapping[str, str]
    kms_key_id: str | None
    members: Mapping[str, Any]
    execution_name: str

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read the request out of the state data.

        Raises InvalidRequestError when a member that every step needs is missing or has not its form.
        """
        source_project = Arn.of_project(state.get("SourceProjectArn"))
        source_version = Arn.of_version(state.get("SourceProjectVersionArn"))
        destination_project = Arn.of_project(state.get("DestinationProjectArn"))
        name, output = state.get("VersionName"), state.get("OutputConfig")
        has_name = isinstance(name, str) and name
        if not (source_project and source_version and destination_project and has_name and isinstance(output, dict)):
            raise InvalidRequestError.of(["It has not passed Validate request; run that function on it first"])
        return cls(
            source_project=source_project,
            source_version=source_version,
            destination_project=destination_project,
            version_name=str(name),
            output_config=output,
            kms_key_id=state.get("KmsKeyId"),
            members={name: value for name, value in state.items() if name not in STATE_KEYS},
            execution_name=execution_name(state),
        )

    @property
    def crosses_accounts(self) -> bool:
        """Tell whether source and destination are in different accounts."""
        return self.source_project.account != self.destination_project.account


def execution_name(state: Mapping[str, Any]) -> str:
    """Give the name of the execution, where one is running."""
    execution = state.get("Execution")
    return str(execution.get("Name") or "local") if isinstance(execution, dict) else "local"


def validate(
    state: Mapping[str, Any], shape: Shape, partition: str, regions: Collection[str], accounts: Collection[str]
) -> CopyRequest:
    """Give the request, or raise InvalidRequestError, which names all that is wrong with it.

    Parameters
    ----------
    shape: the model of the request.
    partition: that of the stack.
    regions: where Rekognition is in it.
    accounts: those that may take part; where none is named, all may.
    """
    members = {name: value for name, value in state.items() if name not in ADDED_BEFORE}
    found = [
        *rules.mistakes(members, shape),
        *_contradictions(state),
        *_unknown_place(state, partition, regions),
        *_foreign_accounts(state, accounts),
    ]
    if found:
        raise InvalidRequestError.of(found)
    return CopyRequest.from_state(state)


def _unknown_place(state: Mapping[str, Any], partition: str, regions: Collection[str]) -> Iterator[str]:
    """Say that the source is where the stack cannot reach; the other ARNs are held against it."""
    source = Arn.of_project(state.get("SourceProjectArn"))
    if source:
        yield from places.unknown("SourceProjectArn", source, partition, regions)


def _foreign_accounts(state: Mapping[str, Any], accounts: Collection[str]) -> Iterator[str]:
    """Say which project is in an account that may not take part."""
    for name in ("SourceProjectArn", "DestinationProjectArn"):
        project = Arn.of_project(state.get(name))
        if project:
            yield from places.foreign(name, project.account, accounts)


def _contradictions(state: Mapping[str, Any]) -> Iterator[str]:
    """Say where the ARNs contradict each other, as far as they can be read."""
    source = Arn.of_project(state.get("SourceProjectArn"))
    version = Arn.of_version(state.get("SourceProjectVersionArn"))
    destination = Arn.of_project(state.get("DestinationProjectArn"))
    if source and version:
        for part in ("partition", "region", "account", "project"):
            theirs, ours = getattr(version, part), getattr(source, part)
            if theirs != ours:
                yield f"SourceProjectVersionArn must be of the source project: its {part} is {theirs}, not {ours}"
    if source and destination:
        for part in ("partition", "region"):
            theirs, ours = getattr(destination, part), getattr(source, part)
            if theirs != ours:
                yield f"DestinationProjectArn must have the {part} of the source, {ours}, and has {theirs}"
        if source == destination:
            yield "DestinationProjectArn must name another project than SourceProjectArn"
