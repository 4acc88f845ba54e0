"""AWS as the workflow calls it: nothing outside this package imports boto3 or makes a client."""
