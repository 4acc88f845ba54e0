"""The AWS services of the sandbox, a file or folder for each: moto's, completed, stricter, and on a clock."""
