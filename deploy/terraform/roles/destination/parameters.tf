# Made from accounts/destination.yaml by make parameters.

locals {
  parameters = {
    TrustedRoleArns     = join(",", var.trusted_role_arns)
    ExternalId          = var.external_id
    RoleName            = var.role_name
    ProjectName         = var.project_name
    OutputBucket        = var.output_bucket
    OutputKeyArn        = var.output_key_arn
    OrganizationId      = var.organization_id
    PermissionsBoundary = var.permissions_boundary
  }
}
