"""The table of a promotion, as objects in the stack's bucket."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from model_copy import promotion_rows
from model_copy.aws import s3
from model_copy.aws.errors import UNTRANSLATED, reason
from model_copy.errors import ModelCopyError
from model_copy.execution import EndedExecution
from model_copy.manifests import MOST
from model_copy.promotion import Place
from model_copy.promotion_rows import ENDED_EARLY, NOT_RECORDED, Row

_ERRORS = (ModelCopyError, s3.ObjectMissingError, s3.ObjectTooLargeError, *UNTRANSLATED)


def write(client: Any, place: Place, unwritten: tuple[str, str] = NOT_RECORDED) -> list[Row]:
    """Write the table from the rows that were written, and return it.

    Raises TransientError, AccessDeniedError, ObjectMissingError.

    Parameters
    ----------
    unwritten: the outcome and the cause of a copy without a row.
    """
    read, put = partial(s3.get, client, place.bucket), partial(s3.put, client, place.bucket)
    written = [json.loads(read(key)) for key in s3.keys(client, place.bucket, place.rows, MOST)]
    table = promotion_rows.complete(json.loads(read(place.key)), written, unwritten)
    put(place.table("json"), json.dumps(table, indent=2))
    put(place.table("csv"), promotion_rows.as_csv(table), "text/csv")
    return table


def after_end(
    client_for: Callable[[str], Any], execution: EndedExecution, bucket: str
) -> tuple[list[Row], str | None, str | None]:
    """Return the table of a promotion that has ended, its address, and why it could not be read.

    A promotion that ended before Summarize promotion has no table yet, so the table is written now.
    """
    data = execution.state_data
    if "Promotion" not in data:
        return [], None, None
    client, place = client_for("s3"), Place.of(data, bucket)
    try:
        if "Summary" in data:
            table: list[Row] = json.loads(s3.get(client, bucket, place.table("json")))
        else:
            table = write(client, place, ENDED_EARLY)
    except _ERRORS as error:
        return [], place.url, f"The table could not be read or written: {reason(error)}."
    return table, place.url, None
