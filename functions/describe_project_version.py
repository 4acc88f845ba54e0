"""Task *Describe project version*: check the progress of the copy.

Raises InvalidRequestError, DestinationProjectNotFoundError, RequestRejectedError, VersionConflictError,
VersionGoneError, CopyDeadlineError, TransientError, AccessDeniedError.
"""

from model_copy import copying, runtime
from model_copy.aws import clients
from model_copy.progress import Progress, copy_age
from model_copy.request import CopyRequest
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    request = CopyRequest.from_state(state)
    runtime.measure("CopyAge", copy_age(state, runtime.now()))
    before = Progress.from_state(state, runtime.now())
    client = clients.destination(request, copying.DESCRIBE)
    runtime.measure("Polls")
    return copying.poll(client, request, before).as_result(runtime.now(), runtime.chance())
