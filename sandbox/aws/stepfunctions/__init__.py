"""AWS Step Functions in the sandbox."""
