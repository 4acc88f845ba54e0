"""The locks: each package that they name, in the version and with the files that they allow."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHIPPED = ROOT / "functions" / "requirements.txt"


@dataclass(frozen=True, slots=True)
class Pin:
    """One version of one package."""

    name: str
    version: str
    hashes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def paths() -> list[Path]:
    """List the locks that pip installs from, what ships first."""
    return [SHIPPED, *sorted((ROOT / "requirements").glob("*.txt"))]


def pins(lock: str) -> list[Pin]:
    """Read the text of a lock, those included that its markers keep for other machines.

    Raises ValueError for what is not pinned to one version.
    """
    lines = re.sub(r"\\\n", "", lock).splitlines()
    return [pin(line) for line in lines if line.strip() and not line.lstrip().startswith("#")]


def pin(line: str) -> Pin:
    requirement, *hashes = re.split(r"\s+--hash=", line.strip())
    match = re.fullmatch(r"([\w.-]+)(?:\[[\w,-]+\])?==([\w.+!-]+)(?:\s*;.+)?", requirement)
    if not match:
        raise ValueError(f"{requirement} is not pinned to one version.")
    return Pin(match[1], match[2], tuple(hashes))
