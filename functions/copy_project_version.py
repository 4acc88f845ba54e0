"""Task *Copy project version*: start the copy, or adopt the existing one.

Raises InvalidRequestError, DestinationProjectNotFoundError, SourceVersionNotFoundError, VersionConflictError,
FailedBeforeError, RequestRejectedError, PolicyDeniedError, ModelQuotaError, GrantMissingError, NoCopySlotError,
TransientError, AccessDeniedError.
"""

from functools import partial

from model_copy import copying, runtime, validation
from model_copy.aws import clients
from model_copy.progress import copy_age
from model_copy.request import CopyRequest
from model_copy.runtime import Context, Event, task

# AWS authorizes the copy with the first three, and writes the output to the bucket with the caller's permissions.
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
def lambda_handler(state: Event, context: Context) -> Event:
    request = CopyRequest.from_state(state)
    runtime.measure("CopyAge", copy_age(state, runtime.now()))
    validation.check_shape(request, clients.request_shape())
    client = clients.destination(request, *COPY)
    progress = copying.copy_once(client, request, partial(clients.source, request))
    runtime.measure("CopiesAdopted" if progress.adopted else "CopiesStarted")
    return progress.as_result(runtime.now(), runtime.chance())
