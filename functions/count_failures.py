"""Task *Count failures*: find out whether so many copies of the promotion have failed that no further one may start.

Raises InvalidRequestError, TransientError, AccessDeniedError.
"""

from model_copy.aws import clients, s3
from model_copy.promotion import Place
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    place, most = Place.from_state(state), state["Promotion"]["StopAfterFailures"]
    count = len(s3.keys(clients.own("s3"), place.bucket, place.failures, most))
    return {"Count": count, "Stop": count >= most}
