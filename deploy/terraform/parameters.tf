# Made from template.yaml by make parameters.

locals {
  parameters = {
    ReleaseBucket                = var.release_bucket
    ReleasePrefix                = var.release_prefix
    SourceRoleName               = var.source_role_name
    DestinationRoleName          = var.destination_role_name
    ExternalId                   = var.external_id
    AllowedAccounts              = var.allowed_accounts
    MinimumF1Score               = tostring(var.minimum_f1_score)
    DeadlineHours                = tostring(var.deadline_hours)
    OutputBucket                 = var.output_bucket
    OutputKeyArn                 = var.output_key_arn
    DestinationsManifest         = var.destinations_manifest
    PromotionConcurrency         = tostring(var.promotion_concurrency)
    OwnEventTrigger              = var.own_event_trigger
    OwnEventSource               = var.own_event_source
    OwnEventDetailType           = var.own_event_detail_type
    SageMakerTrigger             = var.sagemaker_trigger
    TagTrigger                   = var.tag_trigger
    ApprovalTagKey               = var.approval_tag_key
    ApprovalTagValue             = var.approval_tag_value
    DefaultDestinationProjectArn = var.default_destination_project_arn
    DefaultOutputBucket          = var.default_output_bucket
    DefaultOutputKeyPrefix       = var.default_output_key_prefix
    DefaultKmsKeyId              = var.default_kms_key_id
    EventBusName                 = var.event_bus_name
    EventAccounts                = var.event_accounts
    LogRetentionDays             = tostring(var.log_retention_days)
    NotificationEmail            = var.notification_email
    MailedOutcomes               = var.mailed_outcomes
    OldCopyHours                 = tostring(var.old_copy_hours)
    RunbookUrl                   = var.runbook_url
    OperationKeyArn              = var.operation_key_arn
    AuditSchedule                = var.audit_schedule
    AuditBucket                  = var.audit_bucket
    AuditKeyArn                  = var.audit_key_arn
    SubnetIds                    = join(",", var.subnet_ids)
    SecurityGroupIds             = join(",", var.security_group_ids)
    PermissionsBoundary          = var.permissions_boundary
  }
}
