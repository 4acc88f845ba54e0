"""Task *Validate request*: check the whole request before anything is changed.

Raises InvalidRequestError, SourceVersionNotFoundError, SourceNotCopyableError, DestinationProjectNotFoundError,
VersionConflictError, FailedBeforeError, RequestRejectedError, TransientError, AccessDeniedError.
"""

from model_copy import copying, runtime, validation
from model_copy.aws import clients
from model_copy.copying import DESCRIBE
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    started = runtime.now()
    request = validation.validate(state, clients.request_shape(), clients.scope())
    existing = copying.check_both(clients.source(request, DESCRIBE), clients.destination(request, DESCRIBE), request)
    return {
        "StartedAt": started.isoformat(timespec="seconds"),
        "CrossesAccounts": request.crosses_accounts,
        "NeedsGrant": request.crosses_accounts and existing is None,
    }
