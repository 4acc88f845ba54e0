"""Task *Read approval*: make of an event the request that it approves, or say why it approves none.

Raises InvalidApprovalError, ModelPackageNotFoundError, SourceVersionNotFoundError, RequestRejectedError,
TransientError, AccessDeniedError.
"""

from model_copy import accounts, approvals, approved, runtime
from model_copy.request import execution_name
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(event: Event, context: Context) -> Event:
    terms = approvals.Terms(
        own_event=(runtime.setting("OWN_EVENT_SOURCE"), runtime.setting("OWN_EVENT_DETAIL_TYPE")),
        tag=(runtime.setting("APPROVAL_TAG_KEY"), runtime.setting("APPROVAL_TAG_VALUE")),
        partition=accounts.partition(),
        regions=accounts.regions(),
        accounts=accounts.allowed(),
        stack_account=runtime.setting("STACK_ACCOUNT"),
    )
    approval = approved.complete(approvals.read(event, terms), execution_name(event))
    request = {} if approval.ignored else approval.request
    return {**request, "Execution": event.get("Execution"), "Approval": approval.as_answer()}
