"""Task *Withdraw grant*: take this version out of the stack's own policy, whoever put it there.

Raises InvalidRequestError, SourceVersionNotFoundError, RequestRejectedError, PolicyRejectedError,
TransientError, AccessDeniedError.
"""

from model_copy import accounts, grants
from model_copy.request import CopyRequest
from model_copy.runtime import Context, Event, task

ACTIONS = ("rekognition:ListProjectPolicies", "rekognition:PutProjectPolicy", "rekognition:DeleteProjectPolicy")


@task
def lambda_handler(event: Event, context: Context) -> Event:
    request = CopyRequest.from_state(event)
    if not request.crosses_accounts:
        return {"PolicyName": None, "Withdrawn": False}
    client = accounts.source(request, *ACTIONS)
    return {"PolicyName": grants.policy_name(request), "Withdrawn": grants.withdraw(client, request)}
