"""Each command of the README, the runbook and the pages about deploying and approvals works as the page shows it.

The AWS CLI runs it against the served sandbox, page by page and in the order of the page.
"""

import pytest

from tests.commands import table
from tests.commands.pages import PAGES, Command, commands, definitions, placeholders
from tests.commands.shell import Shell

# A command that a page shows twice runs once.
ALL = list({(one.page, one.text): one for page in PAGES for one in commands(page)}.values())
NOT_RUN = tuple(table.NOT_RUN)


def runnable(command: Command) -> str:
    """Return what can run here of the commands; an empty string if nothing can."""
    lines = [line for line in command.text.splitlines() if not line.startswith(table.SAM)]
    runs = lines and command.text not in table.NAMED and not lines[0].startswith(NOT_RUN)
    return "\n".join(lines) if runs else ""


RUN = [one for one in ALL if runnable(one)]


def values(command: Command) -> dict[str, str]:
    return table.VALUES | table.VALUES_UNDER.get(command.heading, {})


@pytest.mark.parametrize("command", RUN, ids=str)
def test_each_placeholder_has_a_value(command: Command) -> None:
    unknown = placeholders(command.text) - table.LITERALS - set(values(command))

    assert not unknown, f"{command}: add a value for {', '.join(sorted(unknown))} to tests/commands/table.py."


@pytest.fixture(scope="module")
def execution(shell: Shell) -> str:
    """An execution that was stopped."""
    return shell.run(
        "machine=$(aws stepfunctions list-state-machines --output text --query "
        "\"stateMachines[?contains(name, 'CopyModel')].stateMachineArn\")\n"
        "execution=$(aws stepfunctions start-execution --state-machine-arn $machine --output text "
        "--input file://events/never_finishes.json --query executionArn)\n"
        "aws stepfunctions stop-execution --execution-arn $execution > stopped.json\n"
        "printf %s $execution"
    )


@pytest.mark.parametrize("command", RUN, ids=str)
def test_a_command_works(command: Command, shell: Shell, execution: str) -> None:
    before = [script for text, script in table.BEFORE.items() if text in command.text]
    filled = runnable(command)
    for name in sorted(placeholders(filled) - table.LITERALS, key=len, reverse=True):
        filled = filled.replace(name, values(command)[name])

    printed = shell.run("\n".join([f"EXECUTION={execution}", definitions(command.page), *before, filled]))

    assert table.NEVER_PRINTED not in printed
    for text, expected in table.PRINTS.items():
        if text in command.text:
            assert expected in printed, printed


@pytest.mark.parametrize("entries", [table.NOT_RUN, table.BEFORE, table.PRINTS], ids=["not_run", "before", "prints"])
def test_each_entry_of_the_table_is_about_a_command(entries: dict[str, str]) -> None:
    assert [text for text in entries if not any(text in one.text for one in ALL)] == []
    assert set(table.NAMED) <= {one.text for one in ALL}


def test_each_value_of_the_table_is_used() -> None:
    used = {(one.heading, name) for one in RUN for name in placeholders(one.text)}

    assert set(table.VALUES) | table.LITERALS <= {name for _, name in used}
    assert {(heading, name) for heading, names in table.VALUES_UNDER.items() for name in names} <= used
