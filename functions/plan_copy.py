"""Task *Plan copy*: report what a copy would do, and change nothing.

Raises TransientError, AccessDeniedError.
"""

from functools import partial

from model_copy import plans, runtime, validation
from model_copy.aws import clients
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    read_request = partial(validation.validate, state, clients.request_shape(), clients.scope())
    minimum = float(runtime.setting("MINIMUM_F1_SCORE"))
    plan = plans.plan(read_request, clients.source, clients.destination, minimum)
    return {"Plan": plan, "Approval": state.get("Approval")}
