"""The errors of these operations in Rekognition's service model, with their HTTP status codes."""

from moto.core.exceptions import JsonRESTError


class CustomLabelsError(JsonRESTError):
    """An error whose code is the name of its class."""

    code = 400

    def __init__(self, message: str):
        super().__init__(type(self).__name__, message)
        self.content_type = "application/x-amz-json-1.1"


class AccessDeniedException(CustomLabelsError):
    """The caller does not have permission."""


class ExpiredTokenException(CustomLabelsError):
    """The caller's session has expired."""


class InternalServerError(CustomLabelsError):
    """The service has a problem."""

    code = 500


class InvalidPaginationTokenException(CustomLabelsError):
    """The token does not belong to this list."""


class InvalidParameterException(CustomLabelsError):
    """The request violates the service model, or its parameters contradict each other."""


class InvalidPolicyRevisionIdException(CustomLabelsError):
    """The revision is not the current one."""


class LimitExceededException(CustomLabelsError):
    """A limit of the service is reached."""


class MalformedPolicyDocumentException(CustomLabelsError):
    """The document is not a valid project policy."""


class ProvisionedThroughputExceededException(CustomLabelsError):
    """The account's throughput is used up."""


class ResourceAlreadyExistsException(CustomLabelsError):
    """The policy already exists."""


class ResourceInUseException(CustomLabelsError):
    """The resource is in use, or its status does not allow this."""


class ResourceNotFoundException(CustomLabelsError):
    """The resource does not exist."""


class ServiceQuotaExceededException(CustomLabelsError):
    """A quota of the resource is reached."""


class ThrottlingException(CustomLabelsError):
    """Too many requests."""

    code = 500


class ValidationException(CustomLabelsError):
    """The request violates the service model, which does not list this error."""


def error(code: str, message: str) -> CustomLabelsError:
    """Return the error with this code. Raises KeyError if there is none."""
    return {cls.__name__: cls for cls in CustomLabelsError.__subclasses__()}[code](message)
