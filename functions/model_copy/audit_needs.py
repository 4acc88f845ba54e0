"""Which grants of the stack are needed: those of running executions, and of executions that ended a moment ago."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from model_copy import grants, runtime
from model_copy.aws import stepfunctions
from model_copy.endings import is_event
from model_copy.errors import InvalidRequestError, TransientError
from model_copy.execution import ListedExecution
from model_copy.policies import Grant
from model_copy.request import CopyRequest
from model_copy.statements import Roles

# Longer than three attempts to announce, of ten minutes each, and the pauses between them. Until then the function that
# announces may be about to withdraw the grant.
GRACE = timedelta(hours=1)
# An execution that started longer ago has timed out, even after a redrive, or is listed as running.
LONGEST = timedelta(days=30)
PAUSES = (1, 2, 4)


_Result = TypeVar("_Result")


class OutOfTimeError(Exception):
    """The invocation has no time left to find out whether a grant is needed."""


def patiently(call: Callable[[], _Result], until: datetime) -> _Result:
    """Return the result of a call, which is tried again for a while if its failure may pass.

    Raises what the last try raises.
    """
    for pause in PAUSES:
        try:
            return call()
        except TransientError:
            if runtime.now() > until:
                raise
        runtime.sleep(pause * runtime.chance())
    return call()


def grant_needed_by(request: Mapping[str, Any]) -> Grant | None:
    """Return the grant that the copy of a request needs; None if the request is not valid."""
    try:
        return grants.grant_for(CopyRequest.from_state({"Request": request}))
    except InvalidRequestError:
        return None


@dataclass(slots=True)
class Executions:
    """The executions of copies, as AWS reports them; each is read once.

    Parameters
    ----------
    began: when the audit began. An execution that ended since, or up to GRACE before, still counts as running.
    until: when to give up.
    """

    client: Any
    machine_arn: str
    began: datetime
    until: datetime
    _needs: dict[str, Grant | None] = field(default_factory=dict)

    def unneeded(self, candidates: Collection[Grant], since: datetime) -> set[Grant]:
        """Return the grants that no execution needs: neither a running one, nor one that started ``since``.

        The second list has executions of every status, so that no change of status can hide one.

        Raises OutOfTimeError, TransientError, AccessDeniedError, RequestRejectedError.
        """
        left = self._without_needed(candidates, self._list(stepfunctions.list_running))
        if left:
            started = self._list(lambda client, machine: stepfunctions.list_started_since(client, machine, since))
            recent = [one for one in started if one.ended is None or one.ended >= self.began - GRACE]
            left = self._without_needed(left, recent)
        return left

    def _list(self, read: Callable[[Any, str], list[ListedExecution]]) -> list[ListedExecution]:
        return patiently(lambda: read(self.client, self.machine_arn), self.until)

    def _without_needed(self, candidates: Iterable[Grant], executions: Iterable[ListedExecution]) -> set[Grant]:
        left = set(candidates)
        for execution in executions:
            if not left:
                break
            needed = self._needed_by(execution.arn)
            left = {grant for grant in left if not (needed and _is_same(grant, needed))}
        return left

    def _needed_by(self, arn: str) -> Grant | None:
        if arn not in self._needs:
            if runtime.now() > self.until:
                raise OutOfTimeError
            request = patiently(lambda: stepfunctions.read_request(self.client, arn), self.until)
            if is_event(request):  # it has made no request yet, so it is read again if it is listed again
                return None
            self._needs[arn] = grant_needed_by(request)
        return self._needs[arn]


def _is_same(grant: Grant, needed: Grant) -> bool:
    """Compare a grant in a policy with one that is needed; AWS lists a deleted role just as its unique id."""
    is_deleted = Roles.is_deleted(grant.principal)
    return grant.version_arn == needed.version_arn and (is_deleted or grant.principal == needed.principal)
