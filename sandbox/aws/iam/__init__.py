"""AWS IAM and AWS STS in the sandbox."""
