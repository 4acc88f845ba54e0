"""The commands of the pages: each block without a language, and each command in the text."""

import re
from dataclasses import dataclass
from textwrap import dedent

from sandbox.deployment import ROOT

PAGES = (
    "README.md",
    *(f"docs/{name}.md" for name in ("runbook", "approvals", "deploying", "stack-sets", "quotas", "cost")),
)
PROGRAMS = ("aws", "jq", "make", "output", "resource", "role", "sam")
PART = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|^ *```(?P<language>\w*)\n(?P<block>.*?)^ *```$|`(?P<inline>[^`]+)`", re.M | re.S
)
FUNCTION = re.compile(r"^\w+\(\) \{.*?\}$", re.M | re.S)
PLACEHOLDER = re.compile(r"(?<![\w${-])[A-Z][A-Z_]+[A-Z](?![\w-])|\.\.\.")


@dataclass(frozen=True)
class Command:
    """Commands that belong together, as a page shows them."""

    page: str
    line: int
    heading: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def commands(page: str) -> list[Command]:
    """Return the commands of a page in their order."""
    text, heading, found = (ROOT / page).read_text(), "", []
    for part in PART.finditer(text):
        heading = part["heading"] or heading
        line = text.count("\n", 0, part.start()) + 1
        if part["block"] is not None and not part["language"]:
            found.append(Command(page, line, heading, dedent(part["block"]).strip()))
        elif part["inline"] and part["inline"].split()[0] in PROGRAMS:
            found.append(Command(page, line, heading, " ".join(part["inline"].split())))
    return found


def definitions(page: str) -> str:
    """Return the functions and the variables of the shell that the commands of a page use."""
    blocks = [one.text for one in commands(page)]
    exports = [line for block in blocks for line in block.splitlines() if line.startswith("export ")]
    return "\n".join([*exports, *(function for block in blocks for function in FUNCTION.findall(block))])


def placeholders(text: str) -> set[str]:
    """Return the words in capitals, and the gaps, that a reader may have to replace."""
    return set(PLACEHOLDER.findall(text))
