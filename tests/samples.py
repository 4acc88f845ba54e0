"""For each function an event that it accepts and one that it refuses, with the result or the error."""

import json
from typing import Any

from sandbox.deployment import PROMOTIONS_BUCKET

VARIES: Any = object()
SOURCE, DESTINATION = "111111111111", "222222222222"
PROJECTS = f"arn:aws:rekognition:us-east-1:{DESTINATION}:project"
POLICY = "rekognition-model-copy-1"

ANSWERS: dict[tuple[str, str], dict[str, Any]] = {
    ("ReadApprovalFunction", "approved_in_sagemaker"): {
        "Request": {
            "SourceProjectArn": f"arn:aws:rekognition:us-east-1:{SOURCE}:project/approved_in_sagemaker/1700000000000",
            "SourceProjectVersionArn": (
                f"arn:aws:rekognition:us-east-1:{SOURCE}:project/approved_in_sagemaker/version/v3/1700000100000"
            ),
            "VersionName": "v3",
            "DestinationProjectArn": f"{PROJECTS}/approved_in_sagemaker/1710000000000",
            "OutputConfig": {"S3Bucket": "models-222222222222", "S3KeyPrefix": "approved/parts"},
        },
        "Execution": None,
        "Approval": {
            "Kind": "ModelPackage",
            "EventId": "3f1c0de2-0000-4000-8000-000000000002",
            "At": "2030-01-01T09:00:00Z",
            "By": None,
            "Subject": f"arn:aws:sagemaker:us-east-1:{SOURCE}:model-package/approved-in-sagemaker/1",
        },
    },
    ("PlanCopyFunction", "plan_refused"): {
        "Plan": {
            "Action": "REFUSE",
            "Error": "PolicyDeniedError",
            "Cause": (
                f"The project policy frozen of arn:aws:rekognition:us-east-1:{SOURCE}:project/plan_refused/"
                f"1700000000000 denies arn:aws:iam::{DESTINATION}:role/rekognition-model-copy-destination permission "
                f"to copy arn:aws:rekognition:us-east-1:{SOURCE}:project/plan_refused/version/v3/1700000100000. Ask "
                "the policy's owner to change the policy, then start the request again. "
                "Runbook: docs/runbook.md#policydeniederror"
            ),
            "ProjectVersionArn": None,
            "F1Score": None,
            "Policy": None,
            "NotChecked": [],
        },
        "Approval": None,
    },
    ("ValidateRequestFunction", "copy_between_accounts"): {
        "StartedAt": VARIES,
        "CrossesAccounts": True,
        "NeedsGrant": True,
        "F1Score": 0.9,
    },
    ("EnsureProjectPolicyFunction", "copy_between_accounts"): {"PolicyName": POLICY, "Changed": True, "Rounds": 1},
    ("CopyProjectVersionFunction", "already_granted"): {
        "ProjectVersionArn": VARIES,
        "Status": "COPYING_IN_PROGRESS",
        "StatusMessage": "",
        "WaitSeconds": VARIES,
        "FirstSeenAt": VARIES,
        "Adopted": False,
        "TimesMissing": 0,
    },
    ("DescribeProjectVersionFunction", "already_copied"): {
        "ProjectVersionArn": f"{PROJECTS}/already_copied/version/v3/1710000100000",
        "Status": "RUNNING",
        "StatusMessage": "The model is running",
        "WaitSeconds": VARIES,
        "FirstSeenAt": VARIES,
        "Adopted": True,
        "TimesMissing": 0,
    },
    ("WithdrawGrantFunction", "grant_left_behind"): {"PolicyName": POLICY, "Withdrawn": True},
    ("ValidatePromotionFunction", "promote_to_three"): {
        "Bucket": PROMOTIONS_BUCKET,
        "Prefix": VARIES,
        "Key": VARIES,
        "Destinations": 3,
        "MaxConcurrency": 100,
        "StopAfterFailures": None,
        "DryRun": False,
    },
    ("CountFailuresFunction", "row_after_failures"): {"Count": 2, "Stop": True},
    ("RecordCopyFunction", "row_of_failed_copy"): {"Outcome": "Refused"},
    ("SummarizePromotionFunction", "rows_of_promotion"): {
        "Outcome": "PartlyPromoted",
        "Counts": {"Copied": 2, "Refused": 1},
        "Table": f"s3://{PROMOTIONS_BUCKET}/promotions/rows-of-promotion/table.csv",
        "Sentence": VARIES,
    },
    ("AnnounceOutcomeFunction", "execution_failed"): {
        "Outcome": "Failed",
        "ExecutionArn": (
            "arn:aws:states:us-east-1:123456789012:execution:CopyModelStateMachine-2mTqXcJ0f1rZ:"
            "5ab0c0de-0000-4000-8000-000000000002_9f7e1d2c-0000-4000-8000-000000000002"
        ),
        "Error": "AccessDeniedError",
        "Cause": VARIES,
        "Mailed": True,
    },
    ("AnnouncePromotionFunction", "execution_partly_promoted"): {
        "Outcome": "PartlyPromoted",
        "ExecutionArn": (
            "arn:aws:states:us-east-1:123456789012:execution:PromoteModelStateMachine-2mTqXcJ0f1rZ:promote-v3"
        ),
        "Error": "PartlyPromotedError",
        "Cause": VARIES,
        "Mailed": True,
    },
    ("AuditGrantsFunction", "audit_grants"): {
        "SchemaVersion": "1.0",
        "Complete": True,
        "StartedAt": VARIES,
        "EndedAt": VARIES,
        "Counts": VARIES,
        "Findings": VARIES,
        "FindingsLeftOut": 0,
        "NotSeen": VARIES,
        "NotSeenLeftOut": 0,
        "NotJudged": None,
        "Report": VARIES,
        "Unwritten": None,
        "Announced": True,
    },
}
REFUSALS = {
    ("ReadApprovalFunction", "malformed_in_sagemaker"): (
        "InvalidApprovalError",
        "The approval has 2 errors: (1) detail.UpdatedModelPackageFields must be a list; got ",
    ),
    ("PlanCopyFunction", "plan_denied"): (
        "AccessDeniedError",
        "AssumeRole on arn:aws:iam::999999999999:role/rekognition-model-copy-destination was denied: ",
    ),
    ("ValidateRequestFunction", "many_errors"): (
        "InvalidRequestError",
        "The request has 7 errors: (1) DestinationProjectArn is required. ",
    ),
    ("EnsureProjectPolicyFunction", "policies_full"): (
        "PolicyQuotaError",
        f"arn:aws:rekognition:us-east-1:{SOURCE}:project/policies_full/1700000000000 has as many project policies as "
        "its quota allows (team-3, team-4, team-5, team-6, team-7)",
    ),
    ("CopyProjectVersionFunction", "name_taken"): (
        "VersionConflictError",
        f"{PROJECTS}/name_taken/1710000000000 already has a version named v3",
    ),
    ("DescribeProjectVersionFunction", "destination_missing"): (
        "DestinationProjectNotFoundError",
        f"There is no project arn:aws:rekognition:us-east-1:{DESTINATION}:project/destination_missing-misspelt/17",
    ),
    ("WithdrawGrantFunction", "many_errors"): (
        "InvalidRequestError",
        "The request has 1 error: (1) ValidateRequestFunction refuses this request; invoke that function to see why.",
    ),
    ("ValidatePromotionFunction", "promote_to_duplicates"): (
        "InvalidRequestError",
        "The request has 1 error: (1) Destinations[2].DestinationProjectArn is the project of Destinations[0]. ",
    ),
    ("CountFailuresFunction", "promote_to_three"): (
        "InvalidRequestError",
        "The request has 1 error: (1) Promotion is required; invoke the function with the state data of a promotion. ",
    ),
    ("RecordCopyFunction", "promote_to_three"): (
        "InvalidRequestError",
        "The request has 2 errors: (1) Promotion is required; invoke the function with the state data of a promotion. ",
    ),
    ("SummarizePromotionFunction", "promote_to_three"): (
        "InvalidRequestError",
        "The request has 1 error: (1) Promotion is required; invoke the function with the state data of a promotion. ",
    ),
    ("AnnounceOutcomeFunction", "execution_running"): (
        "InvalidStatusChangeError",
        "The status change has 2 errors: (1) detail.status must be SUCCEEDED or FAILED or TIMED_OUT or ABORTED; got ",
    ),
    ("AnnouncePromotionFunction", "execution_running"): (
        "InvalidStatusChangeError",
        "The status change has 2 errors: (1) detail.status must be SUCCEEDED or FAILED or TIMED_OUT or ABORTED; got ",
    ),
    ("AuditGrantsFunction", "audit_misspelt"): (
        "InvalidRequestError",
        "The request has 1 error: (1) accounts is not a field of an audit; did you mean Accounts? ",
    ),
}
SAMPLES = sorted([*ANSWERS, *REFUSALS])


def check(function: str, story: str, answer: str) -> None:
    """Compare the result or the error of a function with the sample."""
    given = json.loads(answer)
    if (function, story) in REFUSALS:
        error, sentence = REFUSALS[function, story]
        assert set(given) == {"errorType", "errorMessage", "requestId", "stackTrace"}
        assert given["errorType"] == error
        assert given["errorMessage"].startswith(sentence)
    else:
        expected = ANSWERS[function, story]
        assert list(given) == list(expected)
        assert {key: VARIES if expected[key] is VARIES and value else value for key, value in given.items()} == expected
