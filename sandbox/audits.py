"""The bucket of a user for the reports of audits. A key of the user's is the bucket's default key."""

from typing import Any

BUCKET, KEY = "audits-of-grants", "arn:aws:kms:us-east-1:999999999999:key/audits"
PARAMETERS = {"AuditSchedule": "rate(1 day)", "AuditBucket": BUCKET, "AuditKeyArn": KEY}


def create_bucket(s3: Any) -> None:
    """Create the bucket with a client of S3."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY}
    rules = [{"ApplyServerSideEncryptionByDefault": default}]
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": rules})
