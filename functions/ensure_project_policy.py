"""Task *Ensure project policy*: let the role that copies copy this version, and nothing else.

Raises InvalidRequestError, SourceVersionNotFoundError, RequestRejectedError, PolicyDeniedError, PolicyQuotaError,
PolicyRejectedError, GrantLostError, PolicyFullError, TransientError, AccessDeniedError.
"""

from model_copy import accounts, grants
from model_copy.errors import GrantLostError
from model_copy.request import CopyRequest
from model_copy.runtime import Context, Event, task

MOST_ROUNDS = 20


@task
def lambda_handler(event: Event, context: Context) -> Event:
    request = CopyRequest.from_state(event)
    name = grants.policy_name(request)
    rounds = event.get("Policy", {}).get("Rounds", 0) + 1
    if rounds > MOST_ROUNDS:
        raise GrantLostError(policy=name, project=request.source_project, rounds=MOST_ROUNDS)
    client = accounts.source(request, "rekognition:ListProjectPolicies", "rekognition:PutProjectPolicy")
    return {"PolicyName": name, "Changed": grants.ensure(client, request), "Rounds": rounds}
