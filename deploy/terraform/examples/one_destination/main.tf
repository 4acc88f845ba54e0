# The stack in the source account, and the role in one destination account.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

# Both in the models' Region.
provider "aws" {
  profile = "stack"
  region  = "us-east-1"
}

provider "aws" {
  alias   = "destination"
  profile = "destination"
  region  = "us-east-1"
}

module "rekognition_model_copy" {
  source = "../.."

  release_bucket     = "amzn-s3-demo-releases"
  own_event_trigger  = "ENABLED"
  notification_email = "models@example.com"
}

module "destination" {
  source    = "../../roles/destination"
  providers = { aws = aws.destination }

  trusted_role_arns = module.rekognition_model_copy.destination_role_principals
  output_bucket     = "models-*"
}

output "state_machine_arn" {
  value = module.rekognition_model_copy.state_machine_arn
}
