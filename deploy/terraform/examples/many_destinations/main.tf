# The stack in the source account, and the role in many destination accounts, by a stack set.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

# The models' Region.
provider "aws" {
  profile = "stack"
  region  = "us-east-1"
}

module "rekognition_model_copy" {
  source = "../.."

  release_bucket = "amzn-s3-demo-releases"
}

# A role for each account, and the template's parameters that differ there.
module "destinations" {
  source = "../../roles/destination"

  trusted_role_arns = module.rekognition_model_copy.destination_role_principals
  output_bucket     = "models-*"

  accounts = {
    "222222222222" = {}
    "333333333333" = {}
    "444444444444" = { OutputBucket = "amzn-s3-demo-bucket" }
  }
}

output "state_machine_arn" {
  value = module.rekognition_model_copy.state_machine_arn
}
