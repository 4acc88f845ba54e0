"""Plans of faults: what goes wrong, where, and how often.

A plan is a string: ``CopyProjectVersion: lost_answer; WithdrawGrantFunction: crashed x3; visibility_lag_seconds = 40``.
A part with ``=`` changes a setting of aws/rekognition/settings.py. A part with ``:`` names a place, then the faults of
the calls there, in the order of the calls and separated by commas. ``x3`` repeats a fault three times, ``always``
repeats it forever, and ``none`` lets a call succeed.

A place is an operation, a function by its logical id, or an operation as called by one function
(``CopyProjectVersionFunction.DescribeProjectVersions``).

A fault of an operation is one of these:
- the name of an AWS error; ``http_500``, ``http_502`` or ``http_503``, with a body that is not JSON
- ``dropped``: the connection breaks before the call takes effect; ``lost_answer``: it breaks afterwards
- ``slow``: the response comes after the read timeout
- ``entry_failed``, for ``PutEvents``: the call succeeds, but the bus does not accept the event
- a happening of happenings.py: the call succeeds, and then somebody else makes the change of that name

A fault of a function is one of these:
- the name of an error of Invoke: Lambda does not run the function (``throttled`` is ``TooManyRequestsException``)
- ``crashed``: the function ends before its work
- ``killed``, ``timed_out``, ``too_large`` (a result of more than 256 KiB): the function fails after its work
"""

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import chain, repeat
from typing import Any, get_args, get_type_hints

from sandbox.aws.rekognition.settings import Settings
from sandbox.happenings import HAPPENINGS, Happening
from sandbox.known_faults import PlanError, faults_at, meant


class Plan:
    """The faults of the calls to come; ``injected`` lists the places and faults so far."""

    def __init__(self, text: str = "", happenings: Mapping[str, Happening] | None = None) -> None:
        """Parse a plan.

        Raises PlanError, with a sentence for each error, if the plan is malformed.

        Parameters
        ----------
        happenings: what the names of happenings do; without it, nothing happens.
        """
        self.happenings = happenings or dict.fromkeys(HAPPENINGS, lambda: None)
        self.settings: dict[str, Any] = {}
        self.injected: list[tuple[str, str]] = []
        self._faults: dict[str, Iterator[str]] = {}
        errors: list[str] = []
        for part in filter(None, (part.strip() for part in text.split(";"))):
            try:
                if "=" in part:
                    self._read_setting(*(side.strip() for side in part.split("=", 1)))
                else:
                    self._read_faults(*(side.strip() for side in part.partition(":")[::2]))
            except PlanError as error:
                errors.append(str(error))
        if errors:
            raise PlanError("\n".join(errors))

    def next_fault(self, *places: str) -> str | None:
        """Return the next fault of the first place that has one, and remove it from the plan."""
        for place in places:
            fault = next(self._faults.get(place, iter(())), "none")
            if fault != "none":
                self.injected.append((place, fault))
                return fault
        return None

    @property
    def unused(self) -> list[str]:
        """The places of the plan where no call was made."""
        return [place for place in self._faults if place not in {struck for struck, _ in self.injected}]

    def _read_setting(self, name: str, value: str) -> None:
        hints = get_type_hints(Settings)
        if name not in hints:
            raise PlanError(f"There is no setting {name!r}. {meant(name, 'settings', hints)}")
        default = vars(Settings())[name]
        try:
            self.settings[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            raise PlanError(f"The setting {name} must be like {default!r}; got {value}.") from None
        if not _fits(self.settings[name], hints[name]):
            raise PlanError(f"The setting {name} must be like {default!r}; got {value}.")

    def _read_faults(self, place: str, faults: str) -> None:
        known = faults_at(place, self.happenings)
        if not faults:
            raise PlanError(f"{place} has no faults. Write {place}: {known[0]}.")
        listed = [fault.strip().partition(" ")[::2] for fault in faults.split(",")]
        for name, times in listed:
            if name not in known:
                raise PlanError(f"There is no fault {name!r} at {place}. {meant(name, 'faults', known)}")
            if not re.fullmatch(r"|always|x[1-9]\d{0,5}", times.strip()):
                raise PlanError(f"After {name} at {place} only x2, x3 and so on, or always can follow; got {times!r}.")
        self._faults[place] = chain.from_iterable(_repeated(name, times.strip()) for name, times in listed)


def _repeated(name: str, times: str) -> Iterator[str]:
    return repeat(name) if times == "always" else repeat(name, int(times.removeprefix("x") or 1))


def _fits(value: object, hint: Any) -> bool:
    """Return whether a value has the type of a setting; a whole number is also a float."""
    if isinstance(value, int) and not isinstance(value, bool) and float in (get_args(hint) or (hint,)):
        return True
    return type(value) in (get_args(hint) or (hint,))
