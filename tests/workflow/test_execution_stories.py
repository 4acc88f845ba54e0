"""The stories of status changes: Step Functions reports the end of an execution, and the end is announced."""

from collections.abc import Callable

import pytest

from sandbox.aws.sns import Mail
from sandbox.stories import read_event
from sandbox.world import Sandbox
from tests.workflow.announcement import Outcome

Announced = Callable[[str], tuple[Outcome, Mail]]


@pytest.fixture
def announced(aws: Sandbox) -> Announced:
    """Send the status change of an execution that Step Functions no longer has; return outcome and mail."""

    def announced(story: str) -> tuple[Outcome, Mail]:
        aws.seed(story)
        aws.put(read_event(story))
        aws.finish()
        assert len(aws.outcomes) == len(aws.mails)
        return aws.outcomes[0]["detail"], aws.mails[0]

    return announced


def test_execution_succeeded(announced: Announced) -> None:
    detail, mail = announced("execution_succeeded")

    assert (detail["Outcome"], detail["Adopted"], detail["Grant"]["Withdrawn"]) == ("Copied", False, True)
    assert detail["F1Score"] == 0.93
    assert "ExecutionDoesNotExist" in detail["Unread"]
    assert mail.subject == "Model Copied: execution_succeeded v3, to execution_succeeded in 222222222222"


def test_execution_failed(announced: Announced) -> None:
    detail, mail = announced("execution_failed")

    assert (detail["Outcome"], detail["Redrivable"], detail["Error"]) == ("Failed", True, "AccessDeniedError")
    assert "What to do:  Fix the cause, then redrive the execution" in mail.message
    assert "Runbook:     docs/runbook.md#accessdeniederror\n" in mail.message


def test_execution_aborted(announced: Announced) -> None:
    detail, mail = announced("execution_aborted")

    assert (detail["Outcome"], detail["Status"], detail["Cause"]) == ("Failed", "ABORTED", "The model is withdrawn.")
    assert str(mail.subject).startswith(
        "Model Copy Failed: NotNeededAnyMore, execution_aborted v3, to execution_aborted "
    )


def test_execution_timed_out(announced: Announced) -> None:
    detail, mail = announced("execution_timed_out")

    assert (detail["Outcome"], detail["Status"], detail["Redrivable"]) == ("Failed", "TIMED_OUT", True)
    assert "Why:         The execution ran for longer than the state machine allows.\n" in mail.message


def test_execution_running(aws: Sandbox) -> None:
    aws.seed("execution_running")
    aws.put(read_event("execution_running"))
    aws.finish()

    assert (aws.outcomes, aws.mails) == ([], [])


def test_execution_partly_promoted(announced: Announced) -> None:
    detail, mail = announced("execution_partly_promoted")

    assert (detail["Outcome"], detail["Redrivable"], detail["Table"]) == ("PartlyPromoted", False, None)
    assert "Destinations" not in detail["Request"]
    assert mail.subject == "Model Promotion Failed: PartlyPromotedError, execution_partly_promoted v3"
    assert "Why:         1 of 2 destinations have the model version. These do not: (1) arn:aws:" in mail.message
