"""Task *Record copy*: write the row of one destination into the promotion's table.

Raises InvalidRequestError, TransientError, AccessDeniedError.
"""

import json

from model_copy import promotion_rows, runtime
from model_copy.aws import clients, s3
from model_copy.promotion import Place, check_state
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    check_state(state, "Index")
    place, row = Place.of(state, runtime.setting("PROMOTIONS_BUCKET")), promotion_rows.of_copy(state)
    client, content, mark = clients.own("s3"), json.dumps(row), place.failed(row["Index"])
    if row["Outcome"] in promotion_rows.FAILURES:
        s3.put(client, place.bucket, mark, content)
    elif row["Outcome"] in promotion_rows.SUCCESSES:
        s3.delete(client, place.bucket, mark)
    # Last, so that a row says how the copy ended only if its mark is right, too.
    s3.put(client, place.bucket, place.row(row["Index"]), content)
    return {"Outcome": row["Outcome"]}
