"""Task *Copy project version*: start the copy, or adopt the one that is there.

Raises InvalidRequestError, DestinationProjectNotFoundError, SourceVersionNotFoundError, VersionConflictError,
FailedBeforeError, RequestRejectedError, PolicyDeniedError, ModelQuotaError, GrantMissingError, NoCopySlotError,
TransientError, AccessDeniedError.
"""

from model_copy import accounts, copying, runtime
from model_copy.polling import seconds_at_it
from model_copy.request import CopyRequest
from model_copy.runtime import Context, Event, task

# AWS maps the copy to the first three, and writes the output to the bucket, with the key, in the caller's name.
COPY = (
    "rekognition:CopyProjectVersion",
    "rekognition:CreateProjectVersion",
    "rekognition:TagResource",
    "rekognition:DescribeProjectVersions",
    "s3:PutObject",
    "s3:GetObject",
    "s3:GetObjectAcl",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:GetBucketLocation",
    "s3:GetBucketAcl",
    "s3:ListBucket",
    "kms:CreateGrant",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "kms:Decrypt",
)


@task
def lambda_handler(event: Event, context: Context) -> Event:
    request = CopyRequest.from_state(event)
    runtime.measure("CopyAge", seconds_at_it(event, runtime.now()))
    request.check(accounts.request_shape())
    progress = copying.copy_once(accounts.destination(request, *COPY), request)
    runtime.measure("CopiesAdopted" if progress.adopted else "CopiesStarted")
    return progress.as_answer(runtime.now(), runtime.chance())
