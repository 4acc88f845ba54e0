"""Task *Count failures*: find out whether so many copies of the promotion have failed that no further one may start.

Raises InvalidRequestError, TransientError, AccessDeniedError.
"""

from model_copy import runtime
from model_copy.aws import clients, s3
from model_copy.promotion import Place, check_state
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    check_state(state)
    place, most = Place.of(state, runtime.setting("PROMOTIONS_BUCKET")), state["Promotion"]["StopAfterFailures"]
    count = len(s3.keys(clients.own("s3"), place.bucket, place.failures, most))
    return {"Count": count, "Stop": count >= most}
