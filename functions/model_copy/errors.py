"""The errors of the workflow: one leaf class is one route through the definition, which its docstring names.

- *Refused*: caught by the definition, which withdraws the grant and ends in a Fail state.
- *Retried*: named in a Retry of the definition; when the tries are used up the execution fails at its Task.
- *Fails at its Task*: neither retried nor caught; cure the cause and redrive the execution.
- *Not of the workflow*: raised by announce_outcome.py, which Lambda invokes again twice before it gives up.
"""

from collections.abc import Sequence
from typing import ClassVar, Self

from model_copy.text import cut, escaped, mistakes


class ModelCopyError(Exception):
    """Base of the errors that the workflow knows.  Never raised itself."""

    sentence: ClassVar[str]

    def __init__(self, **details: object) -> None:
        super().__init__(cut(escaped(self.sentence.format(**details))))

    @classmethod
    def together(cls, errors: Sequence["ModelCopyError"]) -> "ModelCopyError":
        """Give the first of the errors, saying the sentences of all."""
        first = errors[0]
        first.args = (cut(" ".join(str(error) for error in errors)),)
        return first


class RefusedError(ModelCopyError):
    """Base of the errors that no rerun can cure.  Never raised itself."""

    @classmethod
    def of(cls, found: Sequence[str]) -> Self:
        """Name the first 20 mistakes and the count of all, where the sentence is about mistakes."""
        return cls(mistakes=mistakes(found))


class InvalidRequestError(RefusedError):
    """The input breaks a rule of CopyProjectVersion.  Refused."""

    sentence = "The request has {mistakes} Correct the request and start it again."


class InvalidApprovalError(RefusedError):
    """The event is none that stands for a request.  Refused."""

    sentence = "The approval has {mistakes} Correct this and approve the model version again."


class ModelPackageNotFoundError(RefusedError):
    """The model package that was approved does not exist.  Refused."""

    sentence = (
        "SageMaker cannot describe the model package {package}: {message}. "
        "Create it, or correct the event, and approve it again."
    )


class SourceVersionNotFoundError(RefusedError):
    """The source version or its project does not exist.  Refused."""

    sentence = (
        "There is no model version {version}{hint}. "
        "Correct SourceProjectArn and SourceProjectVersionArn and start the request again."
    )

    @classmethod
    def without_project(cls, version: object, project: object) -> Self:
        """Say that the project is missing, too."""
        return cls(version=version, hint=f", because there is no project {project}")


class SourceNotCopyableError(RefusedError):
    """The source version exists and cannot be copied.  Refused."""

    sentence = "The model version {version} cannot be copied: {reason}. {advice}"


class DestinationProjectNotFoundError(RefusedError):
    """The destination project does not exist.  Refused."""

    sentence = (
        "There is no project {project}. "
        "Create it in account {account} or correct DestinationProjectArn, then start the request again."
    )


class VersionConflictError(RefusedError):
    """The name is held by something else than this copy.  Refused."""

    sentence = (
        "{project} already has a version named {name}: {holder}. "
        "Choose another VersionName, or delete that version, and start the request again."
    )


class FailedBeforeError(RefusedError):
    """An earlier copy of this version under this name has failed.  Refused."""

    sentence = (
        "An earlier copy{origin} to {project} under the name {name} failed: {message}. "
        "Delete {version} or choose another VersionName, then start the request again."
    )


class RequestRejectedError(RefusedError):
    """AWS does not accept the request.  Refused."""

    sentence = (
        "AWS did not accept {operation} on {resource} ({code}): {message}. "
        "Correct what it names and start the request again."
    )


class PolicyDeniedError(RefusedError):
    """A policy of the source project denies the copy explicitly.  Refused."""

    sentence = (
        "The project policy {policy} of {project} denies {principal} to copy {version}{condition}. "
        "Ask its owner to change that policy, then start the request again."
    )


class PolicyQuotaError(RefusedError):
    """The source project holds all the policies it may, none of them this stack's.  Refused."""

    sentence = (
        "{project} holds as many project policies as its quota allows ({policies}), so that no grant can be added. "
        "Delete a policy that is not needed any more or ask AWS for a higher quota, then start the request again."
    )


class PolicyRejectedError(RefusedError):
    """The grant cannot be written in the form that AWS accepts.  Refused."""

    sentence = (
        "The project policy {policy} of {project} cannot be written: {reason}. "
        "Correct or delete that policy, then start the request again."
    )


class GrantLostError(RefusedError):
    """The grant went missing again and again before the copy.  Refused."""

    sentence = (
        "The grant in project policy {policy} of {project} went missing {rounds} times before the copy was started. "
        "Find out what removes it (CloudTrail: DeleteProjectPolicy, PutProjectPolicy), then start the request again."
    )


class ModelQuotaError(RefusedError):
    """The destination project is full of models.  Refused."""

    sentence = (
        "{project} holds {count} model versions and Rekognition refuses another ({message}). "
        "Delete versions that are not needed any more or ask AWS for a higher quota, then start the request again."
    )


class CopyDeadlineError(RefusedError):
    """The copy has not finished in the time that the stack allows.  Refused."""

    sentence = (
        "The copy {version} is still in progress {hours} after it was first seen. "
        "Start the same request again to go on waiting: it adopts the copy."
    )


class VersionGoneError(RefusedError):
    """The copy was started and is not there any more.  Refused."""

    sentence = (
        "The copy {version} was not to be found {times} times in a row; somebody may have deleted it. "
        "Start the same request again to copy the model anew."
    )


class GrantMissingError(ModelCopyError):
    """Nothing allows the copy any more.  Caught: the grant is ensured again."""

    sentence = "No project policy of {project} allows {principal} to copy {version} any more."


class TransientError(ModelCopyError):
    """AWS may well give another answer soon.  Retried."""

    sentence = (
        "{what} did not succeed: {reason}. If this goes on, see the AWS Health Dashboard, then redrive the execution."
    )


class NoCopySlotError(ModelCopyError):
    """The destination account runs as many copies as it may.  Retried slowly."""

    sentence = (
        "Account {account} has no free copy slot in {region} ({message}). "
        "Wait until copies there have ended or ask AWS for a higher quota of concurrent copies, "
        "then redrive the execution."
    )


class PolicyFullError(ModelCopyError):
    """The stack's own policies have no room for one more grant now.  Retried slowly."""

    sentence = (
        "{project} has no room for the grant of {version} in project policy {policy}: {reason}. "
        "Wait until running copies have ended or remove grants that are not needed any more, "
        "then redrive the execution."
    )


class AccessDeniedError(ModelCopyError):
    """An identity of the stack lacks a permission.  Fails at its Task."""

    sentence = "{operation} on {resource} was denied: {message}. {advice} Then redrive the execution."


class InvalidStatusChangeError(ModelCopyError):
    """The event is none that Step Functions sends when an execution ends.  Not of the workflow."""

    sentence = (
        "The status change has {mistakes} "
        "Invoke the function with an event of Step Functions about an execution that has ended."
    )


class NotAnnouncedError(ModelCopyError):
    """The ending of an execution could not be told, or not to all.  Not of the workflow."""

    sentence = (
        "The ending of {execution} was not announced to all: {reasons}. "
        "Cure the cause, then send the event from the dead-letter queue again."
    )
