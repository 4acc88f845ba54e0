# Made from accounts/destination.yaml by make parameters.

output "role_arn" {
  description = "ARN of the role that the stack assumes."
  value       = one(aws_cloudformation_stack.this[*].outputs["RoleArn"])
}
