"""The mail about an outcome: a subject that says it all, then what, where, why and what to do."""

from collections.abc import Iterator

from model_copy.arns import Arn
from model_copy.outcomes import FINAL, KNOWN, Outcome, duration
from model_copy.text import cut, escaped

LONGEST_SUBJECT = 99  # SNS takes less than 100
SHORTER = (255, 20, 6)  # the parts of each name that are said, so that none pushes out what comes behind it
CONSOLES = {"aws-us-gov": "console.amazonaws-us-gov.com"}
NOTHING = "Nothing."
AS_SAID = "What that sentence says. Redriving this execution would not help."
START_AGAIN = "Cure the cause, then start the same request again, which copies nothing twice. Redriving would not help."
EITHER = (
    "If the model is still to be copied, start the same request again or redrive the execution: neither copies twice."
)
REDRIVE = "Cure the cause, then redrive the execution, or start the same request again: neither copies twice."
APPROVE_AGAIN = "Nothing, unless the version was meant to be copied: then approve it again."
TAKE_OUT = (
    "Take the grant out of the project policy, as the runbook tells, or start the same request again, which does."
)


def subject(name: str, outcome: Outcome) -> str:
    """Give the outcome, its error and the model version, in less than 100 characters of printable ASCII."""
    request = outcome["Request"] or {}
    source = Arn.of_version(request.get("SourceProjectVersionArn"))
    destination = Arn.of_project(request.get("DestinationProjectArn"))
    approved, execution = (outcome["Approval"] or {}).get("Subject"), outcome["ExecutionArn"].rpartition(":")[2]
    said = ""
    for most in SHORTER:
        parts = [
            outcome["Error"],
            f"{source.project[:most]} {source.version[:most]}" if source else (approved or execution)[-3 * most :],
            f"to {destination.project[:most]} in {destination.account}" if destination else "",
        ]
        said = f"{name}: {', '.join(part for part in parts if part)}"
        if len(said) <= LONGEST_SUBJECT:
            break
    return said[:LONGEST_SUBJECT]


def text(name: str, outcome: Outcome, runbook: str) -> str:
    """Give the text of the mail, a line for each thing that is known, in printable ASCII."""
    lines = (("Outcome", name), *_what(outcome), *_why(outcome), *_links(outcome, runbook))
    return "".join(f"{label + ':':<13}{cut(escaped(str(value)))}\n" for label, value in lines)


def _what(outcome: Outcome) -> Iterator[tuple[str, object]]:
    request = outcome["Request"] or {}
    yield from _given(request, "Model", "SourceProjectVersionArn")
    yield from _given(request, "To", "DestinationProjectArn")
    yield from _given(request, "As", "VersionName")
    if outcome["ProjectVersionArn"]:
        found = ", which was found" if outcome["Adopted"] else ""
        yield "Copy", f"{outcome['ProjectVersionArn']} is {outcome['ProjectVersionStatus']}{found}"
    output = request.get("OutputConfig")
    if isinstance(output, dict):
        yield "Output", f"s3://{output.get('S3Bucket')}/{output.get('S3KeyPrefix', '')}"
    yield "Time", f"{outcome['StartedAt']} to {outcome['EndedAt']} ({duration(outcome)})"
    approval = outcome["Approval"] or {}
    yield from _given(approval, "Approved by", "By")
    yield from _given(approval, "Approved", "Subject")
    yield from _given(approval, "Event", "EventId")


def _given(part: Outcome, label: str, name: str) -> Iterator[tuple[str, object]]:
    if part.get(name):
        yield label, part[name]


def _why(outcome: Outcome) -> Iterator[tuple[str, object]]:
    yield from _given(outcome, "Error", "Error")
    yield from _given(outcome, "Ignored", "Ignored")
    if outcome["Cause"]:
        yield "Why", _sentence(outcome["Cause"])
    grant = outcome["Grant"]
    if grant and grant["LeftBehind"]:
        policy = f"project policy {grant['PolicyName']}" if grant["PolicyName"] else "the stack's project policy"
        yield "Grant", f"may still be in {policy}. {_sentence(grant['Cause'] or '')}".rstrip()
    elif grant and grant["Withdrawn"]:
        yield "Grant", "withdrawn"
    yield from _given(outcome, "Unread", "Unread")
    yield "What to do", " ".join(_what_to_do(outcome))


def _sentence(cause: str) -> str:
    """Leave out where the sentence points, which the mail does itself."""
    return cause.partition(" Runbook: ")[0]


def _what_to_do(outcome: Outcome) -> Iterator[str]:
    left_behind = outcome["Grant"] and outcome["Grant"]["LeftBehind"]
    if outcome["Status"] in ("ABORTED", "TIMED_OUT"):
        yield EITHER
    elif outcome["Redrivable"]:
        yield REDRIVE
    elif outcome["Status"] == "FAILED":
        yield AS_SAID if outcome["Error"] in FINAL else START_AGAIN
    elif outcome["Ignored"]:
        yield APPROVE_AGAIN
    elif not left_behind:
        yield NOTHING
    if left_behind:
        yield TAKE_OUT


def _links(outcome: Outcome, runbook: str) -> Iterator[tuple[str, object]]:
    arn = outcome["ExecutionArn"]
    _, partition, _, region, *_ = arn.split(":")
    host = CONSOLES.get(partition, "console.aws.amazon.com")
    yield "Execution", f"https://{host}/states/home?region={region}#/v2/executions/details/{arn}"
    anchor = _anchor(outcome)
    yield "Runbook", f"{runbook}#{anchor}" if anchor else runbook


def _anchor(outcome: Outcome) -> str | None:
    """Name the part of docs/runbook.md that is about the outcome."""
    if outcome["Status"] == "FAILED":
        return outcome["Error"].lower() if outcome["Error"] in KNOWN else "endings-that-no-state-sees"
    if outcome["Status"] != "SUCCEEDED":
        return str(outcome["Status"].lower())
    return "grantsleftbehindalarm" if outcome["Grant"] and outcome["Grant"]["LeftBehind"] else None
