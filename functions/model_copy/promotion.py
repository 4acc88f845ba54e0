"""A promotion: one model version, copied to many destinations.

The request has the fields of CopyProjectVersion but for DestinationProjectArn, and the destinations: each names its
project, and overrides what differs there.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from model_copy.errors import InvalidRequestError
from model_copy.manifests import MOST
from model_copy.request import DRY_RUN, STARTED_BY
from model_copy.text import excerpt, numbered, printable
from model_copy.validation import Scope, request_errors, suggest

if TYPE_CHECKING:
    from botocore.model import Shape

LONGEST_NAME = 80
PROJECT = "DestinationProjectArn"
OF_A_DESTINATION = (PROJECT, "VersionName", "OutputConfig", "KmsKeyId", "Tags")
OF_THE_COPIES = ("SourceProjectArn", "SourceProjectVersionArn", "VersionName", "OutputConfig", "KmsKeyId", "Tags")
OWN = ("Destinations", "DestinationsFrom", "MaxConcurrency", "StopAfterFailures", DRY_RUN)
_MOST_HINTS = 20

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a promotion keeps its objects: a prefix of the stack's bucket that ends in a slash."""

    bucket: str
    prefix: str

    @classmethod
    def of(cls, state: Mapping[str, Any], bucket: str) -> "Place":
        """Return the place of the promotion that has this state data."""
        return cls(bucket, state["Promotion"]["Prefix"])

    @classmethod
    def new(cls, name: str, now: datetime, bucket: str) -> "Place":
        """Return a place for a new promotion; AWS allows an execution's name again after 90 days."""
        return cls(bucket, f"promotions/{name}/{now:%Y%m%dT%H%M%SZ}/")

    @property
    def key(self) -> str:
        """Return the key of the list of copies, which the Map state reads."""
        return f"{self.prefix}destinations.json"

    @property
    def rows(self) -> str:
        """Return the prefix of the rows."""
        return f"{self.prefix}rows/"

    @property
    def failures(self) -> str:
        """Return the prefix of the marks of failed rows."""
        return f"{self.prefix}failed/"

    def row(self, index: int) -> str:
        """Return the key of a row."""
        return f"{self.rows}{index:04}.json"

    def failed(self, index: int) -> str:
        """Return the key of the mark that a row has failed."""
        return f"{self.failures}{index:04}.json"

    def table(self, kind: str) -> str:
        """Return the key of the table, as ``json`` or ``csv``."""
        return f"{self.prefix}table.{kind}"

    @property
    def url(self) -> str:
        """Return the address of the table for people."""
        return f"s3://{self.bucket}/{self.table('csv')}"


def check_state(state: Mapping[str, Any], *keys: str) -> None:
    """Raise InvalidRequestError if the state data is not that of a promotion after Validate promotion."""
    if missing := [name for name in ("Promotion", *keys) if name not in state]:
        words = "is required; invoke the function with the state data of a promotion"
        raise InvalidRequestError(errors=numbered([f"{name} {words}" for name in missing]))


def started(request: Mapping[str, Any], machine_arn: str) -> bool:
    """Return whether the request of a copy says that an execution of the state machine of promotions started it."""
    started_by, executions = request.get(STARTED_BY), f"{machine_arn.replace(':stateMachine:', ':execution:')}:"
    return isinstance(started_by, str) and started_by.startswith(executions)


def own_errors(given: object) -> Iterator[str]:
    """Describe the errors of a promotion's own fields, but for the contents of its destinations."""
    if not isinstance(given, dict):
        yield f"The request must be an object; got {excerpt(given)}"
        return
    known = (*OF_THE_COPIES, *OWN)
    for number, name in enumerate(name for name in given if name not in known):
        hint = "; name the project in Destinations" if name == PROJECT else ""
        hint = hint or (suggest(name, known) if number < _MOST_HINTS else "")
        yield f"{printable(name)} is not a field of a promotion{hint}"
    if "Destinations" in given and "DestinationsFrom" in given:
        yield "Destinations and DestinationsFrom exclude each other"
    for name in ("MaxConcurrency", "StopAfterFailures"):
        value = given.get(name, 1)
        if not (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST):
            yield f"{name} must be a whole number from 1 to {MOST:,}; got {excerpt(value)}"
    if not isinstance(given.get(DRY_RUN, False), bool):
        yield f"{DRY_RUN} must be true or false; got {excerpt(given[DRY_RUN])}"


def copy_requests(
    given: Fields, destinations: list[Any], shape: "Shape", scope: Scope, found: Collection[str]
) -> list[Any]:
    """Return the request of each copy.

    Raises InvalidRequestError, which names all errors at once.

    Parameters
    ----------
    found: the errors of the promotion's own fields and of its list of destinations.
    """
    common = {name: given[name] for name in OF_THE_COPIES if name in given}
    gaps = {f"{name} is required" for name in OF_A_DESTINATION}
    inherited = [error for error in request_errors(common, shape, scope) if error not in gaps]
    errors = [*found, *inherited]
    requests = []
    for index, one in enumerate(destinations):
        path = f"Destinations[{index}]"
        if not isinstance(one, dict):
            errors.append(f"{path} must be an object; got {excerpt(one)}")
            continue
        request = {**common, **{name: one[name] for name in OF_A_DESTINATION if name in one}}
        wrong = [error for error in request_errors(request, shape, scope) if _field(error) in one or error in gaps]
        errors += [f"{path}.{error}" for error in (*_unknown(one), *wrong)]
        requests.append({**request, **({DRY_RUN: True} if given.get(DRY_RUN) is True else {})})
    errors += _duplicates(destinations)
    if errors:
        raise InvalidRequestError(errors=numbered(errors))
    return requests


def _field(error: str) -> str:
    """Return the field that an error begins with."""
    found = re.match(r"\w*", error)
    return found[0] if found else ""


def _unknown(destination: Fields) -> Iterator[str]:
    for number, name in enumerate(name for name in destination if name not in OF_A_DESTINATION):
        hint = suggest(name, OF_A_DESTINATION) if number < _MOST_HINTS else ""
        yield f"{printable(name)} is not a field of a destination{hint}"


def _duplicates(destinations: list[Any]) -> list[str]:
    """Report each project that an earlier destination has named."""
    first: dict[str, int] = {}
    errors = []
    for index, one in enumerate(destinations):
        project = one.get(PROJECT) if isinstance(one, dict) else None
        if isinstance(project, str) and first.setdefault(project, index) != index:
            errors.append(f"Destinations[{index}].{PROJECT} is the project of Destinations[{first[project]}]")
    return errors


def items(requests: list[Any], execution: Mapping[str, Any] | None, name: str) -> list[dict[str, Any]]:
    """Return what the Map state reads: an index, the name of an execution and its input for each copy."""
    started_by = {STARTED_BY: execution["Id"]} if execution else {}
    return [
        {"Index": index, "Name": copy_name(name, index), "Request": {**request, **started_by}}
        for index, request in enumerate(requests)
    ]


def copy_name(promotion: str, index: int) -> str:
    """Return the name of a copy's execution: the promotion's and the index, with a hash if that is too long."""
    suffix = f"-{index:04}"
    if len(promotion) + len(suffix) > LONGEST_NAME:
        suffix = f"-{hashlib.sha256(promotion.encode()).hexdigest()[:8]}{suffix}"
    return promotion[: LONGEST_NAME - len(suffix)] + suffix
