"""The CopyProjectVersion request, which is the input of the workflow."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from botocore.model import Shape

from model_copy import places, rules
from model_copy.arns import Arn
from model_copy.errors import InvalidRequestError
from model_copy.text import printable

_HOST_LABEL = re.compile(r"(?!-)(?!\d+$)[a-z\d-]{1,63}(?<!-)", re.ASCII)
_COUNTS = range(1_000)

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
        # The Region becomes a part of the host that is asked.
        has_place = source_project and _HOST_LABEL.fullmatch(source_project.region) and not any(_contradictions(state))
        has_both = has_place and isinstance(name, str) and name
        if not (source_project and source_version and destination_project and has_both and isinstance(output, dict)):
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

    def check(self, shape: Shape) -> None:
        """Raise InvalidRequestError unless all that AWS would be sent is a member and keeps its rules."""
        found = list(rules.mistakes(self.members, shape))
        if found:
            raise InvalidRequestError.of(found)

    @property
    def crosses_accounts(self) -> bool:
        """Tell whether source and destination are in different accounts."""
        return self.source_project.account != self.destination_project.account


def execution_name(state: Mapping[str, Any]) -> str:
    """Give the name of the execution, where one is running."""
    execution = state.get("Execution")
    name = execution.get("Name") if isinstance(execution, dict) else None
    return name if isinstance(name, str) and name else "local"


def answered(state: Mapping[str, Any], step: str, **members: type) -> Mapping[str, Any]:
    """Read what an earlier step answered, which is nothing before its first answer.

    Raises InvalidRequestError when no step can have answered it.
    """
    answer = state.get(step, {})
    if isinstance(answer, dict) and all(
        isinstance(answer[name], kind) and (kind is not int or answer[name] in _COUNTS)
        for name, kind in members.items()
        if name in answer
    ):
        return answer
    raise no_answer(step)


def no_answer(step: str) -> InvalidRequestError:
    """Say that a part of the state data is not what a step answers."""
    return InvalidRequestError.of([f"{step} is nothing that an earlier step answers; leave it out"])


def validate(
    state: Mapping[str, Any], shape: Shape, partition: str, regions: Collection[str], accounts: Collection[str]
) -> CopyRequest:
    """Give the request, or raise InvalidRequestError, which names all that is wrong with it.

    Parameters
    ----------
    shape: the model of the request.
    partition: that of the stack.
    regions: those in which a source may be.
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
                told = f"its {part} is {printable(theirs)}, not {printable(ours)}"
                yield f"SourceProjectVersionArn must be of the source project: {told}"
    if source and destination:
        for part in ("partition", "region"):
            theirs, ours = getattr(destination, part), getattr(source, part)
            if theirs != ours:
                told = f"the {part} of the source, {printable(ours)}, and has {printable(theirs)}"
                yield f"DestinationProjectArn must have {told}"
        if source == destination:
            yield "DestinationProjectArn must name another project than SourceProjectArn"
