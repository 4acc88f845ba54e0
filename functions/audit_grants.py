"""Function *Audit grants*: report the grants in all project policies, and those that a person should look at.

Raises InvalidRequestError, AuditNotReportedError, TransientError.
"""

from model_copy import audit, audit_output, audit_request, runtime
from model_copy.audit import TO_JUDGE, TO_REPORT, Audit, Reader
from model_copy.audit_needs import Executions
from model_copy.aws import clients
from model_copy.runtime import Context, Event, function


@function
def lambda_handler(event: Event, context: Context) -> Event:
    began = runtime.now()
    ends, scope = began + runtime.time_left(context), clients.scope()
    places = audit_request.places(event, scope, runtime.setting("STACK_ACCOUNT"), runtime.setting("AWS_REGION"))
    found, machine = Audit(began), runtime.setting("COPY_MODEL_STATE_MACHINE_ARN")
    Reader(found, clients.audited, ends - TO_JUDGE - TO_REPORT, scope.accounts).read_all(places)
    audit.judge(found, clients.audited, Executions(clients.own("stepfunctions"), machine, began, ends - TO_REPORT))
    return audit_output.report(found, clients.own, runtime.setting("AUDIT_BUCKET"), runtime.setting("RUNBOOK_URL"))
