# Made from accounts/source.yaml by make parameters.

variable "trusted_role_arns" {
  type        = list(string)
  description = "ARNs of the roles that may assume this role; the stack's output source_role_principals."
  nullable    = false
}

variable "external_id" {
  type        = string
  description = "External ID that the stack sends; the stack's parameter external_id."
  default     = "rekognition-model-copy"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w+=,.@:/-]{2,128})$", var.external_id))
    error_message = "external_id must match [\\w+=,.@:/-]{2,128}."
  }
}

variable "role_name" {
  type        = string
  description = "Name of the role; the stack's parameter source_role_name."
  default     = "rekognition-model-copy-source"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[\\w+=,.@-]{1,64})$", var.role_name))
    error_message = "role_name must match [\\w+=,.@-]{1,64}."
  }
}

variable "project_name" {
  type        = string
  description = "Name of the projects that the role may use; * and ? are wildcards."
  default     = "*"
  nullable    = false

  validation {
    condition     = can(regex("^(?:[a-zA-Z0-9_.*?-]{1,255})$", var.project_name))
    error_message = "project_name must match [a-zA-Z0-9_.*?-]{1,255}."
  }
}

variable "organization_id" {
  type        = string
  description = "Organization that the stack's account must belong to, o-... (empty means no check)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(o-[a-z0-9]{10,32})?)$", var.organization_id))
    error_message = "organization_id must match (o-[a-z0-9]{10,32})?."
  }
}

variable "event_bus_arn" {
  type        = string
  description = "Event bus to forward approvals of this account's model packages to; the stack's output event_bus_arn (empty means do not forward)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z-]+:events:[a-z0-9-]+:\\d{12}:event-bus/[\\w./-]{1,256})?)$", var.event_bus_arn))
    error_message = "event_bus_arn must match (arn:[a-z-]+:events:[a-z0-9-]+:\\d{12}:event-bus/[\\w./-]{1,256})?."
  }
}

variable "tag_trigger" {
  type        = string
  description = "Whether to forward tags of model versions, too; the stack's parameter tag_trigger. A bus allows 30 rules with a wildcard in the pattern; this rule is one."
  default     = "DISABLED"
  nullable    = false

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.tag_trigger)
    error_message = "tag_trigger must be one of ENABLED, DISABLED."
  }
}

variable "permissions_boundary" {
  type        = string
  description = "ARN of the permissions boundary for the roles (empty means none)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z-]+:iam::(\\d{12}|aws):policy/.+)?)$", var.permissions_boundary))
    error_message = "permissions_boundary must match (arn:[a-z-]+:iam::(\\d{12}|aws):policy/.+)?."
  }
}
