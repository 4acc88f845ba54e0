"""Task *Withdraw grant*: remove the grant of this copy from the stack's policies, whichever execution added it.

Raises InvalidRequestError, SourceVersionNotFoundError, RequestRejectedError, PolicyRejectedError,
TransientError, AccessDeniedError.
"""

from model_copy import grants
from model_copy.aws import clients
from model_copy.request import CopyRequest
from model_copy.runtime import Context, Event, task

ACTIONS = ("rekognition:ListProjectPolicies", "rekognition:PutProjectPolicy", "rekognition:DeleteProjectPolicy")


@task
def lambda_handler(state: Event, context: Context) -> Event:
    request = CopyRequest.from_state(state)
    if not request.crosses_accounts:
        return {"PolicyName": None, "Withdrawn": False}
    policy_name, withdrawn = grants.withdraw(clients.source(request, *ACTIONS), request)
    return {"PolicyName": policy_name, "Withdrawn": withdrawn}
