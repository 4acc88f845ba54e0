"""The errors that Rekognition's model names for these operations, with their HTTP codes."""

from moto.core.exceptions import JsonRESTError


class CustomLabelsError(JsonRESTError):
    """An error whose code is its class's name."""

    code = 400

    def __init__(self, message: str):
        super().__init__(type(self).__name__, message)
        self.content_type = "application/x-amz-json-1.1"


class AccessDeniedException(CustomLabelsError):
    """The caller may not do this."""


class ExpiredTokenException(CustomLabelsError):
    """The session of the caller is past its end."""


class InternalServerError(CustomLabelsError):
    """The service has an issue."""

    code = 500


class InvalidPaginationTokenException(CustomLabelsError):
    """The token is not one that this list gave out."""


class InvalidParameterException(CustomLabelsError):
    """The request breaks the model's constraints, or its members contradict each other."""


class InvalidPolicyRevisionIdException(CustomLabelsError):
    """The revision is not the policy's current one."""


class LimitExceededException(CustomLabelsError):
    """A service limit is reached."""


class MalformedPolicyDocumentException(CustomLabelsError):
    """The document is no project policy."""


class ProvisionedThroughputExceededException(CustomLabelsError):
    """The account's throughput is used up."""


class ResourceAlreadyExistsException(CustomLabelsError):
    """The policy exists."""


class ResourceInUseException(CustomLabelsError):
    """The resource is in use, or its state forbids this."""


class ResourceNotFoundException(CustomLabelsError):
    """There is no such resource."""


class ServiceQuotaExceededException(CustomLabelsError):
    """The resource has grown to its limit."""


class ThrottlingException(CustomLabelsError):
    """Too many requests."""

    code = 500


class ValidationException(CustomLabelsError):
    """The request breaks the model's constraints; the model does not name this error."""


def error(code: str, message: str) -> CustomLabelsError:
    """The error that is called `code`, for what a setting or a plan names; a KeyError if there is none."""
    return {cls.__name__: cls for cls in CustomLabelsError.__subclasses__()}[code](message)
