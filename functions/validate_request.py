"""Task *Validate request*: check the request, all of it, before anything is changed.

Raises InvalidRequestError, SourceVersionNotFoundError, SourceNotCopyableError, DestinationProjectNotFoundError,
VersionConflictError, FailedBeforeError, RequestRejectedError, TransientError, AccessDeniedError.
"""

from model_copy import accounts, copying, runtime
from model_copy.request import validate
from model_copy.runtime import Context, Event, task

DESCRIBE = "rekognition:DescribeProjectVersions"


@task
def lambda_handler(event: Event, context: Context) -> Event:
    started = runtime.now()
    request = validate(event, accounts.request_shape(), accounts.partition(), accounts.regions(), accounts.allowed())
    held = copying.check_both(accounts.source(request, DESCRIBE), accounts.destination(request, DESCRIBE), request)
    return {
        "StartedAt": started.isoformat(timespec="seconds"),
        "CrossesAccounts": request.crosses_accounts,
        "NeedsGrant": request.crosses_accounts and held is None,
    }
