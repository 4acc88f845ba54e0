"""All calls to AWS: nothing outside this package imports boto3 or makes a client."""
