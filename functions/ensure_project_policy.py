"""Task *Ensure project policy*: allow the copying role to copy this version, and nothing else.

Raises InvalidRequestError, SourceVersionNotFoundError, RequestRejectedError, PolicyDeniedError, PolicyQuotaError,
PolicyRejectedError, GrantLostError, PolicyFullError, TransientError, AccessDeniedError.
"""

from model_copy import grants, runtime
from model_copy.aws import clients
from model_copy.progress import copy_age
from model_copy.request import CopyRequest
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    request = CopyRequest.from_state(state)
    runtime.measure("CopyAge", copy_age(state, runtime.now()))
    rounds = state.get("Policy", {}).get("Rounds", 0) + 1
    client = clients.source(request, "rekognition:ListProjectPolicies", "rekognition:PutProjectPolicy")
    ensured = grants.ensure_again(client, request, rounds)
    return {"PolicyName": ensured.policy_name, "Changed": ensured.changed, "Rounds": rounds}
