# Made from accounts/destination.yaml by make parameters.

variable "trusted_role_arns" {
  type        = list(string)
  description = "ARNs of the roles that may assume this role; the stack's output destination_role_principals."
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
  description = "Name of the role; the stack's parameter destination_role_name."
  default     = "rekognition-model-copy-destination"
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

variable "permissions_boundary" {
  type        = string
  description = "ARN of the permissions boundary for the role (empty means none)."
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^(?:(arn:[a-z-]+:iam::(\\d{12}|aws):policy/.+)?)$", var.permissions_boundary))
    error_message = "permissions_boundary must match (arn:[a-z-]+:iam::(\\d{12}|aws):policy/.+)?."
  }
}
