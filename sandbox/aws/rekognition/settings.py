"""What a world is like: quotas, times, and a switch for everything that AWS does not document."""

from dataclasses import dataclass


@dataclass
class Settings:
    """Read at each call, so that a test may change them at any time; times are in seconds."""

    # How long things take.  A change of settings never reaches back to what was started earlier.
    copy_seconds: float | None = 3600  # None: a copy never ends
    training_seconds: float = 0  # 0: a created version is TRAINING_COMPLETED at once
    start_seconds: float = 0  # STARTING, until RUNNING
    stop_seconds: float = 0  # STOPPING, until STOPPED
    delete_seconds: float = 0  # DELETING, until gone
    visibility_lag_seconds: float = 0  # a new copy's name is taken, but DescribeProjectVersions does not show it yet
    propagation_seconds: float = 0  # copies are still judged by the old policies

    # What goes wrong.
    copy_failure: str | None = None  # the StatusMessage with which new copies fail
    start_fails: bool = False  # a started model becomes FAILED, not RUNNING

    # Quotas.
    copies_quota: int = 5  # concurrent copies into one account and Region
    policies_quota: int = 5  # policies of a project
    versions_quota: int = 100  # versions of a project
    projects_quota: int = 100  # projects of an account and Region
    running_quota: int = 2  # running models of an account and Region
    requests_per_second: float | None = None  # of each operation in an account and Region; above it, throttled

    # Which error answers: AWS documents the names, but not which one means what.
    invalid_request_error: str = "InvalidParameterException"  # or ValidationException, which no model names
    taken_name_error: str = "ResourceInUseException"  # CopyProjectVersion with a version name that is taken
    slot_error: str = "LimitExceededException"  # or ServiceQuotaExceededException: one copy too many
    policy_quota_error: str = "LimitExceededException"  # or ServiceQuotaExceededException
    versions_quota_error: str = "ServiceQuotaExceededException"  # or LimitExceededException
    existing_policy_error: str | None = "ResourceAlreadyExistsException"  # or InvalidPolicyRevisionIdException,
    # or None: putting a policy that exists without a revision overwrites it
    unknown_version_error: str | None = None  # DescribeProjectVersions of unknown names; None: an empty answer

    # What a copy tells about itself.
    copy_inherits_creation_timestamp: bool = True  # else its CreationTimestamp is when it was copied
    copy_tells_output_config: bool = True
    copy_inherits_output_config: bool = False  # it tells its source's output location and key, not its own
    copy_tells_kms_key: bool = True
    copy_reports_source: str = "always"  # its SourceProjectVersionArn; or "when_complete"
    started_copy_replaces_status: bool = True  # else a copy that was started goes on showing COPYING_COMPLETED
    failed_copy_holds_name: bool = True  # else a new copy may take the name of a failed one

    # What a policy document may hold.
    accepts_sid: bool = True
    accepts_condition: bool = False
    conditions_hold: bool = False  # whether a condition is taken as met when a copy is judged
    effect_ignores_case: bool = True  # else Effect is Allow or Deny, and not ALLOW, as AWS's guide writes it
    accepts_other_actions: bool = True  # else Action is CopyProjectVersion alone: no other beside it, no wildcard

    # Which Feature DescribeProjects and DescribeProjectVersions report for Custom Labels; None: they leave it out.
    reported_feature: str | None = "CUSTOM_LABELS"

    # Step Functions.
    states_all_catches_data_limit: bool = True  # a Catch of States.ALL catches States.DataLimitExceeded of a task

    def reset(self) -> None:
        """Back to the defaults, in place, so that every importer sees it."""
        vars(self).update(vars(Settings()))


settings = Settings()
