"""Settings of the sandbox's AWS: quotas, durations, and a switch for each behavior that AWS does not document."""

from dataclasses import dataclass


@dataclass
class Settings:
    """The settings are read at each call, so a test can change them at any time. Durations are in seconds."""

    # Durations. A change does not affect what has already started.
    copy_seconds: float | None = 3600  # None: a copy never ends
    training_seconds: float = 0  # 0: a new version is TRAINING_COMPLETED at once
    start_seconds: float = 0  # STARTING, until RUNNING
    stop_seconds: float = 0  # STOPPING, until STOPPED
    delete_seconds: float = 0  # DELETING, until gone
    visibility_lag_seconds: float = 0  # until DescribeProjectVersions returns a new copy; its name is taken at once
    propagation_seconds: float = 0  # until a changed policy is in force

    # What goes wrong.
    copy_failure: str | None = None  # new copies fail with this StatusMessage
    start_fails: bool = False  # a started model becomes FAILED, not RUNNING

    # Quotas.
    copies_quota: int = 5  # concurrent copies into one account and Region
    policies_quota: int = 5  # policies per project
    versions_quota: int = 100  # versions per project
    projects_quota: int = 100  # projects per account and Region
    running_quota: int = 2  # running models per account and Region
    requests_per_second: float | None = None  # per operation, account and Region; more are throttled

    # Errors. AWS documents their names, but not when it returns which one.
    invalid_request_error: str = "InvalidParameterException"  # or ValidationException, which the service model lacks
    taken_name_error: str = "ResourceInUseException"  # CopyProjectVersion with a version name that is taken
    slot_error: str = "LimitExceededException"  # or ServiceQuotaExceededException: one copy too many
    policy_quota_error: str = "LimitExceededException"  # or ServiceQuotaExceededException
    versions_quota_error: str = "ServiceQuotaExceededException"  # or LimitExceededException
    existing_policy_error: str | None = "ResourceAlreadyExistsException"  # or InvalidPolicyRevisionIdException,
    # or None: a put without a revision overwrites the policy
    unknown_version_error: str | None = None  # DescribeProjectVersions of unknown names; None: an empty answer

    # The description of a copy.
    copy_inherits_creation_timestamp: bool = True  # else its CreationTimestamp is the time of the copy
    copy_reports_output_config: bool = True
    copy_inherits_output_config: bool = False  # a copy has its source's output location and key, not its own
    copy_reports_kms_key: bool = True
    copy_reports_evaluation: bool = True  # a copy has its source's EvaluationResult
    copy_reports_source: str = "always"  # when a copy has SourceProjectVersionArn; or "when_complete"
    started_copy_replaces_status: bool = True  # else a started copy stays COPYING_COMPLETED
    failed_copy_keeps_name: bool = True  # else a new copy may take the name of a failed one

    # Project policies.
    accepts_sid: bool = True
    accepts_condition: bool = False
    conditions_are_met: bool = False  # whether conditions count as met when a copy is authorized
    effect_ignores_case: bool = True  # else Effect is Allow or Deny only; AWS's guide writes ALLOW
    accepts_other_actions: bool = True  # else Action is CopyProjectVersion only, without wildcards

    roles_must_exist: bool = False  # else a document may name a role that does not exist; AWS refuses it, and lists a
    # role that was deleted later as its unique id

    # The Feature of Custom Labels in DescribeProjects and DescribeProjectVersions; None: they have no Feature.
    reported_feature: str | None = "CUSTOM_LABELS"

    # Step Functions.
    states_all_catches_data_limit: bool = True  # a Catch of States.ALL catches States.DataLimitExceeded of a task

    def reset(self) -> None:
        """Restore the defaults in place, as other modules have imported this object."""
        vars(self).update(vars(Settings()))


settings = Settings()
