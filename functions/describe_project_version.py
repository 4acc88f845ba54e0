"""Task *Describe project version*: see how far the copy is.

Raises InvalidRequestError, DestinationProjectNotFoundError, RequestRejectedError, VersionConflictError,
VersionGoneError, CopyDeadlineError, TransientError, AccessDeniedError.
"""

from model_copy import accounts, copying, runtime
from model_copy.polling import Progress, seconds_at_it
from model_copy.request import CopyRequest
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(event: Event, context: Context) -> Event:
    request = CopyRequest.from_state(event)
    runtime.measure("CopyAge", seconds_at_it(event, runtime.now()))
    before = Progress.from_state(event, runtime.now())
    client = accounts.destination(request, "rekognition:DescribeProjectVersions")
    runtime.measure("Polls")
    progress = copying.look(client, request, before)
    return progress.as_answer(runtime.now(), runtime.chance())
