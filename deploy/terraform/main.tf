# The stack, made from a release: a folder as make release writes it.

terraform {
  required_version = ">= 1.5" # any OpenTofu, too

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "release" {
  type        = string
  description = "Folder of the unpacked release (null means dist/ of this checkout, which make release writes)."
  default     = null
}

variable "name" {
  type        = string
  description = "Name of the stack. The names of its project policies begin with it."
  default     = "rekognition-model-copy"
  nullable    = false
}

variable "deployer_role_arn" {
  type        = string
  description = "ARN of the role that CloudFormation uses to make the stack (null means the caller's permissions)."
  default     = null
}

variable "tags" {
  type        = map(string)
  description = "Tags of the stack and of what it makes."
  default     = {}
  nullable    = false
}

locals {
  release  = coalesce(var.release, "${path.module}/../../dist")
  template = "${local.release}/template.yaml"
  package  = one(fileset(local.release, "functions-*.zip"))
}

# Its domain name has the Region, and the suffix of the partition.
data "aws_s3_bucket" "release" {
  bucket = var.release_bucket
}

# A stack that is rolled back needs the last release's objects. So they are deleted only after the upgrade.
resource "aws_s3_object" "package" {
  bucket = data.aws_s3_bucket.release.bucket
  key    = "${var.release_prefix}/${local.package}"
  source = "${local.release}/${local.package}"

  lifecycle {
    create_before_destroy = true
  }
}

# The hash is in the key, because CloudFormation is called only if the URL or a parameter changes.
resource "aws_s3_object" "template" {
  bucket       = data.aws_s3_bucket.release.bucket
  key          = "${var.release_prefix}/template-${substr(filesha256(local.template), 0, 16)}.yaml"
  source       = local.template
  content_type = "application/yaml"

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudformation_stack" "this" {
  name         = var.name
  template_url = "https://${data.aws_s3_bucket.release.bucket_regional_domain_name}/${aws_s3_object.template.key}"
  capabilities = ["CAPABILITY_IAM"]
  iam_role_arn = var.deployer_role_arn
  parameters   = local.parameters
  tags         = var.tags

  # Lambda takes up to an hour to give the network interfaces of functions in a VPC back.
  timeouts {
    create = "60m"
    update = "90m"
    delete = "90m"
  }

  depends_on = [aws_s3_object.package]
}
