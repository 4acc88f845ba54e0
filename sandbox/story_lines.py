"""The story of a copy in a few lines: what each function did, where faults struck, and what absorbed them."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby, zip_longest
from operator import attrgetter
from typing import Any

from sandbox.aws.clock import EPOCH
from sandbox.records import Call
from sandbox.visits import Attempt, Visit

AGAIN = "called again"
Facts = Callable[[Any], str]


def tell(visits: Sequence[Visit], calls: Sequence[Call]) -> Iterator[str]:
    """Yield the lines; polls in which nothing happened are one line."""
    polls: list[Visit] = []
    waits: list[Visit] = []
    for visit in visits:
        if visit.kind == "Wait":
            waits.append(visit)
        elif visit.kind == "Task":
            is_poll = bool(waits) and waits[-1].after == visit.state
            if is_poll and [one.error for one in visit.attempts] == [None] and not _faults(visit, calls):
                polls.append(visit)
                continue
            yield from _polls(polls, waits)
            polls, waits = [], []
            yield from _task(visit, calls)
    yield from _polls(polls, waits)


def _polls(polls: Sequence[Visit], waits: Sequence[Visit]) -> Iterator[str]:
    if not polls:
        return
    seconds = [wait.took for wait in waits if wait.end]
    times = "once" if len(polls) == 1 else f"{len(polls)} times, {_words(min(seconds))} to {_words(max(seconds))} apart"
    yield _line(polls[0].start, polls[0].state, f"{times}; the last: {_facts(polls[-1])}")


def _task(visit: Visit, calls: Sequence[Call]) -> Iterator[str]:
    yield _line(visit.start, visit.state, _facts(visit))
    struck = _faults(visit, calls)
    yield from _struck(struck, lambda call: absorbed(call, visit, calls))
    failed = [one for one in visit.attempts if one.error and not any(_during(call, one) for call in struck)]
    for error, attempts in groupby(failed, key=attrgetter("error")):
        *before, last = attempts
        what = (
            f"{len(before) + 1} attempts ended with {error}; the last was"
            if before
            else f"an attempt ended with {error}:"
        )
        yield f"{'':11}! {what} {_after(visit, last)}"


def tell_others(visits: Sequence[Visit], calls: Sequence[Call]) -> Iterator[str]:
    """Yield a line for each fault that struck a function of no visit: those that announce."""
    told = {visit.function for visit in visits}
    others = [call for call in calls if call.function not in told]
    yield from _struck([call for call in others if call.fault], lambda call: _again(call, others))


def _struck(faults: Sequence[Call], outcome: Callable[[Call], str]) -> Iterator[str]:
    """Yield a line for each fault; faults in a row whose only result was the next one share a line."""
    times = 1
    for call, following in zip_longest(faults, faults[1:]):
        result = outcome(call)
        if (
            following
            and result.startswith(AGAIN)
            and (call.operation, call.fault) == (following.operation, following.fault)
        ):
            times += 1
            continue
        where = "" if call.operation == "Invoke" else f" at {call.operation}"
        yield f"{'':11}! injected {call.fault}{f' x{times}' if times > 1 else ''}{where}: {result}"
        times = 1


def absorbed(call: Call, visit: Visit, calls: Sequence[Call]) -> str:
    """Return what came of a fault: another call, another attempt, another state, or the end."""
    attempt = next((one for one in visit.attempts if _during(call, one)), visit.attempts[-1])
    if call.fault and call.answer is not None and not call.error:
        return "the call itself succeeded"
    later = [one for one in calls[calls.index(call) + 1 :] if _during(one, attempt) and one.function == call.function]
    if any(one.operation == call.operation != "Invoke" for one in later):
        return _again(call, [call, *later])
    if attempt.error:
        return f"the attempt ended with {attempt.error}; {_after(visit, attempt)}"
    return f"the function went on with {later[0].operation}" if later else "the function did without"


def _after(visit: Visit, attempt: Attempt) -> str:
    """Return what followed a failed attempt."""
    following = visit.attempts[visit.attempts.index(attempt) + 1 :]
    if following:
        return f"retried after {(following[0].start - (attempt.end or attempt.start)).total_seconds():.1f} s"
    return f'caught, and went on with "{visit.after}"' if visit.end else "the execution failed"


def _again(call: Call, calls: Sequence[Call]) -> str:
    """Return what the next call of the same operation brought."""
    later = [one for one in calls[calls.index(call) + 1 :] if one.function == call.function]
    again = next((one for one in later if call.operation in (one.operation, "Invoke")), None)
    if again is None:
        return "never called again"
    if call.operation == "Invoke":
        return f"invoked again after {again.at - call.at:.0f} s"
    return f"{AGAIN} after {again.at - call.at:.2f} s, {again.error or 'which succeeded'}"


def _faults(visit: Visit, calls: Sequence[Call]) -> list[Call]:
    """Return the calls of a visit that a fault struck."""
    return [
        call
        for call in calls
        if call.fault and call.function == visit.function and any(_during(call, one) for one in visit.attempts)
    ]


def _during(call: Call, attempt: Attempt) -> bool:
    end = attempt.end or attempt.start
    return attempt.start.timestamp() - 0.002 <= call.at <= end.timestamp() + 0.002  # a history has milliseconds


def _facts(visit: Visit) -> str:
    output = visit.attempts[-1].output if visit.attempts else None
    return FACTS.get(visit.state, lambda _: "")(output) if isinstance(output, dict) else ""


def _line(at: datetime, state: str, facts: str) -> str:
    return f"{elapsed(at):>9}  {state:25} {facts}".rstrip()


def elapsed(at: datetime) -> str:
    """Return the time since the sandbox began, in whole seconds."""
    return clock_time(at - EPOCH)


def clock_time(time: timedelta) -> str:
    """Return a duration as hours, minutes and seconds."""
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _words(time: timedelta) -> str:
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _plan(output: Any) -> str:
    plan = output["Plan"]
    return f"{plan['Action']}{': ' + plan['Error'] if plan['Error'] else ''}"


def _approval(output: Any) -> str:
    approval = output["Approval"]
    return f"ignored: {approval['Ignored']}" if approval.get("Ignored") else f"an approval: {approval['Kind']}"


def _grant(output: Any) -> str:
    if not output["PolicyName"]:
        return "no grant is needed"
    return f"{'granted' if output['Changed'] else 'already granted'} in policy {output['PolicyName']}"


def _withdrawal(output: Any) -> str:
    return f"withdrawn from policy {output['PolicyName']}" if output["Withdrawn"] else "nothing to withdraw"


FACTS: dict[str, Facts] = {
    "Read approval": _approval,
    "Plan copy": _plan,
    "Validate request": lambda output: f"F1 score {output['F1Score']}" if output.get("F1Score") else "",
    "Ensure project policy": _grant,
    "Copy project version": lambda output: f"{'found' if output['Adopted'] else 'started'}: {output['Status']}",
    "Describe project version": lambda output: str(output["Status"]),
    "Withdraw grant": _withdrawal,
}
