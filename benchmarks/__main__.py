"""``make bench``: measure, and write docs/benchmarks.md. With ``SHORT=1`` only prove that every benchmark runs."""

import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks import accounts, functions, packages, page, polling, promotions
from sandbox.aws.lambda_ import emulator
from sandbox.deployment import ROOT
from sandbox.stories import stories

TEXT = """\
# Benchmarks

Written by `make bench`. The times are from one machine and one run, so only the ratios between peers that ran in turns
count. `make bench` fails if a limit is exceeded, and names the limit.

## Cold start

Each function as `sam build` packages it, under Lambda's runtime interface client and emulator on Python 3.13, calling
the sandbox on a local port, across accounts: medians of {cold_starts} new environments. The peer is
[a bare handler](../benchmarks/bare/bare.py), compiled like the functions, that makes the same boto3 clients and the
same calls. The limit: initialization and first invocation take at most {highest_ratio:.2f} times as long as the peer's.

{cold}

The part of the imports in this time (`python -X importtime`, medians of {import_runs} processes):

{imports}

## Warm invocations

Medians of {warm_invocations} invocations in turns, in the same run.

{warm}

## Packages

The limit: at most {largest:,} bytes.

{sizes}

{parts}

## Polling

{copies} copies of each duration, plus or minus a tenth; each copy is polled by every schedule. The cost of a poll comes
from runs of the definition with copies of these durations. AWS's example scripts wait 5 s and 60 s. The limits:

- The end of a copy is seen at most 13 s late, or 6 % of the copy's duration if that is longer, and never more than 70 s
  late.
- For copies of 1 h or more, there are fewer polls than with a poll every 5 s or every 30 s.

{polling}

![Lateness against cost](polling.svg)

## Many accounts

Copies of one version, each {copy_minutes} minutes long, started at once to this many accounts, next to one copy alone.
They share the policies of the source project. AWS's quotas apply: 5 policies on a project, 2,000 characters in a
policy, 5 copies at a time to an account, and {requests_per_second} requests a second for each operation and account.

A write of a policy is in vain if another writer was faster or if AWS refuses it; throttled calls are not counted. The
marks: each row takes at most so many times as long as one copy as its mark says; at most {most_writes_in_vain} writes
in vain a copy; no failed executions.

{accounts}

## Promotions

One promotion to this many accounts, under the same quotas and with copies of the same duration. It runs at most
`PromotionConcurrency` copies at once, by default 100. The dollars are for state transitions; the child executions are
those of the Map state. The limits: at most {highest_promotion:.1f} times as long as one copy, at most
{most_writes_in_vain} writes in vain a copy, fewer than {most_events:,} events in every history, and no destination
without the model version.

{promotions}

## The report

From opening the file of a report until the browser shows it, with a history of this many events, calm or with a retry
in each poll. The limit: {longest_report} s.

{reports}

## The page

From a click until the browser shows the answer, while executions run in the served sandbox on the same machine. The
limit: {longest_report} s.

{served_page}

## Stories

Each story of `events/` that is a request or an approval of one copy, run by the definition.

{stories}
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How often a run measures, and where it writes the report."""

    folder: Path
    cold_starts: int
    warm_invocations: int
    import_runs: int
    copies: int
    stories: list[str]
    cases: tuple[accounts.Case, ...]
    promoted: int
    histories: tuple[int, ...]
    executions: int
    judges: bool


FULL = Size(ROOT / "docs", 21, 300, 9, 500, stories(), accounts.CASES, 200, (1_000, 5_000, 20_000), 200, judges=True)
SHORT = Size(ROOT / "build", 1, 2, 1, 10, stories()[:3], accounts.CASES[:2], 12, (1_000,), 5, judges=False)


def main(*arguments: str) -> None:
    """Measure everything, write the report, and exit with the limits that were exceeded."""
    if part := emulator.missing():
        sys.exit(part)
    size = SHORT if "--short" in arguments else FULL
    size.folder.mkdir(exist_ok=True)
    report, missed = measured(size)
    path = size.folder / "benchmarks.md"
    path.write_text(report)
    if size.judges:
        print(report)
        sys.exit("\n".join(missed) or None)
    print(f"Every benchmark ran; no limit was checked. The report is {path.relative_to(ROOT)}.")


def measured(size: Size) -> tuple[str, list[str]]:
    """Return the report, and a sentence for each limit that was exceeded."""
    sizes, parts, too_large = packages.sizes()
    schedules, too_late = polling.compared(size.copies, size.folder / "polling.svg")
    many, too_long = accounts.compared(size.cases)
    promoted, exceeded = promotions.measured(size.promoted)
    reports, too_slow_to_show = page.rendered(size.histories)
    served, unusable = page.served_page(size.executions)
    cold, warm, too_slow = functions.cold_and_warm(size.cold_starts, size.warm_invocations)
    report = TEXT.format(
        cold_starts=size.cold_starts,
        highest_ratio=functions.HIGHEST_RATIO,
        cold=cold,
        import_runs=size.import_runs,
        imports=functions.imports(size.import_runs),
        warm_invocations=size.warm_invocations,
        warm=warm,
        largest=packages.LARGEST,
        sizes=sizes,
        parts=parts,
        copies=size.copies,
        polling=schedules,
        copy_minutes=accounts.COPY_SECONDS // 60,
        requests_per_second=accounts.REQUESTS_PER_SECOND,
        most_writes_in_vain=accounts.MOST_WRITES_IN_VAIN,
        accounts=many,
        highest_promotion=promotions.HIGHEST_RATIO,
        most_events=promotions.MOST_EVENTS,
        promotions=promoted,
        longest_report=page.LONGEST_SECONDS,
        reports=reports,
        served_page=served,
        stories=polling.costs(size.stories),
    )
    return report, [*too_large, *too_late, *too_long, *exceeded, *too_slow_to_show, *unusable, *too_slow]


if __name__ == "__main__":
    main(*sys.argv[1:])
