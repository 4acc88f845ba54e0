# Made from template.yaml by make parameters.

variable "release_bucket" {
  type        = string
  description = "Bucket in the stack's Region that has the release's files."
  nullable    = false

  validation {
    condition     = can(regex("^(?:[0-9a-z][0-9a-z.-]{1,61}[0-9a-z])$", var.release_bucket))
    error_message = "release_bucket must match [0-9a-z][0-9a-z.-]{1,61}[0-9a-z]."
  }
}

variable "release_prefix" {
  type        = string
  description = "Key prefix of the release's files in this bucket, without a slash at its end."
  default     = "rekognition-model-copy"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w!.*'()/-]{0,255}[\\w!.*'()-])$", var.release_prefix))
    error_message = "release_prefix must match [\\w!.*'()/-]{0,255}[\\w!.*'()-]."
  }
}

variable "source_role_name" {
  type        = string
  description = "Name of the role that the stack assumes in source accounts to read versions and manage their policies."
  default     = "rekognition-model-copy-source"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w+=,.@-]{1,64})$", var.source_role_name))
    error_message = "source_role_name must match [\\w+=,.@-]{1,64}."
  }
}

variable "destination_role_name" {
  type        = string
  description = "Name of the role that the stack assumes in destination accounts to copy and read versions."
  default     = "rekognition-model-copy-destination"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w+=,.@-]{1,64})$", var.destination_role_name))
    error_message = "destination_role_name must match [\\w+=,.@-]{1,64}."
  }
}

variable "external_id" {
  type        = string
  description = "External ID that the roles in other accounts require (at most 128 characters)."
  default     = "rekognition-model-copy"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w+=,.@:/-]{2,128})$", var.external_id))
    error_message = "external_id must match [\\w+=,.@:/-]{2,128}."
  }
}

variable "allowed_accounts" {
  type        = string
  description = "Accounts that models may be copied from and to, separated by commas, at most 100 (empty means every account whose roles trust the stack)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(\\d{12}(,\\d\\d\\d\\d\\d\\d\\d\\d\\d\\d\\d\\d){0,99})?)$", var.allowed_accounts))
    error_message = "allowed_accounts must match (\\d{12}(,\\d{12}){0,99})?."
  }
}

variable "minimum_f1_score" {
  type        = number
  description = "F1 score that a version needs to be copied (0 to 1). A version with a lower score, or without one, is refused (0 means every version may be copied)."
  default     = 0
  nullable    = false

  validation {
    condition     = var.minimum_f1_score >= 0 && var.minimum_f1_score <= 1
    error_message = "minimum_f1_score must be from 0 to 1."
  }
}

variable "deadline_hours" {
  type        = number
  description = "Hours after which the execution fails if the copy is still in progress (1 to 36)."
  default     = 24
  nullable    = false

  validation {
    condition     = var.deadline_hours >= 1 && var.deadline_hours <= 36
    error_message = "deadline_hours must be from 1 to 36."
  }
}

variable "output_bucket" {
  type        = string
  description = "Bucket in this account that copies may write to; * and ? are wildcards."
  default     = "*"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[0-9A-Za-z._*?-]{1,255})$", var.output_bucket))
    error_message = "output_bucket must match [0-9A-Za-z._*?-]{1,255}."
  }
}

variable "output_key_arn" {
  type        = string
  description = "ARN of the KMS key that encrypts copies or is the default key of their bucket (SSE-KMS); * and ? are wildcards (empty means none)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z-]+:kms:[a-z0-9*?-]+:\\d{12}:key/.+)?)$", var.output_key_arn))
    error_message = "output_key_arn must match (arn:[a-z-]+:kms:[a-z0-9*?-]+:\\d{12}:key/.+)?."
  }
}

variable "destinations_manifest" {
  type        = string
  description = "Manifest with the destinations of every approval, as bucket/key of at most 512 characters; an approval then starts a promotion (empty means that an approval starts one copy)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:([0-9a-z][0-9a-z.-]{1,61}[0-9a-z]/[\\w./=+@:-]{1,448})?)$", var.destinations_manifest))
    error_message = "destinations_manifest must match ([0-9a-z][0-9a-z.-]{1,61}[0-9a-z]/[\\w./=+@:-]{1,448})?."
  }
}

variable "promotion_concurrency" {
  type        = number
  description = "Copies that a promotion runs at once if its request has no MaxConcurrency (1 to 1,000)."
  default     = 100
  nullable    = false

  validation {
    condition     = var.promotion_concurrency >= 1 && var.promotion_concurrency <= 1000
    error_message = "promotion_concurrency must be from 1 to 1000."
  }
}

