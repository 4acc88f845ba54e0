"""The state data of releases: what the tasks of each story got, and the form of what they answered."""

import json
from pathlib import Path
from typing import Any

from sandbox.aws.lambda_.functions import Lambdas
from sandbox.aws.patches import replaced
from sandbox.deployment import logical_id
from sandbox.stories import read_event
from sandbox.world import Sandbox

FOLDER = Path(__file__).parent
RELEASE, STATE_DATA = FOLDER / "release", FOLDER / "state_data"
STORIES = (
    *("copy_between_accounts", "copy_within_account", "copy_with_tags_and_key", "copy_in_progress", "copy_fails"),
    *("already_copied", "already_granted", "grant_left_behind", "name_taken", "quality_too_low", "plan_copy"),
    *("approved_by_own_event", "approved_by_tag", "approved_in_sagemaker", "approval_revoked"),
    *("promote_to_three", "promote_to_duplicates"),
)

VALUES = ("Status", "NeedsGrant", "Withdrawn", "Outcome")  # what the definitions decide by

# The story, the logical id of the function, the seconds since the start, the payload, and what the answer promises.
Invocation = dict[str, Any]


def recorded(aws: Sandbox, story: str) -> list[Invocation]:
    """Run a story and return the invocations of its tasks; of those with like answers only the first and the last."""
    aws.reset()
    aws.seed(story)
    noted: list[Invocation] = []
    run, began = Lambdas.run, aws.clock.time()

    def note(self: Lambdas, arn: str, payload: str) -> tuple[str, bool]:
        one = {"Story": story, "Function": logical_id(arn.rpartition(":")[2]), "Seconds": aws.clock.time() - began}
        answer, failed = run(self, arn, payload)
        noted.append({**one, "Payload": json.loads(payload), "Answer": promise(answer)})
        return answer, failed

    promotes = story.startswith("promote")
    event = read_event(story) | ({"StopAfterFailures": 3} if promotes else {})  # so that failures are counted
    with replaced(Lambdas, "run", note):
        aws.start(event, f"state-data-{story}", aws.deployment.promotion_machine_arn if promotes else None)
        aws.finish()
    alike = [json.dumps([one["Function"], one["Answer"], one["Payload"]["Request"]]) for one in noted]
    return [one for at, one in enumerate(noted) if alike[at] not in alike[:at] or alike[at] not in alike[at + 1 :]]


def replayed(aws: Sandbox, invocations: list[Invocation]) -> list[dict[str, Any]]:
    """Invoke the functions with the payloads of a story, each at its time, and return what the answers promise."""
    aws.reset()
    aws.seed(invocations[0]["Story"])
    promises, began = [], aws.clock.time()

    def invoke_all() -> None:
        for one in invocations:
            aws.clock.sleep(began + one["Seconds"] - aws.clock.time())
            arn = aws.deployment.function(one["Function"]).function_arn
            promises.append(promise(aws.lambdas.run(arn, json.dumps(one["Payload"]))[0]))

    aws.clock.spawn(invoke_all)
    aws.finish()
    return promises


def promise(answer: str) -> dict[str, Any]:
    """Return what a definition relies on in an answer: the name of the error, or the fields and what it decides by."""
    read = json.loads(answer)
    if "errorType" in read:
        return {"errorType": read["errorType"]}
    return {"Fields": sorted(read), **{name: read[name] for name in VALUES if name in read}}
