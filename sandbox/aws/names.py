"""Names of other packages."""

from typing import NamedTuple


class Name(NamedTuple):
    """A name of another package, and what the sandbox needs it for.

    ``owner`` is ``module`` or ``module:Class``.
    """

    owner: str
    name: str
    reason: str

    @property
    def short(self) -> str:
        """Return the name with the last part of its owner."""
        return f"{self.owner.replace(':', '.').rpartition('.')[2]}.{self.name}"
