"""Breaks the project in small ways, one at a time, and tells which breakages the tests let pass.

``python tests/mutants.py [NUMBER ...]`` works on copies of the tree, so that nothing here is changed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
FUNCTIONS, DEFINITION = "functions/model_copy", "statemachine/copy_model.asl.yaml"
TESTS = ["-m", "pytest", "-x", "-q", "-n", "2", "-p", "no:cacheprovider", "--no-header", "tests/unit", "tests/workflow"]
TESTS += ["--ignore", "tests/unit/test_mutants.py"]  # which looks for what a mutant has not any more
# It compares two runs of the same tree, and the copy has no Node.
TESTS += ["--ignore", "tests/workflow/test_second_interpreter.py"]


@dataclass(frozen=True)
class Mutant:
    """One breakage: in a file, one text in the place of another."""

    what: str
    file: str
    before: str
    after: str


MUTANTS = [
    Mutant(
        "an existing copy is not adopted",
        f"{FUNCTIONS}/copying.py",
        "    if held is None:\n        try:",
        "    if True:\n        try:",
    ),
    Mutant(
        "the name is not described again after a failure",
        f"{FUNCTIONS}/copying.py",
        "            held = find_held(client, request)\n            if held is None:\n                raise _failure",
        "            if True:\n                raise _failure",
    ),
    Mutant(
        "a copy of another version is adopted",
        f"{FUNCTIONS}/statuses.py",
        "    return held.source == request.source_version.text or",
        "    return held.source is not None or",
    ),
    Mutant(
        "a copy in progress that reports no source is refused",
        f"{FUNCTIONS}/statuses.py",
        "(held.source is None and held.status in (IN_PROGRESS, FAILED))",
        "False",
    ),
    Mutant(
        "another's copy that reported no source at first is called ours when it is complete",
        f"{FUNCTIONS}/copying.py",
        "    adopted = before.adopted or held.arn != before.arn",
        "    adopted = held.arn != before.arn",
    ),
    Mutant(
        "whose policies fill a project is judged by a list that was read before AWS refused",
        f"{FUNCTIONS}/grants.py",
        "_check_room(refused, found, grant, request, message)",
        "_check_room(refused, refused[0], grant, request, message)",
    ),
    Mutant(
        "a policy of ours that came and went between two lists is not thought of",
        f"{FUNCTIONS}/grants.py",
        "len(refused) >= REFUSALS",
        "refused",
    ),
    Mutant(
        "a function that was idle for weeks fails the execution",
        "statemachine/copy_model.asl.yaml",
        "          - Lambda.CodeArtifactUserPendingException\n",
        "",
    ),
    Mutant(
        "a copy with another output is adopted", f"{FUNCTIONS}/statuses.py", "asked != found and not inherited", "False"
    ),
    Mutant(
        "a copy with another key is adopted",
        f"{FUNCTIONS}/statuses.py",
        "return asked.rpartition",
        "return True or asked.rpartition",
    ),
    Mutant("a failed copy is adopted", f"{FUNCTIONS}/statuses.py", "    if held.status == FAILED:", "    if False:"),
    Mutant(
        "a version that is being deleted is adopted",
        f"{FUNCTIONS}/statuses.py",
        "    if held.status == DELETING:",
        "    if False:",
    ),
    Mutant(
        "a source in training is copied",
        f"{FUNCTIONS}/statuses.py",
        '    "TRAINING_IN_PROGRESS": "Start',
        '    "TRAINING": "Start',
    ),
    Mutant(
        "STOPPED is no success in the handlers", f"{FUNCTIONS}/statuses.py", '"STOPPING", "STOPPED"}', '"STOPPING"}'
    ),
    Mutant(
        "the revision is not sent",
        f"{FUNCTIONS}/rekognition.py",
        '{"PolicyRevisionId": revision} if revision else {}',
        "{}",
    ),
    Mutant("a delete sends no revision", f"{FUNCTIONS}/rekognition.py", ", PolicyRevisionId=revision)", ")"),
    Mutant(
        "only the first page of policies is read",
        f"{FUNCTIONS}/rekognition.py",
        'for page in pages for one in page["ProjectPolicies"]',
        'for page in list(pages)[:1] for one in page["ProjectPolicies"]',
    ),
    Mutant("throttling is not transient", f"{FUNCTIONS}/aws_errors.py", '    "ThrottlingException",\n', ""),
    Mutant("HTTP 503 is not transient", f"{FUNCTIONS}/aws_errors.py", "status >= 500", "status > 503"),
    Mutant(
        "a dropped connection is not transient",
        f"{FUNCTIONS}/aws_errors.py",
        "    except (ConnectionError, HTTPClientError) as error:\n",
        "    except ZeroDivisionError as error:\n",
    ),
    Mutant("a Deny does not win", f"{FUNCTIONS}/policies.py", 'self._statements("deny")', 'self._statements("denied")'),
    Mutant(
        "a conditional Allow is a grant",
        f"{FUNCTIONS}/policies.py",
        'Match.MAYBE if statement.get("Condition") else Match.YES',
        "Match.YES",
    ),
    Mutant(
        "resources are not compared",
        f"{FUNCTIONS}/policies.py",
        "Match.MAYBE if resource is None else _any_match(_names(resource), grant.version_arn)",
        "Match.YES",
    ),
    Mutant(
        "a statement for others is taken for ours",
        f"{FUNCTIONS}/policies.py",
        '        and as_list(principal["AWS"]) == [principal_arn]\n',
        "",
    ),
    Mutant(
        "others' statements in our policy are dropped",
        f"{FUNCTIONS}/policies.py",
        "        kept.append(one)\n    return _written",
        "    return _written",
    ),
    Mutant(
        "an empty policy of ours is left",
        f"{FUNCTIONS}/grants.py",
        "            if document is None:",
        "            if False:",
    ),
    Mutant(
        "a conflict is not redone",
        f"{FUNCTIONS}/grants.py",
        "            refused.clear()\n        except rekognition.PolicyQuotaReachedError as",
        "            raise\n        except rekognition.PolicyQuotaReachedError as",
    ),
    Mutant("conflicts are redone once only", f"{FUNCTIONS}/grants.py", "TRIES = 5", "TRIES = 2"),
    Mutant(
        "the size of a policy is not checked",
        f"{FUNCTIONS}/grants.py",
        "len(document) > policies.LONGEST_DOCUMENT",
        "False",
    ),
    Mutant(
        "a new grant is not waited for",
        f"{FUNCTIONS}/grants.py",
        "PROPAGATION = timedelta(minutes=5)",
        "PROPAGATION = timedelta(minutes=0)",
    ),
    Mutant(
        "a missing grant is not noticed",
        f"{FUNCTIONS}/grants.py",
        "if request.crosses_accounts and not granting:",
        "if False:",
    ),
    Mutant("the rounds have no end", f"{FUNCTIONS}/grants.py", "    if rounds > MOST_ROUNDS:", "    if False:"),
    Mutant(
        "a copy that is not visible is believed for ever",
        f"{FUNCTIONS}/copying.py",
        "        if times > MOST_TIMES_MISSING:",
        "        if False:",
    ),
    Mutant(
        "a copy that is not visible is gone at once",
        f"{FUNCTIONS}/copying.py",
        "MOST_TIMES_MISSING = 10",
        "MOST_TIMES_MISSING = 0",
    ),
    Mutant(
        "a full project is waited for", f"{FUNCTIONS}/copying.py", "    if count >= MODELS_A_PROJECT:", "    if False:"
    ),
    Mutant("the deadline never comes", f"{FUNCTIONS}/copying.py", "runtime.now() - before.since > deadline", "False"),
    Mutant(
        "age counts from the last look",
        f"{FUNCTIONS}/polling.py",
        '_moment(copy["Since"], "Copy") if "Since" in copy else now',
        "now",
    ),
    Mutant("waits are not jittered", f"{FUNCTIONS}/polling.py", "even * (0.9 + 0.2 * chance)", "even"),
    Mutant(
        "waits are too long", f"{FUNCTIONS}/polling.py", "SHORTEST, LONGEST = 10, 60", "SHORTEST, LONGEST = 10, 120"
    ),
    Mutant(
        "the role is assumed without the external id",
        f"{FUNCTIONS}/accounts.py",
        '        "ExternalId": runtime.setting("EXTERNAL_ID"),\n',
        "",
    ),
    Mutant("long session names are not cut", f"{FUNCTIONS}/accounts.py", "[:64].ljust", "[:70].ljust"),
    Mutant(
        "unknown members are let through",
        f"{FUNCTIONS}/rules.py",
        "        if name in shape.members:",
        "        if name not in shape.members:\n            continue\n        if True:",
    ),
    Mutant("patterns match a part", f"{FUNCTIONS}/rules.py", "re.fullmatch(pattern", "re.match(pattern"),
    Mutant(
        "Regions are not compared",
        f"{FUNCTIONS}/request.py",
        '        for part in ("partition", "region"):\n            theirs, ours = getattr(destination',
        '        for part in ("partition",):\n            theirs, ours = getattr(destination',
    ),
    Mutant("the definition does not retry what is transient", DEFINITION, "          - TransientError\n", ""),
    Mutant("the definition does not retry a killed function", DEFINITION, "          - Runtime.ExitError\n", ""),
    Mutant("the definition does not wait for a slot", DEFINITION, "          - NoCopySlotError\n", ""),
    Mutant(
        "a task has no timeout",
        DEFINITION,
        "    ResultPath: $.Copy\n    TimeoutSeconds: 90\n",
        "    ResultPath: $.Copy\n",
    ),
    Mutant(
        "a rejected model package is copied",
        f"{FUNCTIONS}/approvals.py",
        "isinstance(status, str) and status != APPROVED",
        "False",
    ),
    Mutant(
        "a change of an approved package's metadata is an approval",
        f"{FUNCTIONS}/approvals.py",
        'isinstance(updated, list) and "ModelApprovalStatus" not in updated',
        "False",
    ),
    Mutant(
        "an account approves what is another's",
        f"{FUNCTIONS}/approvals.py",
        "if approval.account != arn.account:",
        "if False:",
    ),
    Mutant(
        "an account that may not take part approves",
        f"{FUNCTIONS}/approvals.py",
        "    yield from places.foreign(name, arn.account, terms.accounts)\n",
        "",
    ),
    Mutant("a failed call approves", f"{FUNCTIONS}/approvals.py", 'detail.get("errorCode") is not None', "False"),
    Mutant(
        "an approval that was taken back is copied",
        f"{FUNCTIONS}/approved.py",
        "package.approval_status != APPROVED",
        "False",
    ),
    Mutant(
        "what is no approval goes on",
        DEFINITION,
        "        IsPresent: true\n        Next: Ignored\n",
        "        IsPresent: true\n        Next: Validate request\n",
    ),
    Mutant(
        "a request says who approved it",
        DEFINITION,
        "    ResultPath: $.Approval\n    Next: Validate request",
        "    ResultPath: $.Written\n    Next: Validate request",
    ),
    Mutant("back-off has no longest delay", DEFINITION, "        MaxDelaySeconds: 120\n", ""),
    Mutant(
        "COPYING_FAILED is done",
        DEFINITION,
        "            StringEquals: COPYING_COMPLETED",
        "            StringEquals: COPYING_FAILED",
    ),
    Mutant(
        "RUNNING is not done",
        DEFINITION,
        "          - Variable: $.Copy.Status\n            StringEquals: RUNNING\n",
        "",
    ),
    Mutant(
        "a refusal does not withdraw the grant",
        DEFINITION,
        "    ResultPath: $.Refusal\n    Next: Withdraw grant",
        "    ResultPath: $.Refusal\n    Next: Copy refused",
    ),
    Mutant(
        "failing to withdraw changes the ending", DEFINITION, "          - States.ALL\n", "          - TransientError\n"
    ),
    Mutant(
        "a missing grant is refused",
        DEFINITION,
        "        ResultPath: $.GrantMissing\n        Next: Ensure project policy",
        "        ResultPath: $.GrantMissing\n        Next: Withdraw grant",
    ),
    Mutant(
        "every request is granted",
        DEFINITION,
        "        BooleanEquals: true\n        Next: Ensure project policy\n    Default: No grant needed",
        "        BooleanEquals: true\n        Next: Ensure project policy\n    Default: Ensure project policy",
    ),
    Mutant(
        "what an input says of the steps is announced",
        f"{FUNCTIONS}/outcomes.py",
        "name not in STATE_KEYS - answered",
        "True",
    ),
    Mutant(
        "a grant that was never withdrawn is not told",
        f"{FUNCTIONS}/outcomes.py",
        "(error is not None or (needed and not withdrawal))",
        "error is not None",
    ),
    Mutant(
        "an ending that AWS cannot tell of is not announced",
        f"{FUNCTIONS}/executions.py",
        "except (ModelCopyError, ClientError, BotoCoreError) as error:",
        "except ZeroDivisionError as error:",
    ),
    Mutant(
        "the functions' roles may write to any log group",
        "template.yaml",
        "            Resource: !GetAtt FunctionLogGroup.Arn\n",
        '            Resource: "*"\n',
    ),
    Mutant(
        "a role lacks a permission",
        "template.yaml",
        "Action: [rekognition:ListProjectPolicies, rekognition:PutProjectPolicy]",
        "Action: [rekognition:ListProjectPolicies]",
    ),
    Mutant(
        "a function's role has no logs",
        "template.yaml",
        "[!Ref LogsAndTracesPolicy, !If [InVpc, !Ref NetworkPolicy, !Ref AWS::NoValue]]",
        "[!If [InVpc, !Ref NetworkPolicy, !Ref AWS::NoValue]]",
    ),
    Mutant(
        "a check is suppressed without a reason",
        ".checkov.baseline",
        '["CKV_AWS_115", "CKV_AWS_173"]',
        '["CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_173"]',
    ),
]


def survives(mutant: Mutant) -> bool:
    """Run the tests over a copy of the tree with the breakage; tell whether they pass."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(
            ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv*", ".aws-sam", "node_modules", "build")
        )
        broken = tree / mutant.file
        text = broken.read_text()
        if text.count(mutant.before) < 1:
            raise SystemExit(f"{mutant.file} has no {mutant.before!r} any more: bring the mutant up to date.")
        broken.write_text(text.replace(mutant.before, mutant.after, 1))
        result = subprocess.run(
            [sys.executable, *TESTS], cwd=tree, env={**os.environ, "PYTHONPATH": ""}, capture_output=True, check=False
        )
    return result.returncode == 0


def main(chosen: list[str]) -> None:
    """Try the mutants, all or those of the numbers, and exit with 1 when one survives."""
    numbers = [int(number) for number in chosen] or range(1, len(MUTANTS) + 1)
    survivors = []
    for number in numbers:
        mutant = MUTANTS[number - 1]
        alive = survives(mutant)
        survivors += [mutant] if alive else []
        print(f"{number:3}  {'SURVIVES' if alive else 'killed  '}  {mutant.what}", flush=True)
    print(f"{len(numbers)} mutants, {len(survivors)} survive")
    sys.exit(bool(survivors))


if __name__ == "__main__":
    main(sys.argv[1:])
