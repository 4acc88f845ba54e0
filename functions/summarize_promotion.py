"""Task *Summarize promotion*: write the promotion's table, and say how it ended.

Raises InvalidRequestError, TransientError, AccessDeniedError.
"""

import json
from functools import partial

from model_copy import promotion_rows, runtime
from model_copy.aws import clients, s3
from model_copy.manifests import MOST
from model_copy.promotion import Place, check_state
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    check_state(state)
    place, client = Place.of(state, runtime.setting("PROMOTIONS_BUCKET")), clients.own("s3")
    read, write = partial(s3.get, client, place.bucket), partial(s3.put, client, place.bucket)
    written = [json.loads(read(key)) for key in s3.keys(client, place.bucket, place.rows, MOST)]
    table = promotion_rows.complete(json.loads(read(place.key)), written)
    write(place.table("json"), json.dumps(table, indent=2))
    write(place.table("csv"), promotion_rows.as_csv(table), "text/csv")
    return promotion_rows.summary(table, f"s3://{place.bucket}/{place.table('csv')}")
