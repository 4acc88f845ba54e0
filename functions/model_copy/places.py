"""Where a stack may act: its partition, its Regions, the accounts that may take part."""

from collections.abc import Collection, Iterator

from model_copy import rules
from model_copy.arns import Arn
from model_copy.text import printable


def unknown(name: str, arn: Arn, partition: str, regions: Collection[str]) -> Iterator[str]:
    """Say that the ARN of that name is where the stack cannot reach."""
    if arn.partition != partition:
        yield f"{name} must be in the partition of this stack, {partition}, and is in {printable(arn.partition)}"
    elif arn.region not in regions:
        near = rules.nearest(arn.region, regions)
        yield f"{name} must be in a Region that has Rekognition Custom Labels, and is in {printable(arn.region)}{near}"


def foreign(name: str, account: str, accounts: Collection[str]) -> Iterator[str]:
    """Say that the account may not take part; where none is named, all may."""
    if accounts and account not in accounts:
        yield f"{name} must be in an account that this stack's AllowedAccounts names, and is in {account}"