variable "own_event_trigger" {
  type        = string
  description = "Whether your own events start copies; the detail of the event is a CopyProjectVersion request."
  default     = "DISABLED"
  nullable    = false

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.own_event_trigger)
    error_message = "own_event_trigger must be one of ENABLED, DISABLED."
  }
}

variable "own_event_source" {
  type        = string
  description = "Source of your own events (at most 64 characters)."
  default     = "rekognition-model-copy"
  nullable    = false

  validation {
    condition     = !can(regex("^(?:aws\\.)", var.own_event_source)) && can(regex("^(?:[\\w.@/-]{1,64})$", var.own_event_source))
    error_message = "own_event_source must match (?!aws\\.)[\\w.@/-]{1,64}."
  }
}

variable "own_event_detail_type" {
  type        = string
  description = "Detail type of your own events (at most 128 characters)."
  default     = "Model Approved"
  nullable    = false

  validation {
    condition     = !can(regex("^(?:Model (Cop(ied|y Refused|y Failed|y Ignored)|Promot(ed|ion Failed)|Grants Found)$)", var.own_event_detail_type)) && can(regex("^(?:[\\w.@/-]([\\w .@/-]{0,126}[\\w.@/-])?)$", var.own_event_detail_type))
    error_message = "own_event_detail_type must match (?!Model (Cop(ied|y Refused|y Failed|y Ignored)|Promot(ed|ion Failed)|Grants Found)$)[\\w.@/-]([\\w .@/-]{0,126}[\\w.@/-])?."
  }
}

variable "sagemaker_trigger" {
  type        = string
  description = "Whether approving a SageMaker model package starts a copy; the package's metadata names the version."
  default     = "DISABLED"
  nullable    = false

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.sagemaker_trigger)
    error_message = "sagemaker_trigger must be one of ENABLED, DISABLED."
  }
}

variable "tag_trigger" {
  type        = string
  description = "Whether tagging a model version starts a copy. CloudTrail must log the account's management events. A bus allows 30 rules with a wildcard in the pattern; this rule is one."
  default     = "DISABLED"
  nullable    = false

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.tag_trigger)
    error_message = "tag_trigger must be one of ENABLED, DISABLED."
  }
}

variable "approval_tag_key" {
  type        = string
  description = "Key of the tag that approves a model version."
  default     = "rekognition-model-copy"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w.:/=+@-]([\\w .:/=+@-]{0,126}[\\w.:/=+@-])?)$", var.approval_tag_key))
    error_message = "approval_tag_key must match [\\w.:/=+@-]([\\w .:/=+@-]{0,126}[\\w.:/=+@-])?."
  }
}

variable "approval_tag_value" {
  type        = string
  description = "Value of the tag that approves a model version (at most 128 characters)."
  default     = "approved"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w.:/=+@-]([\\w .:/=+@-]{0,126}[\\w.:/=+@-])?)$", var.approval_tag_value))
    error_message = "approval_tag_value must match [\\w.:/=+@-]([\\w .:/=+@-]{0,126}[\\w.:/=+@-])?."
  }
}

variable "default_destination_project_arn" {
  type        = string
  description = "Project to copy to if the approval does not name one (empty means every approval must name one)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:aws[a-z-]{0,10}:rekognition:[a-z0-9-]{1,20}:\\d{12}:project/[\\w.-]{1,255}/\\d{1,20})?)$", var.default_destination_project_arn))
    error_message = "default_destination_project_arn must match (arn:aws[a-z-]{0,10}:rekognition:[a-z0-9-]{1,20}:\\d{12}:project/[\\w.-]{1,255}/\\d{1,20})?."
  }
}

variable "default_output_bucket" {
  type        = string
  description = "Bucket to write to if the approval does not name one (empty means every approval must name one)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:([0-9a-z][0-9a-z.-]{1,61}[0-9a-z])?)$", var.default_output_bucket))
    error_message = "default_output_bucket must match ([0-9a-z][0-9a-z.-]{1,61}[0-9a-z])?."
  }
}

variable "default_output_key_prefix" {
  type        = string
  description = "Key prefix of the output if the approval does not name one, at most 256 printable ASCII characters (empty means no prefix). A request can have a longer prefix."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:([!-~][ -~]{0,255})?)$", var.default_output_key_prefix))
    error_message = "default_output_key_prefix must match ([!-~][ -~]{0,255})?."
  }
}

variable "default_kms_key_id" {
  type        = string
  description = "KMS key for the output if the approval does not name one, at most 320 characters (empty means none)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w:/.-]{0,320})$", var.default_kms_key_id))
    error_message = "default_kms_key_id must match [\\w:/.-]{0,320}."
  }
}

