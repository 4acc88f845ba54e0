"""Task *Validate request*: check the whole request before anything is changed.

Raises InvalidRequestError, SourceVersionNotFoundError, SourceNotCopyableError, QualityGateError,
DestinationProjectNotFoundError, VersionConflictError, FailedBeforeError, RequestRejectedError, TransientError,
AccessDeniedError.
"""

from model_copy import checks, runtime, validation
from model_copy.aws import clients
from model_copy.copying import DESCRIBE
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    started = runtime.now()
    request = validation.validate(state, clients.request_shape(), clients.scope())
    source, destination = clients.source(request, DESCRIBE), clients.destination(request, DESCRIBE)
    minimum = float(runtime.setting("MINIMUM_F1_SCORE"))
    existing, version = checks.check_both(source, destination, request, minimum)
    return {
        "StartedAt": started.isoformat(timespec="seconds"),
        "CrossesAccounts": request.crosses_accounts,
        "NeedsGrant": request.crosses_accounts and existing is None,
        "F1Score": version and version.f1_score,
    }
