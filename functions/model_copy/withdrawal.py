"""The withdrawal of a grant: by the workflow, or after an execution has ended in a way that no state sees."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from model_copy import grants, runtime
from model_copy.aws.errors import UNTRANSLATED
from model_copy.errors import ModelCopyError, TransientError
from model_copy.request import CopyRequest

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

ACTIONS = ("rekognition:ListProjectPolicies", "rekognition:PutProjectPolicy", "rekognition:DeleteProjectPolicy")
PATIENCE, LONGEST_PAUSE = timedelta(minutes=4), 30

# Returns a client for the source account that is limited to the actions.
ClientFor = Callable[..., "RekognitionClient"]
# The key Withdrawal of the state data.
Withdrawal = dict[str, Any]


def withdraw(client_for: ClientFor, request: CopyRequest) -> Withdrawal:
    """Remove the grant of the request from the stack's policies, whichever execution added it.

    Raises SourceVersionNotFoundError, RequestRejectedError, PolicyRejectedError, TransientError, AccessDeniedError.
    """
    if not request.crosses_accounts:
        return {"PolicyName": None, "Withdrawn": False}
    policy_name, withdrawn = grants.withdraw(client_for(request, *ACTIONS), request)
    return {"PolicyName": policy_name, "Withdrawn": withdrawn}


def withdraw_after_end(client_for: ClientFor, state: Mapping[str, Any]) -> Withdrawal:
    """Withdraw the grant of an execution that has ended; return the error if the grant could not be withdrawn.

    No state is left to retry, and many executions may end at once, so what passes is tried again for some minutes.
    """
    patient_until, longest_pause = runtime.now() + PATIENCE, 1
    while True:
        try:
            return withdraw(client_for, CopyRequest.from_state(state))
        except (ModelCopyError, *UNTRANSLATED) as error:
            if not isinstance(error, TransientError) or runtime.now() > patient_until:
                return {"Error": type(error).__name__, "Cause": str(error)}
        longest_pause = min(2 * longest_pause, LONGEST_PAUSE)
        runtime.sleep(longest_pause * runtime.chance())
