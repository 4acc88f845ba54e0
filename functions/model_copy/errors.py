"""The errors of the workflow.  One class is one route through the definition; its docstring names the route.

- *Refused*: caught by the definition, which withdraws the grant and ends in a Fail state.
- *Retried*: named in a Retry of the definition; when the retries are used up, the execution fails at its task.
- *Fails at its task*: neither retried nor caught; fix the cause and redrive the execution.

execution.py and outcomes.py define the errors of the functions that announce, which are not part of the workflow.
"""

from typing import ClassVar

from model_copy.text import escape, shorten


class ModelCopyError(Exception):
    """Base of all errors.  Not raised itself.  The keyword details fill the placeholders of ``sentence``."""

    sentence: ClassVar[str]

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(shorten(escape(self.sentence.format(**details))))


class RefusedError(ModelCopyError):
    """Base of the errors that no rerun can fix.  Not raised itself."""


class InvalidRequestError(RefusedError):
    """The input breaks a rule of CopyProjectVersion.  Refused."""

    sentence = "The request has {errors} Correct the request and start it again."


class InvalidApprovalError(RefusedError):
    """The event does not approve a request that can be copied.  Refused."""

    sentence = "The approval has {errors} Correct the approval and approve the model version again."


class ManifestError(RefusedError):
    """The object with the destinations of a promotion is missing or is not a manifest.  Refused."""

    sentence = (
        "The manifest s3://{bucket}/{key}{version} cannot be used: {reason}. "
        "Put a JSON object with a list named Destinations there, or correct {origin}, then start the request again."
    )


class ModelPackageNotFoundError(RefusedError):
    """The approved model package does not exist.  Refused."""

    sentence = (
        "SageMaker cannot describe the model package {package}: {message}. "
        "Approve a model package that exists, or correct the event and send it again."
    )


class SourceVersionNotFoundError(RefusedError):
    """The source version or its project does not exist.  Refused."""

    sentence = (
        "There is no model version {version}{hint}. "
        "Correct SourceProjectArn and SourceProjectVersionArn, then start the request again."
    )


class SourceNotCopyableError(RefusedError):
    """The source version exists but cannot be copied.  Refused."""

    sentence = "The model version {version} cannot be copied: {reason}. {advice}"


class QualityGateError(RefusedError):
    """The source version's F1 score is too low or not reported.  Refused."""

    sentence = (
        "The model version {version} reports {score}, and this stack requires at least {minimum} (MinimumF1Score). "
        "Choose a version with a higher F1 score or ask for a lower MinimumF1Score, then start the request again."
    )


class DestinationProjectNotFoundError(RefusedError):
    """The destination project does not exist.  Refused."""

    sentence = (
        "There is no project {project}. "
        "Create the project in account {account} or correct DestinationProjectArn, then start the request again."
    )


class VersionConflictError(RefusedError):
    """Another version has the requested name.  Refused."""

    sentence = (
        "{project} already has a version named {name}: {existing}. "
        "Choose another VersionName or delete that project's version {name}, then start the request again."
    )


class FailedBeforeError(RefusedError):
    """An earlier copy of this version under this name failed.  Refused."""

    sentence = (
        "An earlier copy{origin} to {project} under the name {name} failed: {message}. "
        "Delete the failed version {version} or choose another VersionName, then start the request again."
    )


class RequestRejectedError(RefusedError):
    """AWS does not accept the request.  Refused."""

    sentence = (
        "AWS did not accept {operation} on {resource} ({code}): {message}. "
        "Correct what this message names and start the request again."
    )


class PolicyDeniedError(RefusedError):
    """A policy of the source project explicitly denies the copy.  Refused."""

    sentence = (
        "The project policy {policy} of {project} denies {principal} permission to copy {version}{condition}. "
        "Ask the policy's owner to change the policy, then start the request again."
    )


class PolicyQuotaError(RefusedError):
    """The source project has as many policies as its quota allows, none of them this stack's.  Refused."""

    sentence = (
        "{project} has as many project policies as its quota allows ({policies}), so no grant can be added. "
        "Delete a project policy that is no longer needed or ask AWS for a higher quota, then start the request again."
    )


class PolicyRejectedError(RefusedError):
    """The grant cannot be written in a form that AWS accepts.  Refused."""

    sentence = (
        "The project policy {policy} of {project} cannot be written for {role}: {reason}. "
        "Create that role if it does not exist, else correct the project policy {policy}, then start the request again."
    )


class GrantLostError(RefusedError):
    """The grant kept disappearing before the copy started.  Refused."""

    sentence = (
        "The grant in the project policies of {project} went missing {rounds} times before the copy was started. "
        "Find in CloudTrail what removes it (DeleteProjectPolicy or PutProjectPolicy), then start the request again."
    )


class ModelQuotaError(RefusedError):
    """The destination project is full of models.  Refused."""

    sentence = (
        "{project} has {count} model versions and Rekognition refuses another ({message}). "
        "Delete model versions that are no longer needed or ask AWS for a higher quota, then start the request again."
    )


class CopyDeadlineError(RefusedError):
    """The copy did not finish in the time that the stack allows.  Refused."""

    sentence = (
        "The copy {version} is still in progress {hours} after it was first seen. "
        "To wait longer, start the same request again: the new execution waits for the running copy."
    )


class VersionGoneError(RefusedError):
    """The copy was started and does not exist anymore.  Refused."""

    sentence = (
        "The copy {version} was not found {times} times in a row; somebody may have deleted it. "
        "Start the same request again to copy the model again."
    )


class GrantMissingError(ModelCopyError):
    """No project policy allows the copy anymore.  Caught: the grant is ensured again."""

    sentence = "No project policy of {project} allows {principal} to copy {version} anymore."


class TransientError(ModelCopyError):
    """A call failed for a reason that usually passes.  Retried."""

    sentence = "{what} failed: {reason}. If this continues, check the AWS Health Dashboard, then redrive the execution."


class NoCopySlotError(ModelCopyError):
    """The destination account runs as many copies as its quota allows.  Retried slowly."""

    sentence = (
        "Account {account} has no free copy slot in {region} ({message}). Wait until copies there have ended "
        "or ask AWS for a higher quota of concurrent copies, then redrive the execution."
    )


class PolicyFullError(ModelCopyError):
    """The stack's own policies have no room for another grant at the moment.  Retried slowly."""

    sentence = (
        "{project} has no room for the grant of {version}: {reason}. "
        "Wait until running copies have ended or remove grants that are no longer needed, then redrive the execution."
    )


class AccessDeniedError(ModelCopyError):
    """An identity of the stack lacks a permission.  Fails at its task."""

    sentence = "{operation} on {resource} was denied: {message}. {advice} Then redrive the execution."
