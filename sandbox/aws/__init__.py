"""The AWS services of the sandbox, a file or folder for each: moto's services, completed and stricter, on a clock."""
