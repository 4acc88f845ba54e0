"""Task *Ensure project policy*: let the role that copies copy this version, and nothing else.

Raises InvalidRequestError, SourceVersionNotFoundError, RequestRejectedError, PolicyDeniedError, PolicyQuotaError,
PolicyRejectedError, GrantLostError, PolicyFullError, TransientError, AccessDeniedError.
"""

from model_copy import accounts, grants, runtime
from model_copy.polling import seconds_at_it
from model_copy.request import CopyRequest, answered
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(event: Event, context: Context) -> Event:
    request = CopyRequest.from_state(event)
    runtime.measure("CopyAge", seconds_at_it(event, runtime.now()))
    rounds = answered(event, "Policy", Rounds=int).get("Rounds", 0) + 1
    client = accounts.source(request, "rekognition:ListProjectPolicies", "rekognition:PutProjectPolicy")
    changed = grants.ensure_again(client, request, rounds)
    return {"PolicyName": grants.policy_name(request), "Changed": changed, "Rounds": rounds}
