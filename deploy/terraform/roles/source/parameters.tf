# Made from accounts/source.yaml by make parameters.

locals {
  parameters = {
    TrustedRoleArns     = join(",", var.trusted_role_arns)
    ExternalId          = var.external_id
    RoleName            = var.role_name
    ProjectName         = var.project_name
    OrganizationId      = var.organization_id
    EventBusArn         = var.event_bus_arn
    TagTrigger          = var.tag_trigger
    PermissionsBoundary = var.permissions_boundary
  }
}
