"""Function *Announce outcome*: withdraw a grant that an execution left behind, and announce how the execution ended.

Raises InvalidStatusChangeError, NotAnnouncedError.
"""

from dataclasses import replace

from model_copy import notifications, outcomes, promotion, runtime, withdrawal
from model_copy.aws import clients, stepfunctions
from model_copy.execution import EndedExecution
from model_copy.notifications import Announcement
from model_copy.runtime import Context, Event, function


@function
def lambda_handler(event: Event, context: Context) -> Event:
    execution = stepfunctions.complete(clients.own("stepfunctions"), EndedExecution.from_event(event))
    if outcomes.is_dry_run(execution):
        return {"ExecutionArn": execution.arn, "DryRun": True}
    if outcomes.left_grant(execution):
        withdrawn = withdrawal.withdraw_after_end(clients.source, execution.state_data)
        execution = replace(execution, withdrawal=withdrawn)
    outcome = outcomes.of_execution(execution)
    # The one mail about a promotion has a row for each of its copies.
    is_row = promotion.started(outcome["Request"] or {}, runtime.setting("PROMOTE_MODEL_STATE_MACHINE_ARN"))
    mailed = () if is_row else runtime.setting("MAILED_OUTCOMES").split(",")
    announcement = Announcement.of_copy(outcome, runtime.setting("RUNBOOK_URL"))
    return notifications.announce(announcement, mailed, clients.own)
