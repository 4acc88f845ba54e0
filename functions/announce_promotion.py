"""Function *Announce promotion*: announce how a promotion ended, with its table.

Raises InvalidStatusChangeError, NotAnnouncedError.
"""

from model_copy import notifications, outcomes, promotion_outcomes, promotion_table, runtime
from model_copy.aws import clients, stepfunctions
from model_copy.execution import EndedExecution
from model_copy.notifications import Announcement
from model_copy.runtime import Context, Event, function


@function
def lambda_handler(event: Event, context: Context) -> Event:
    execution = stepfunctions.complete(clients.own("stepfunctions"), EndedExecution.from_event(event))
    if promotion_outcomes.is_dry_run(execution):
        return {"ExecutionArn": execution.arn, "DryRun": True}
    announcement = _ignored(execution) if promotion_outcomes.is_ignored(execution) else _ended(execution)
    return notifications.announce(announcement, runtime.setting("MAILED_OUTCOMES").split(","), clients.own)


def _ignored(execution: EndedExecution) -> Announcement:
    """Announce an event that is not an approval as always, whichever state machine it has started."""
    return Announcement.of_copy(outcomes.of_execution(execution), runtime.setting("RUNBOOK_URL"))


def _ended(execution: EndedExecution) -> Announcement:
    table, where, unread = promotion_table.after_end(clients.own, execution, runtime.setting("PROMOTIONS_BUCKET"))
    outcome = promotion_outcomes.of_execution(execution, table, where, unread)
    return Announcement.of_promotion(outcome, runtime.setting("RUNBOOK_URL"), table)