variable "event_bus_name" {
  type        = string
  description = "Event bus that receives approvals: default, or a classic event bus in this account. A newer Custom Event Bus (AWS::EventsV2::EventBus) has no rules. AWS sends this account's own approvals to default; if you choose another bus, deploy accounts/source.yaml in this account to forward them."
  default     = "default"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w./-]{1,256})$", var.event_bus_name))
    error_message = "event_bus_name must match [\\w./-]{1,256}."
  }
}

variable "event_accounts" {
  type        = string
  description = "Other accounts that may put events on the event bus, separated by commas (empty means none)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(\\d{12}(,\\d{12})*)?)$", var.event_accounts))
    error_message = "event_accounts must match (\\d{12}(,\\d{12})*)?."
  }
}

variable "log_retention_days" {
  type        = number
  description = "Number of days to keep logs."
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "notification_email" {
  type        = string
  description = "Email address for outcomes and alarms (empty means none). More addresses can subscribe to the topic."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:([^@ ]+@[^@ ]+)?)$", var.notification_email))
    error_message = "notification_email must match ([^@ ]+@[^@ ]+)?."
  }
}

variable "mailed_outcomes" {
  type        = string
  description = "Outcomes to email, separated by commas, of Copied, Refused, Failed and Ignored (empty means none). A promotion of all destinations counts as Copied, any other promotion as Refused or Failed."
  default     = "Copied,Refused,Failed"
  nullable    = false

  validation {
    condition     = can(regex("^(?:((Copied|Refused|Failed|Ignored)(,(Copied|Refused|Failed|Ignored)){0,3})?)$", var.mailed_outcomes))
    error_message = "mailed_outcomes must match ((Copied|Refused|Failed|Ignored)(,(Copied|Refused|Failed|Ignored)){0,3})?."
  }
}

variable "old_copy_hours" {
  type        = number
  description = "Hours after which an unfinished copy raises an alarm (1 to 36; use less than deadline_hours)."
  default     = 6
  nullable    = false

  validation {
    condition     = var.old_copy_hours >= 1 && var.old_copy_hours <= 36
    error_message = "old_copy_hours must be from 1 to 36."
  }
}

variable "runbook_url" {
  type        = string
  description = "Address of docs/runbook.md for your team. Errors, alarms and emails link to it."
  default     = "docs/runbook.md"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w.:/?=&%~+-]{1,256})$", var.runbook_url))
    error_message = "runbook_url must match [\\w.:/?=&%~+-]{1,256}."
  }
}

variable "operation_key_arn" {
  type        = string
  description = "ARN of the KMS key that encrypts logs and notifications; docs/security.md says what its policy must allow (empty means the stack creates a key)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+)?)$", var.operation_key_arn))
    error_message = "operation_key_arn must match (arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+)?."
  }
}

variable "audit_schedule" {
  type        = string
  description = "Schedule of the audit of grants, as an expression of EventBridge such as rate(1 day) or cron(0 6 ? * MON *), in UTC (empty means that you start each audit by hand)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:((rate|cron)\\([\\w */,?#-]{1,240}\\))?)$", var.audit_schedule))
    error_message = "audit_schedule must match ((rate|cron)\\([\\w */,?#-]{1,240}\\))?."
  }
}

variable "audit_bucket" {
  type        = string
  description = "Bucket in this Region for the reports of audits, under audits/ (empty means that no report is written)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:([0-9a-z][0-9a-z.-]{1,61}[0-9a-z])?)$", var.audit_bucket))
    error_message = "audit_bucket must match ([0-9a-z][0-9a-z.-]{1,61}[0-9a-z])?."
  }
}

variable "audit_key_arn" {
  type        = string
  description = "ARN of the KMS key that is the default key of audit_bucket (empty means none; SSE-S3 needs none)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+)?)$", var.audit_key_arn))
    error_message = "audit_key_arn must match (arn:[a-z-]+:kms:[a-z0-9-]+:\\d{12}:key/.+)?."
  }
}

variable "subnet_ids" {
  type        = list(string)
  description = "Subnets for the functions. They need routes to Rekognition, STS, X-Ray, Step Functions, EventBridge, SNS, S3 and, for sagemaker_trigger, SageMaker (empty means no VPC)."
  default     = []
  nullable    = false
}

variable "security_group_ids" {
  type        = list(string)
  description = "Security groups for the functions in these subnets."
  default     = []
  nullable    = false
}

variable "permissions_boundary" {
  type        = string
  description = "ARN of the permissions boundary for every role of the stack (empty means none)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z-]+:iam::(\\d{12}|aws):policy/.+)?)$", var.permissions_boundary))
    error_message = "permissions_boundary must match (arn:[a-z-]+:iam::(\\d{12}|aws):policy/.+)?."
  }
}
