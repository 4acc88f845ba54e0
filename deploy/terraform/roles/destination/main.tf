# The role that the stack assumes: in the account of the provider, or by a stack set in other accounts.

terraform {
  required_version = ">= 1.5" # any OpenTofu, too

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "accounts" {
  type        = map(map(string))
  description = "Accounts for a stack set with self-managed permissions, each with the template's parameters that differ there."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for account in keys(var.accounts) : can(regex("^\\d{12}$", account))])
    error_message = "accounts must have account IDs of 12 digits as keys."
  }
}

variable "organizational_units" {
  type        = set(string)
  description = "Organizational units or the root (ou-..., r-...) for a stack set with service-managed permissions, which also covers accounts that join later."
  default     = []
  nullable    = false
}

variable "administration_role_arn" {
  type        = string
  description = "With accounts: ARN of the role that StackSets uses here (null means AWSCloudFormationStackSetAdministrationRole)."
  default     = null
}

variable "execution_role_name" {
  type        = string
  description = "With accounts: name of the role that StackSets assumes there (null means AWSCloudFormationStackSetExecutionRole)."
  default     = null
}

variable "call_as" {
  type        = string
  description = "With organizational_units: DELEGATED_ADMIN if the provider's account is a delegated administrator, SELF if it is the management account."
  default     = "SELF"
  nullable    = false

  validation {
    condition     = contains(["SELF", "DELEGATED_ADMIN"], var.call_as)
    error_message = "call_as must be SELF or DELEGATED_ADMIN."
  }
}

variable "release" {
  type        = string
  description = "Folder of the unpacked release (null means dist/ of this checkout, which make release writes)."
  default     = null
}

variable "name" {
  type        = string
  description = "Name of the stack or the stack set (null means rekognition-model-copy-source or -destination)."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of the stack, or of the stack set and its stacks."
  default     = {}
  nullable    = false
}

locals {
  side        = basename(abspath(path.module))
  name        = coalesce(var.name, "rekognition-model-copy-${local.side}")
  template    = file("${coalesce(var.release, "${path.module}/../../../../dist")}/accounts/${local.side}.yaml")
  by_account  = length(var.accounts) > 0
  by_unit     = length(var.organizational_units) > 0
  uses_a_set  = local.by_account || local.by_unit
  permissions = local.by_unit ? "SERVICE_MANAGED" : "SELF_MANAGED"

  # CloudFormation's own default. Without it here, the provider finds a difference in each plan.
  administration_role     = "role/AWSCloudFormationStackSetAdministrationRole"
  own_account             = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}"
  administration_role_arn = coalesce(var.administration_role_arn, "${local.own_account}:${local.administration_role}")
}

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

resource "aws_cloudformation_stack" "this" {
  count = local.uses_a_set ? 0 : 1

  name          = local.name
  template_body = local.template
  capabilities  = ["CAPABILITY_NAMED_IAM"]
  parameters    = local.parameters
  tags          = var.tags
}

resource "aws_cloudformation_stack_set" "this" {
  count = local.uses_a_set ? 1 : 0

  name                    = local.name
  template_body           = local.template
  capabilities            = ["CAPABILITY_NAMED_IAM"]
  parameters              = local.parameters
  permission_model        = local.permissions
  administration_role_arn = local.by_unit ? null : local.administration_role_arn
  execution_role_name     = local.by_unit ? null : var.execution_role_name
  call_as                 = local.by_unit ? var.call_as : "SELF"
  tags                    = var.tags

  # Terraform makes the instances in parallel. Without this, AWS refuses all but one.
  managed_execution {
    active = true
  }

  dynamic "auto_deployment" {
    for_each = local.by_unit ? [true] : []

    content {
      enabled                          = true
      retain_stacks_on_account_removal = false
    }
  }

  lifecycle {
    precondition {
      condition     = !(local.by_account && local.by_unit)
      error_message = "A stack set has accounts or organizational_units. For both, use the module twice, with two names."
    }
  }
}

# The provider's Region is the instances' Region. Version 6 of the provider renamed the argument for it.
resource "aws_cloudformation_stack_set_instance" "account" {
  for_each = var.accounts

  stack_set_name      = aws_cloudformation_stack_set.this[0].name
  account_id          = each.key
  parameter_overrides = each.value
}

# One for each unit, since the provider cannot change the units of an instance.
resource "aws_cloudformation_stack_set_instance" "unit" {
  for_each = var.organizational_units

  stack_set_name = aws_cloudformation_stack_set.this[0].name
  call_as        = var.call_as

  deployment_targets {
    organizational_unit_ids = [each.key]
  }
}
