"""The mail about an outcome: a subject, and a text that says what happened, where, why, and what to do."""

from collections.abc import Callable, Iterable, Iterator

from model_copy.arns import Arn
from model_copy.endings import FINAL, Outcome, duration
from model_copy.errors import ModelCopyError
from model_copy.text import escape, shorten

# The runbook has a section for each.
IN_RUNBOOK = FINAL | {error.__name__ for error in ModelCopyError.__subclasses__()}
LONGEST_SUBJECT = 99  # SNS requires less than 100
SHORTER = (255, 20, 6)  # how much of each name to keep, so that a long name leaves room for the next one
CONSOLES = {"aws-us-gov": "console.amazonaws-us-gov.com"}
NOTHING = "Nothing."
FOLLOW_ADVICE = 'Follow the advice under "Why", then start a new execution. Redriving this execution does not help.'
START_AGAIN = "Fix the cause, then start the same request again; nothing is copied twice. Redriving does not help."
EITHER = (
    "If the model still needs to be copied, start the same request again or redrive the execution; "
    "nothing is copied twice."
)
REDRIVE = "Fix the cause, then redrive the execution or start the same request again; nothing is copied twice."
APPROVE_AGAIN = "Nothing. If the version should have been copied, approve it again."
REMOVE_GRANT = (
    "Remove the grant from the project policy as the runbook describes, or start the same request again, "
    "which removes the grant at its end."
)


def subject(name: str, outcome: Outcome) -> str:
    """Return outcome, error, model version and destination in less than 100 characters of printable ASCII."""
    project = Arn.parse_project((outcome["Request"] or {}).get("DestinationProjectArn"))
    return fitting_subject(
        name, outcome, lambda most: f"to {project.project[:most]} in {project.account}" if project else ""
    )


def fitting_subject(name: str, outcome: Outcome, to: Callable[[int], str]) -> str:
    """Return a subject that fits; ``to`` names the destination with so many characters of each name."""
    source = Arn.parse_version((outcome["Request"] or {}).get("SourceProjectVersionArn"))
    approved, execution = (outcome["Approval"] or {}).get("Subject"), outcome["ExecutionArn"].rpartition(":")[2]
    found = ""
    for most in SHORTER:
        parts = [
            outcome["Error"],
            f"{source.project[:most]} {source.version[:most]}"
            if source
            else approved.rpartition(":")[2][: 3 * most]
            if approved
            else f"execution {execution[:most]}",
            to(most),
        ]
        found = f"{name}: {', '.join(part for part in parts if part)}"
        if len(found) <= LONGEST_SUBJECT:
            break
    return found[:LONGEST_SUBJECT]


def text(name: str, outcome: Outcome, runbook: str) -> str:
    """Return the text of the mail, one line for each known fact, in printable ASCII."""
    return written((("Outcome", name), *_what(outcome), *why(outcome), *links(outcome, runbook)))


def written(lines: Iterable[tuple[str, object]]) -> str:
    """Return a line for each label and its value."""
    return "".join(f"{label + ':':<13}{shorten(escape(str(value)))}\n" for label, value in lines)


def _what(outcome: Outcome) -> Iterator[tuple[str, object]]:
    request = outcome["Request"] or {}
    yield from given(request, "Model", "SourceProjectVersionArn")
    if outcome["F1Score"] is not None:
        yield "F1 score", outcome["F1Score"]
    yield from given(request, "To", "DestinationProjectArn")
    yield from given(request, "As", "VersionName")
    if outcome["ProjectVersionArn"]:
        adopted = " (it already existed)" if outcome["Adopted"] else ""
        yield "Copy", f"{outcome['ProjectVersionArn']} is {outcome['ProjectVersionStatus']}{adopted}"
    output = request.get("OutputConfig")
    if isinstance(output, dict):
        yield "Output", f"s3://{output.get('S3Bucket')}/{output.get('S3KeyPrefix', '')}"
    yield "Time", f"{outcome['StartedAt']} to {outcome['EndedAt']} ({duration(outcome)})"
    yield from approval(outcome)


def approval(outcome: Outcome) -> Iterator[tuple[str, object]]:
    """Yield who approved what, by which event."""
    part = outcome["Approval"] or {}
    yield from given(part, "Approved by", "By")
    yield from given(part, "Approved", "Subject")
    yield from given(part, "Event", "EventId")


def given(part: Outcome, label: str, name: str) -> Iterator[tuple[str, object]]:
    """Yield a field unless it is missing or empty."""
    if part.get(name):
        yield label, part[name]


def why(outcome: Outcome) -> Iterator[tuple[str, object]]:
    """Yield why the execution ended this way, and what to do."""
    yield from given(outcome, "Error", "Error")
    yield from given(outcome, "Ignored", "Ignored")
    if outcome["Cause"]:
        yield "Why", _sentence(outcome["Cause"])
    grant = outcome.get("Grant")
    if grant and grant["LeftBehind"]:
        policy = f"project policy {grant['PolicyName']}" if grant["PolicyName"] else "the stack's project policy"
        yield "Grant", f"may still be in {policy}. {_without_redrive(_sentence(grant['Cause'] or ''))}".rstrip()
    elif grant and grant["Withdrawn"]:
        yield "Grant", "withdrawn"
    if outcome["Unread"]:
        yield "Note", f"Some details may be missing. {outcome['Unread']}"
    yield "What to do", " ".join(_what_to_do(outcome))


def _sentence(cause: str) -> str:
    """Return the sentence without its link to the runbook, which has a line of its own in the mail."""
    return cause.partition(" Runbook: ")[0]


def _without_redrive(sentence: str) -> str:
    """Return the sentence without its advice to redrive, which does not run Withdraw grant again."""
    return sentence.removesuffix(" Then redrive the execution.").replace(", then redrive the execution.", ".")


def _what_to_do(outcome: Outcome) -> Iterator[str]:
    left_behind = _left_behind(outcome)
    if outcome["Status"] in ("ABORTED", "TIMED_OUT"):
        yield EITHER
    elif outcome["Redrivable"]:
        yield REDRIVE
    elif outcome["Status"] == "FAILED":
        yield FOLLOW_ADVICE if outcome["Error"] in FINAL else START_AGAIN
    elif outcome.get("Ignored"):
        yield APPROVE_AGAIN
    elif not left_behind:
        yield NOTHING
    if left_behind:
        yield REMOVE_GRANT


def links(outcome: Outcome, runbook: str) -> Iterator[tuple[str, object]]:
    """Yield the links to the execution and to its section of the runbook."""
    arn = outcome["ExecutionArn"]
    _, partition, _, region, *_ = arn.split(":")
    host = CONSOLES.get(partition, "console.aws.amazon.com")
    yield "Execution", f"https://{host}/states/home?region={region}#/v2/executions/details/{arn}"
    anchor = _anchor(outcome)
    yield "Runbook", f"{runbook}#{anchor}" if anchor else runbook


def _anchor(outcome: Outcome) -> str | None:
    """Return the anchor of the section in docs/runbook.md; None if no section is about the outcome."""
    if outcome["Status"] == "FAILED":
        return outcome["Error"].lower() if outcome["Error"] in IN_RUNBOOK else "endings-that-no-state-sees"
    if outcome["Status"] != "SUCCEEDED":
        return str(outcome["Status"].lower())
    return "grantsleftbehindalarm" if _left_behind(outcome) else None


def _left_behind(outcome: Outcome) -> bool:
    """Return whether a grant may have been left behind; a promotion has none of its own."""
    grant = outcome.get("Grant")
    return bool(grant and grant["LeftBehind"])
