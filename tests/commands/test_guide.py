"""What make serve prints works as printed, and its log has the endings and the mails."""

import re
import time

from tests.commands.shell import Shell


def commands(shell: Shell) -> list[str]:
    """Return the commands that the sandbox printed, as a person copies them."""
    found: list[str] = re.findall(r"^(?:aws|export) .*?[^\\]$", "".join(shell.printed), re.M | re.S)
    return found


def wait_for(shell: Shell, pattern: str) -> str:
    """Return the first line of the log that has the pattern."""
    for _ in range(600):
        line = next((one for one in shell.printed if re.search(pattern, one)), None)
        if line:
            return line
        time.sleep(0.1)
    raise AssertionError("".join(shell.printed))


def test_each_printed_command_works(shell: Shell) -> None:
    use, copy, promote = commands(shell)

    for command, machine in ((copy, "CopyModel"), (promote, "PromoteModel")):
        printed = shell.run(f"unset AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE\n{use}\n{command}")
        assert f"{machine}StateMachine" in printed


def test_the_log_has_a_line_for_an_ending_and_for_a_mail(shell: Shell) -> None:
    machine = '"$(aws stepfunctions list-state-machines --output text --query "stateMachines[0].stateMachineArn")"'
    arn = shell.run(
        f"aws stepfunctions start-execution --state-machine-arn {machine} --input '{{}}' --output text "
        "--query executionArn"
    ).strip()

    ending = wait_for(shell, re.escape(arn))

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  FAILED     arn:\S+  NotARequestError: The .*\n", ending)
    assert wait_for(shell, r"\d\d  mail       Model Copy Refused: ")


def test_each_profile_acts_in_its_account(shell: Shell) -> None:
    accounts = {"stack": "123456789012", "source": "111111111111", "destination": "222222222222"}

    for profile, account in accounts.items():
        assert account in shell.run(f"aws sts get-caller-identity --profile {profile} --query Account")
