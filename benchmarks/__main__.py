"""``make bench``: measures, and writes docs/benchmarks.md."""

import sys

from benchmarks import functions, packages, polling
from sandbox.aws.lambda_ import emulator
from sandbox.deployment import ROOT

REPORT = ROOT / "docs" / "benchmarks.md"
TEXT = """\
# Benchmarks

Written by `make bench`. Times are of one machine and one run: the ratios between peers that ran in turns are what
counts. Where a mark is missed, `make bench` fails and names it.

## Cold start

Each function as `sam build` makes it, under Lambda's runtime interface client and emulator on Python 3.13, against the
sandbox on a local port, across accounts; medians of {cold_starts} new environments. The peer is
[a bare handler](../benchmarks/bare/bare.py) that makes the same boto3 clients and the same calls. The mark: at most
{highest_ratio:.2f} times its time, initialisation and first invocation together.

{cold}

What the imports take of it (`python -X importtime`, medians of {imports_runs} processes). The bare handler makes its
STS client while it is imported, the functions when they are first invoked.

{imports}

## Warm invocations

Medians of {warm_invocations} invocations in turns, in the same run.

{warm}

## Packages

The mark: at most {largest:,} bytes.

{sizes}

{parts}

## Polling

{copies} copies of about each duration (a tenth more or less), each polled by all schedules. What a poll costs is read
off runs of the definition with copies of these durations. 5 s and 60 s are what AWS's example scripts wait. The marks:
never later than 13 s or 6 % of the copy, whichever is more, nor than 70 s; and from 1 h on fewer polls than every 5 s
or 30 s.

{polling}

![Lateness against cost](polling.svg)

## Stories

Each of `events/`, run by the definition from its world.

{stories}
"""


def main() -> None:
    """Measure all, write the report and fail for what missed its mark."""
    part = emulator.missing()
    if part:
        sys.exit(part)
    sizes, parts, too_large = packages.sizes()
    table_of_polling, too_late = polling.compared()
    cold, warm, too_slow = functions.cold_and_warm()
    report = TEXT.format(
        cold_starts=functions.COLD_STARTS,
        highest_ratio=functions.HIGHEST_RATIO,
        cold=cold,
        imports_runs=functions.IMPORTS,
        imports=functions.imports(),
        warm_invocations=functions.WARM_INVOCATIONS,
        warm=warm,
        largest=packages.LARGEST,
        sizes=sizes,
        parts=parts,
        copies=polling.COPIES,
        polling=table_of_polling,
        stories=polling.stories_told(),
    )
    REPORT.write_text(report)
    print(report)
    sys.exit("\n".join([*too_large, *too_late, *too_slow]) or None)


if __name__ == "__main__":
    main()
