"""Function *Announce outcome*: withdraw a grant that an execution left behind, and announce how the execution ended.

Raises InvalidStatusChangeError, NotAnnouncedError.
"""

from dataclasses import replace

from model_copy import notifications, outcomes, runtime, withdrawal
from model_copy.aws import clients, stepfunctions
from model_copy.execution import EndedExecution
from model_copy.runtime import Context, Event, function


@function
def lambda_handler(event: Event, context: Context) -> Event:
    execution = stepfunctions.complete(clients.own("stepfunctions"), EndedExecution.from_event(event))
    if outcomes.left_grant(execution):
        withdrawn = withdrawal.withdraw_after_end(clients.source, execution.state_data)
        execution = replace(execution, withdrawal=withdrawn)
    outcome = outcomes.of_execution(execution)
    for name, value in outcomes.metrics(outcome):
        runtime.measure(name, value)
    mailed = notifications.announce(outcome, runtime.setting("MAILED_OUTCOMES").split(","), clients.own)
    return {**{name: outcome[name] for name in ("Outcome", "ExecutionArn", "Error", "Cause")}, "Mailed": mailed}
