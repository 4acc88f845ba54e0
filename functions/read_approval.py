"""Task *Read approval*: turn an event into the request that it approves, or say why it approves none.

Raises InvalidApprovalError, ModelPackageNotFoundError, SourceVersionNotFoundError, RequestRejectedError,
TransientError, AccessDeniedError.
"""

from functools import partial

from model_copy import approval_events, approval_requests, runtime
from model_copy.aws import clients
from model_copy.request import execution_name
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    rules = approval_events.ApprovalRules(
        own_event=(runtime.setting("OWN_EVENT_SOURCE"), runtime.setting("OWN_EVENT_DETAIL_TYPE")),
        tag=(runtime.setting("APPROVAL_TAG_KEY"), runtime.setting("APPROVAL_TAG_VALUE")),
        scope=clients.scope(),
        stack_account=runtime.setting("STACK_ACCOUNT"),
    )
    client_for = partial(clients.approved, execution_name(state))
    approval = approval_requests.complete(
        approval_events.read(state["Request"], rules), client_for, promotes=state.get("Promotes", False)
    )
    return {"Request": approval.request, "Execution": state.get("Execution"), "Approval": approval.as_result()}
