# Made from template.yaml by make parameters.

output "version" {
  description = "Version of rekognition-model-copy."
  value       = aws_cloudformation_stack.this.outputs["Version"]
}

output "state_machine_arn" {
  description = "ARN of the state machine. Start it with a CopyProjectVersion request."
  value       = aws_cloudformation_stack.this.outputs["StateMachineArn"]
}

output "promote_model_state_machine_arn" {
  description = "ARN of the state machine for promotions. Start it with a request that has Destinations."
  value       = aws_cloudformation_stack.this.outputs["PromoteModelStateMachineArn"]
}

output "promotions_bucket_name" {
  description = "Name of the bucket with the tables of promotions; put manifests under manifests/."
  value       = aws_cloudformation_stack.this.outputs["PromotionsBucketName"]
}

output "notification_topic_arn" {
  description = "ARN of the topic for outcomes and alarms."
  value       = aws_cloudformation_stack.this.outputs["NotificationTopicArn"]
}

output "dashboard_name" {
  description = "Name of the CloudWatch dashboard."
  value       = aws_cloudformation_stack.this.outputs["DashboardName"]
}

output "audit_grants_function_name" {
  description = "Name of the function that audits grants."
  value       = aws_cloudformation_stack.this.outputs["AuditGrantsFunctionName"]
}

output "event_bus_arn" {
  description = "ARN of the event bus that receives approvals. Pass it to accounts/source.yaml as event_bus_arn."
  value       = aws_cloudformation_stack.this.outputs["EventBusArn"]
}

output "source_role_principals" {
  description = "Roles to pass to accounts/source.yaml as trusted_role_arns."
  value       = split(",", aws_cloudformation_stack.this.outputs["SourceRolePrincipals"])
}

output "destination_role_principals" {
  description = "Roles to pass to accounts/destination.yaml as trusted_role_arns."
  value       = split(",", aws_cloudformation_stack.this.outputs["DestinationRolePrincipals"])
}
