"""The caller of an operation, as a principal in policies."""

from dataclasses import dataclass

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends


@dataclass(frozen=True)
class Caller:
    """The root user of an account, a user (`user_arn`) or the session of a role (`role_arn`, `session_arn`)."""

    account_id: str
    partition: str = "aws"
    role_arn: str | None = None
    session_arn: str | None = None
    user_arn: str | None = None

    @property
    def root_arn(self) -> str:
        return f"arn:{self.partition}:iam::{self.account_id}:root"

    @property
    def arn(self) -> str:
        """The most specific ARN of the caller."""
        return self.session_arn or self.user_arn or self.root_arn

    @property
    def principals(self) -> frozenset[str]:
        """All names that a policy may use for this caller, except `*`."""
        names = (self.account_id, self.root_arn, self.role_arn, self.session_arn, self.user_arn)
        return frozenset(name for name in names if name)


def caller_of(access_key: str, account_id: str, partition: str = "aws") -> Caller:
    """Return the owner of an access key. A key that is not from STS or IAM belongs to the root user of the account."""
    role = sts_backends[account_id][partition].get_assumed_role_from_access_key(access_key)
    if role:
        return Caller(account_id, partition, role_arn=role.role_arn, session_arn=role.arn)
    users = iam_backends[account_id][partition].users.values()
    keys = {key.access_key_id: user.arn for user in users for key in user.access_keys}
    return Caller(account_id, partition, user_arn=keys.get(access_key))
