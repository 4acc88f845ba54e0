"""What the commands of the pages need in the served sandbox: values for their placeholders, and files.

Whatever a command needs beyond this makes its test fail, so that a new command is never left out by accident.
"""

import json

from sandbox.deployment import DESTINATION_ACCOUNT, PROMOTIONS_BUCKET, REGION, SOURCE_ACCOUNT, STACK_ACCOUNT, STACK_NAME
from sandbox.stories import read_event

REKOGNITION = f"arn:aws:rekognition:{REGION}"
# An event's detail after its first field, as JSON within JSON.
DETAIL = json.dumps(json.dumps(read_event("approved_by_own_event")["detail"])).partition(": ")[2][:-2]


def project(story: str, account: str = SOURCE_ACCOUNT) -> str:
    """Return the ARN of a project in the world of a story."""
    created = 1_700_000_000_000 if account == SOURCE_ACCOUNT else 1_710_000_000_000
    return f"{REKOGNITION}:{account}:project/{story}/{created}"


def version(story: str, account: str = SOURCE_ACCOUNT) -> str:
    """Return the ARN of the version v3 in the world of a story."""
    created = 1_700_000_100_000 if account == SOURCE_ACCOUNT else 1_710_000_100_000
    return f"{REKOGNITION}:{account}:project/{story}/version/v3/{created}"


# What begins like this does not run here.
NOT_RUN = {
    "make ": "Other tests run the targets of make.",
    "copy_between_accounts:": "This is the output of make demo, which tests/workflow/test_demo.py compares.",
    "aws cloudformation activate-organizations-access": "The sandbox does not have this operation.",
    "aws organizations register-delegated-administrator": "The sandbox does not know the principal of stack sets.",
    "aws serverlessrepo ": "The sandbox has no Serverless Application Repository.",
    "fields @timestamp": "This is a query for CloudWatch Logs Insights; the functions write no logs here.",
    "sam ": "SAM deploys to AWS; the sandbox deploys the same template. Other lines of such a block run.",
}
# The text names these without their options.
NAMED = ("aws rekognition delete-project-policy", "make", "output")

SAM = "sam "

# Words in capitals that belong to a command.
LITERALS = {
    *("ALARM", "AWS_REGION", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "COPYING_IN_PROGRESS"),
    *("ERROR_CODE", "ERROR_MESSAGE", "FAILED", "RUNNING", "SERVICE_MANAGED", "STACK"),
}

# The values of placeholders, which may be code of the shell; a value for a heading comes first.
VALUES = {
    "BUCKET": PROMOTIONS_BUCKET,
    "COPY_ARN": version("grant_left_behind", DESTINATION_ACCOUNT),
    "DESTINATION_PROJECT_ARN": project("grant_left_behind", DESTINATION_ACCOUNT),
    "EXECUTION_ARN": "$EXECUTION",
    "KEY": "manifests/live.json",
    "KEY_ID": f"$(aws cloudformation describe-stack-resource --stack-name {STACK_NAME} --output text "
    "--logical-resource-id OperationKey --query StackResourceDetail.PhysicalResourceId)",
    "MODEL_PACKAGE_ARN": f"arn:aws:sagemaker:{REGION}:{SOURCE_ACCOUNT}:model-package/approved-in-sagemaker/1",
    "NAME": "labels",
    "NUMBER": "2000",
    "POLICY_ARN": f"arn:aws:iam::{STACK_ACCOUNT}:policy/{STACK_NAME}-deployer",
    "POLICY_NAME": f"{STACK_NAME}-1",
    "PROJECT_ARN": project("failed_before", DESTINATION_ACCOUNT),
    "PROJECT_NAME": "made-by-the-runbook",
    "QUOTA_CODE": "L-00000001",
    "REVISION_ID": f"$(aws rekognition list-project-policies --profile source --output text "
    f"--project-arn {project('grant_left_behind')} --query ProjectPolicies[0].PolicyRevisionId)",
    "RELEASE_BUCKET": f"releases-{STACK_ACCOUNT}",
    "ROLE_NAME": f"{STACK_NAME}-destination",
    "SOURCE_PROJECT_ARN": project("grant_left_behind"),
    "SOURCE_VERSION_ARN": version("grant_left_behind"),
    "TIME": "20300101T090000Z",
    "VERSION_ARN": version("failed_before", DESTINATION_ACCOUNT),
    "VERSION_NAME": "v3",
}
VALUES_UNDER = {
    "Approvals that start a copy": {
        "VERSION_ARN": version("approved_by_tag"),
        "...": DETAIL,
    },
    "Uninstall": {
        "POLICY_NAME": "production",
        "SOURCE_PROJECT_ARN": project("granted_by_account"),
        "COPY_ARN": version("name_taken", DESTINATION_ACCOUNT),
        "KEY_ID": "$(aws kms list-keys --output text --query Keys[0].KeyId)",  # the stack is gone
    },
}

# What to do before a command that contains this: the files that a person has written, and the state that it is for.
BEFORE = {
    "--profile management": """
aws configure get region --profile management > region.txt 2> region.txt || \
for key in region endpoint_url aws_access_key_id aws_secret_access_key; do \
aws configure set $key "$(aws configure get $key --profile stack)" --profile management; done""",
    "file://request.json": "cp events/copy_between_accounts.json request.json",
    "aws sqs receive-message": """
aws sqs send-message --queue-url "$(resource DeadLetterQueue)" --message-body file://events/execution_failed.json \
  --message-attributes "ERROR_MESSAGE={DataType=String,StringValue=Denied}" """,
    "--input file://event.json": "cp events/approved_by_own_event.json event.json",
    "promotions/NAME": f"echo Account,Outcome | aws s3 cp - s3://{PROMOTIONS_BUCKET}/promotions/labels/20300101T090000Z/table.csv",
    "aws s3 sync dist": f"aws s3 mb s3://releases-{STACK_ACCOUNT} --profile stack",
    "cp destinations.json": """echo '{"Destinations": []}' > destinations.json""",
}

# A text that a command must print, or must not print.
PRINTS = {
    "describe-execution --profile stack --execution-arn EXECUTION_ARN \\": "REDRIVABLE",
    "jq '.Messages[0].MessageAttributes'": "Step Functions Execution Status Change",
    "aws lambda invoke": '"StatusCode": 200',
    "aws s3 cp s3://BUCKET/KEY": "Destinations",
    "aws s3 cp s3://BUCKET/promotions": "Account,Outcome",
    "describe-model-package": "SourceProjectArn",
    "AttributeValue=StopExecution": "CopyModelStateMachine",
    "wait project-version-running": "STOPPING",
}
NEVER_PRINTED = "FunctionError"
