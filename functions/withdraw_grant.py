"""Task *Withdraw grant*: remove the grant of this copy from the stack's policies, whichever execution added it.

Raises InvalidRequestError, SourceVersionNotFoundError, RequestRejectedError, PolicyRejectedError,
TransientError, AccessDeniedError.
"""

from model_copy import withdrawal
from model_copy.aws import clients
from model_copy.request import CopyRequest
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    return withdrawal.withdraw(clients.source, CopyRequest.from_state(state))
