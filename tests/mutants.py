"""Breaks the project in small ways, one at a time, and lists the changes that no test notices.

``python tests/mutants.py [NUMBER ...]`` works on copies of the tree, so the tree itself does not change.
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
TESTS += ["--ignore", "tests/unit/test_mutants.py"]  # it fails for any mutant, because it looks for the unchanged text
# It needs Node, which the copy lacks. Both of its interpreters would run the same mutant.
TESTS += ["--ignore", "tests/workflow/test_second_interpreter.py"]


@dataclass(frozen=True)
class Mutant:
    """One small change: a text in a file is replaced by another."""

    what: str
    file: str
    before: str
    after: str


MUTANTS = [
    Mutant(
        "an existing copy is not adopted",
        f"{FUNCTIONS}/copying.py",
        "    if existing is None:\n        try:",
        "    if True:\n        try:",
    ),
    Mutant(
        "the name is not described again after a failure",
        f"{FUNCTIONS}/copying.py",
        "            if existing is None:\n                raise _copy_error",
        "            if True:\n                raise _copy_error",
    ),
    Mutant(
        "a copy of another version is adopted",
        f"{FUNCTIONS}/versions.py",
        "    return existing.source == request.source_version.text or",
        "    return existing.source is not None or",
    ),
    Mutant(
        "a copy in progress that reports no source is refused",
        f"{FUNCTIONS}/versions.py",
        "        existing.source is None and existing.status in (IN_PROGRESS, FAILED)\n",
        "        False\n",
    ),
    Mutant(
        "a copy of another version that reported no source at first is taken for this copy when it is complete",
        f"{FUNCTIONS}/copying.py",
        "    adopted = before.adopted or found.arn != before.arn",
        "    adopted = found.arn != before.arn",
    ),
    Mutant(
        "whose policies fill a project is judged by a list that was read before AWS refused",
        f"{FUNCTIONS}/placement.py",
        "_check_full(tries, found, grant, request)",
        "_check_full(tries, tries.refused[0], grant, request)",
    ),
    Mutant(
        "a policy of the stack that came and went between two lists is ignored",
        f"{FUNCTIONS}/placement.py",
        "len(tries.refused) >= REFUSALS",
        "tries.refused",
    ),
    Mutant(
        "a function that was idle for weeks fails the execution",
        DEFINITION,
        "Lambda.CodeArtifactUserPendingException,\n",
        "\n",
    ),
    Mutant(
        "a model below the quality gate is copied",
        f"{FUNCTIONS}/versions.py",
        "score >= round(minimum, F1_DIGITS)",
        "True",
    ),
    Mutant(
        "a model without a score passes the quality gate",
        f"{FUNCTIONS}/versions.py",
        "(score is not None and score",
        "(score is None or score",
    ),
    Mutant(
        "an existing copy passes the quality gate",
        f"{FUNCTIONS}/checks.py",
        "    versions.check_quality(found, minimum_f1_score)\n    return found",
        "    return found",
    ),
    Mutant(
        "an existing copy is lost with its source when there is a quality gate",
        f"{FUNCTIONS}/checks.py",
        "    except SourceVersionNotFoundError:\n        return None",
        "    except SourceVersionNotFoundError:\n        raise",
    ),
    Mutant(
        "a copy with another output is adopted",
        f"{FUNCTIONS}/versions.py",
        "requested != found and not inherited",
        "False",
    ),
    Mutant(
        "a copy with another key is adopted",
        f"{FUNCTIONS}/versions.py",
        "return requested.rpartition",
        "return True or requested.rpartition",
    ),
    Mutant(
        "a failed copy is adopted", f"{FUNCTIONS}/versions.py", "    if existing.status == FAILED:", "    if False:"
    ),
    Mutant(
        "a version that is being deleted is adopted",
        f"{FUNCTIONS}/versions.py",
        "    if existing.status == DELETING:",
        "    if False:",
    ),
    Mutant(
        "a source in training is copied",
        f"{FUNCTIONS}/versions.py",
        '    "TRAINING_IN_PROGRESS": "Start',
        '    "TRAINING": "Start',
    ),
    Mutant(
        "STOPPED is not a success in the handlers", f"{FUNCTIONS}/versions.py", '"STOPPING", "STOPPED"}', '"STOPPING"}'
    ),
    Mutant(
        "the revision is not sent",
        f"{FUNCTIONS}/aws/rekognition.py",
        '{"PolicyRevisionId": revision} if revision else {}',
        "{}",
    ),
    Mutant("a delete sends no revision", f"{FUNCTIONS}/aws/rekognition.py", ", PolicyRevisionId=revision)", ")"),
    Mutant(
        "only the first page of policies is read",
        f"{FUNCTIONS}/aws/rekognition.py",
        'for page in pages for one in page["ProjectPolicies"]',
        'for page in list(pages)[:1] for one in page["ProjectPolicies"]',
    ),
    Mutant("throttling is not transient", f"{FUNCTIONS}/aws/errors.py", '    "ThrottlingException",\n', ""),
    Mutant("HTTP 503 is not transient", f"{FUNCTIONS}/aws/errors.py", "status >= 500", "status > 503"),
    Mutant(
        "a dropped connection is not transient",
        f"{FUNCTIONS}/aws/errors.py",
        "    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:\n",
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
        "a statement of another writer is taken for the stack's",
        f"{FUNCTIONS}/statements.py",
        " and (self._include(one) or self.is_deleted(one)) for one in named",
        " for one in named",
    ),
    Mutant(
        "the statements of others in the stack's policy are dropped",
        f"{FUNCTIONS}/statements.py",
        "        kept.append(one)\n    return kept",
        "    return kept",
    ),
    Mutant(
        "a statement for all versions is taken for the stack's",
        f"{FUNCTIONS}/statements.py",
        'and [re.search(r"[*?]", str(one)) for one in as_list(statement["Resource"])] == [None]',
        'and len(as_list(statement["Resource"])) == 1',
    ),
    Mutant(
        "a role is added to the statement for another version",
        f"{FUNCTIONS}/statements.py",
        'if roles.wrote(one) and as_list(one["Resource"]) == [grant.version_arn]:',
        "if roles.wrote(one):",
    ),
    Mutant(
        "a withdrawal takes the version from every role",
        f"{FUNCTIONS}/statements.py",
        "lambda principal: principal == grant.principal, grant.version_arn",
        "lambda principal: True, grant.version_arn",
    ),
    Mutant(
        "a withdrawal takes every version from the role",
        f"{FUNCTIONS}/statements.py",
        "lambda principal: principal == grant.principal, grant.version_arn",
        "lambda principal: principal == grant.principal",
    ),
    Mutant(
        "deleted roles stay in the stack's statements",
        f"{FUNCTIONS}/statements.py",
        'return re.fullmatch(r"AROA[A-Z0-9]+", principal) is not None',
        "return False",
    ),
    Mutant(
        "a policy of another stack is taken for this stack's",
        f"{FUNCTIONS}/placement.py",
        '{re.escape(policy_prefix())}\\d{{1,7}}"',
        '{re.escape(policy_prefix())}.*"',
    ),
    Mutant(
        "a policy that AWS rejected with the grant is tried again",
        f"{FUNCTIONS}/placement.py",
        "if policy.name not in tries.rejected and (",
        "if (",
    ),
    Mutant(
        "a role that does not exist is waited for where AWS accepts no new policy",
        f"{FUNCTIONS}/placement.py",
        "    if tries.rejected:\n        raise rejected",
        "    if False:\n        raise rejected",
    ),
    Mutant(
        "writers that meet do not spread",
        f"{FUNCTIONS}/placement.py",
        "(tries.conflicts or tries.rejected or not places)",
        "(tries.rejected or not places)",
    ),
    Mutant(
        "where AWS accepts no new policy, another is tried before those with room",
        f"{FUNCTIONS}/placement.py",
        "if not (tries.refused and existing) and (",
        "if (",
    ),
    Mutant(
        "a grant that AWS accepts in no document is tried for ever",
        f"{FUNCTIONS}/grants.py",
        "            if place.revision is None:",
        "            if False:",
    ),
    Mutant(
        "an empty policy of the stack is not deleted",
        f"{FUNCTIONS}/grants.py",
        "            if document is None:",
        "            if False:",
    ),
    Mutant(
        "a conflict is not retried",
        f"{FUNCTIONS}/grants.py",
        "            tries.refused.clear()\n        except rekognition.PolicyQuotaReachedError as",
        "            raise\n        except rekognition.PolicyQuotaReachedError as",
    ),
    Mutant("conflicts are retried only once", f"{FUNCTIONS}/grants.py", "TRIES = 12", "TRIES = 2"),
    Mutant(
        "the size of a policy is not checked",
        f"{FUNCTIONS}/placement.py",
        "if len(document) <= LONGEST_DOCUMENT else None",
        "if document else None",
    ),
    Mutant(
        "the execution does not wait for a new grant",
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
        "a copy that is not visible is polled forever",
        f"{FUNCTIONS}/copying.py",
        "        if times > MOST_TIMES_MISSING:",
        "        if False:",
    ),
    Mutant(
        "a copy that is not visible counts as gone at once",
        f"{FUNCTIONS}/copying.py",
        "MOST_TIMES_MISSING = 10",
        "MOST_TIMES_MISSING = 0",
    ),
    Mutant(
        "the execution waits for a full project",
        f"{FUNCTIONS}/copying.py",
        "    if count >= MODELS_PER_PROJECT:",
        "    if False:",
    ),
    Mutant(
        "the deadline never comes", f"{FUNCTIONS}/copying.py", "runtime.now() - before.first_seen > deadline", "False"
    ),
    Mutant(
        "the copy's age counts from the last poll",
        f"{FUNCTIONS}/progress.py",
        'datetime.fromisoformat(copy["FirstSeenAt"]) if copy else now',
        "now",
    ),
    Mutant("waits are not jittered", f"{FUNCTIONS}/progress.py", "even * (0.9 + 0.2 * chance)", "even"),
    Mutant(
        "waits are too long", f"{FUNCTIONS}/progress.py", "SHORTEST, LONGEST = 10, 60", "SHORTEST, LONGEST = 10, 120"
    ),
    Mutant(
        "the role is assumed without the external id",
        f"{FUNCTIONS}/aws/clients.py",
        '        "ExternalId": runtime.setting("EXTERNAL_ID"),\n',
        "",
    ),
    Mutant("long session names are not cut", f"{FUNCTIONS}/aws/clients.py", "[:64].ljust", "[:70].ljust"),
    Mutant(
        "unknown fields are accepted",
        f"{FUNCTIONS}/validation.py",
        "        if name in shape.members:",
        "        if name not in shape.members:\n            continue\n        if True:",
    ),
    Mutant("patterns match a part", f"{FUNCTIONS}/validation.py", "re.fullmatch(pattern", "re.match(pattern"),
    Mutant(
        "Regions are not compared",
        f"{FUNCTIONS}/request.py",
        '            for part in ("partition", "region"):\n                other, own = getattr(destination',
        '            for part in ("partition",):\n                other, own = getattr(destination',
    ),
    Mutant("the definition does not retry what is transient", DEFINITION, "          TransientError,\n", ""),
    Mutant("the definition does not retry a killed function", DEFINITION, "Runtime.ExitError, ", ""),
    Mutant("the definition does not wait for a slot", DEFINITION, "[NoCopySlotError]", "[PolicyFullError]"),
    Mutant(
        "a task has no timeout",
        DEFINITION,
        "    ResultPath: $.Copy\n    TimeoutSeconds: 90\n",
        "    ResultPath: $.Copy\n",
    ),
    Mutant(
        "a rejected model package is copied",
        f"{FUNCTIONS}/approval_events.py",
        "isinstance(status, str) and status != APPROVED",
        "False",
    ),
    Mutant(
        "a change of an approved package's metadata is an approval",
        f"{FUNCTIONS}/approval_events.py",
        'isinstance(updated, list) and "ModelApprovalStatus" not in updated',
        "False",
    ),
    Mutant(
        "an account approves what is another's",
        f"{FUNCTIONS}/approval_events.py",
        "if approval.account != arn.account:",
        "if False:",
    ),
    Mutant(
        "an account that may not take part approves",
        f"{FUNCTIONS}/approval_events.py",
        "    yield from rules.scope.account_errors(name, arn.account)\n",
        "",
    ),
    Mutant(
        "a failed call approves",
        f"{FUNCTIONS}/approval_events.py",
        'detail.get("errorCode") is not None',
        "False",
    ),
    Mutant(
        "an approval that was revoked is copied",
        f"{FUNCTIONS}/approval_requests.py",
        "package.approval_status != APPROVED",
        "False",
    ),
    Mutant(
        "an event that is not an approval starts a copy",
        DEFINITION,
        "        IsPresent: true\n        Next: Ignored\n",
        "        IsPresent: true\n        Next: Is it a dry run?\n",
    ),
    Mutant(
        "a request has no Approval of the definition's own",
        DEFINITION,
        "    ResultPath: $.Approval\n    Next: Is it a dry run?",
        "    ResultPath: $.Written\n    Next: Is it a dry run?",
    ),
    Mutant("a dry run copies", DEFINITION, "        Next: Plan copy\n", "        Next: Validate request\n"),
    Mutant("a plan depends on chance", f"{FUNCTIONS}/plans.py", "probes=0", "probes=1"),
    Mutant("a dry run is announced", f"{FUNCTIONS}/outcomes.py", "request.get(DRY_RUN) is True", "False"),
    Mutant("back-off has no longest delay", DEFINITION, "        MaxDelaySeconds: 120\n", ""),
    Mutant(
        "COPYING_FAILED is done",
        DEFINITION,
        "StringEquals: COPYING_COMPLETED",
        "StringEquals: COPYING_FAILED",
    ),
    Mutant(
        "RUNNING is not done",
        DEFINITION,
        "          - {Variable: $.Copy.Status, StringEquals: RUNNING}\n",
        "",
    ),
    Mutant(
        "a refusal does not withdraw the grant",
        DEFINITION,
        "    ResultPath: $.Refusal\n    Next: Withdraw grant",
        "    ResultPath: $.Refusal\n    Next: Copy refused",
    ),
    Mutant(
        "a grant that cannot be withdrawn changes the outcome",
        DEFINITION,
        "[States.ALL]",
        "[TransientError]",
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
        "the input's own keys are announced as if a state had written them",
        f"{FUNCTIONS}/endings.py",
        '{"Request": parse_object(execution.text("input"))}',
        'parse_object(execution.text("input"))',
    ),
    Mutant(
        "the input is not nested under Request",
        DEFINITION,
        "StartAt: Nest the request",
        "StartAt: What started it?",
    ),
    Mutant(
        "the input's own keys stay beside those of the states",
        DEFINITION,
        "    Parameters:\n      Request.$: $\n      Execution: {Id.$: $$.Execution.Id, Name.$: $$.Execution.Name}\n",
        "    Parameters: {Id.$: $$.Execution.Id, Name.$: $$.Execution.Name}\n    ResultPath: $.Execution\n",
    ),
    Mutant(
        "the input of the first state is read as state data",
        f"{FUNCTIONS}/aws/stepfunctions.py",
        'event.get("stateExitedEventDetails", {}).get("output")',
        'event.get("stateEnteredEventDetails", {}).get("input")',
    ),
    Mutant(
        "the slow Retry for policies without room is on the wrong task",
        DEFINITION,
        "[PolicyFullError]",
        "[NoCopySlotError]",
    ),
    Mutant(
        "a grant that was never withdrawn is not announced",
        f"{FUNCTIONS}/outcomes.py",
        "(error is not None or (needed and not withdrawal))",
        "error is not None",
    ),
    Mutant(
        "each copy of a promotion sends a mail",
        "functions/announce_outcome.py",
        "mailed = () if is_row else ",
        "mailed = ",
    ),
    Mutant(
        "any execution that a copy names keeps the copy from being mailed",
        f"{FUNCTIONS}/promotion.py",
        "started_by.startswith(executions)",
        "executions in started_by",
    ),
    Mutant(
        "a promotion that was stopped is announced without its table",
        f"{FUNCTIONS}/promotion_table.py",
        'if "Promotion" not in data:',
        'if "Summary" not in data:',
    ),
    Mutant(
        "a dry run of a promotion is announced",
        f"{FUNCTIONS}/promotion_outcomes.py",
        "(_request(execution) or {}).get(DRY_RUN) is True",
        "False",
    ),
    Mutant(
        "the mail about a promotion begins with the successes",
        f"{FUNCTIONS}/promotion_mail.py",
        "[*map(_failed_row, failed), *map(_reached_row, reached)]",
        "[*map(_reached_row, reached), *map(_failed_row, failed)]",
    ),
    Mutant(
        "an execution that AWS cannot describe is not announced",
        f"{FUNCTIONS}/aws/stepfunctions.py",
        "except (ModelCopyError, *UNTRANSLATED) as error:",
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
    Mutant(
        "an audit takes an execution that has just ended for a long ended one",
        f"{FUNCTIONS}/audit_needs.py",
        "GRACE = timedelta(hours=1)",
        "GRACE = timedelta(0)",
    ),
    Mutant(
        "an audit lists running executions only",
        f"{FUNCTIONS}/audit_needs.py",
        "        if left:\n            started",
        "        if False:\n            started",
    ),
    Mutant(
        "an audit does not look again who needs a suspect",
        f"{FUNCTIONS}/audit.py",
        "    left = executions.unneeded({grant for _, grant in ours}, audit.began)\n",
        "    left = suspects\n",
    ),
    Mutant(
        "an audit does not read the policy of a suspect again",
        f"{FUNCTIONS}/audit.py",
        "if (row.project, row.policy, grant) in now_there]",
        "]",
    ),
    Mutant(
        "an audit goes on when its time is over",
        f"{FUNCTIONS}/audit.py",
        "        if runtime.now() >= self.until:",
        "        if False:",
    ),
    Mutant(
        "a cell of a report can be a formula",
        f"{FUNCTIONS}/audit_report.py",
        'return f"\'{value}" if',
        "return value if",
    ),
]


def survives(mutant: Mutant) -> bool:
    """Run the tests on a copy of the tree with the change; return whether they pass."""
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
    """Try all mutants, or those with the given numbers; exit with 1 if one survives."""
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
