"""Function *Announce outcome*: tell programs and people how an execution has ended.

Raises InvalidStatusChangeError, NotAnnouncedError.
"""

from model_copy import announcing, executions, outcomes, runtime
from model_copy.endings import Ending
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(event: Event, context: Context) -> Event:
    ending = executions.read(Ending.of_event(event))
    outcome = outcomes.tell(ending)
    for name, value in outcomes.measures(outcome):
        runtime.measure(name, value)
    mailed = announcing.announce(outcome, runtime.setting("MAILED_OUTCOMES").split(","))
    return {**{name: outcome[name] for name in ("Outcome", "ExecutionArn", "Error", "Cause")}, "Mailed": mailed}
