"""Task *Summarize promotion*: write the promotion's table, and say how it ended.

Raises InvalidRequestError, TransientError, AccessDeniedError.
"""

from model_copy import promotion_rows, promotion_table, runtime
from model_copy.aws import clients
from model_copy.promotion import Place, check_state
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    check_state(state)
    place = Place.of(state, runtime.setting("PROMOTIONS_BUCKET"))
    return promotion_rows.summary(promotion_table.write(clients.own("s3"), place), place.url)
