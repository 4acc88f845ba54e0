"""One table of the names of moto, botocore, boto3 and Python that the sandbox replaces or adds.

Many are private, so an upgrade can rename or drop them without notice. ``tests/sandbox/test_patches.py`` reports each
listed name that is gone, and each private name that the sandbox uses but this table and the one in reads.py lack. The
operations that rekognition/ adds to moto's ``RekognitionResponse`` are not listed one by one.
"""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pkgutil import resolve_name

from sandbox.aws.names import Name
from sandbox.aws.stepfunctions.names import (
    ASL,
    EXECUTION,
    HISTORY,
    MAP_RECORD,
    STEP_FUNCTIONS,
    STEP_FUNCTIONS_API,
    WORKER,
)
from sandbox.aws.stepfunctions.names import REPLACED as OF_STEP_FUNCTIONS

CLOUDFORMATION_API = "moto.cloudformation.responses:CloudFormationResponse"
CLOUDFORMATION = "moto.cloudformation.models:CloudFormationBackend"
EVENTS = "moto.events.models"
EVENTS_API = "moto.events.responses:EventsHandler"
SERVICE_QUOTAS_API = "moto.servicequotas.responses:ServiceQuotasResponse"
STS_API = "moto.sts.responses:TokenResponse"


# The keys are the modules with the replacements, in the order in which services.py installs them. A reason says what
# the replacement does. If several modules replace one name, such as ExecutionWorker.start, each replacement calls the
# previous one.
REPLACED: dict[str, tuple[Name, ...]] = {
    "sdk": (
        Name("boto3", "_get_default_session", "gives boto3.client the credentials of the function that calls it"),
        Name("botocore.loaders:Loader", "__init__", "lets sessions share the service models that they load"),
        Name("botocore.hooks", "accepts_kwargs", "is fast, and keeps no client alive"),
        Name("botocore.hooks:EventAliaser", "__init__", "lets sessions share the names of events"),
        Name("botocore.handlers", "BUILTIN_HANDLERS", "leaves out the handlers that only write documentation"),
        Name("botocore.client:ClientCreator", "_create_client_class", "lets clients of a service share their class"),
        Name("botocore.httpsession", "create_urllib3_context", "lets clients share what HTTPS would need"),
    ),
    "clock": (
        Name("botocore.endpoint", "time", "makes the SDK's retries wait on the sandbox's clock"),
        Name(f"{ASL}.common.retry.retrier_decl", "time", "makes the Retry of a state wait on the clock"),
        Name(f"{ASL}.state.wait.wait_function.wait_function:WaitFunction", "_wait_interval", "makes Wait states wait"),
        Name(WORKER, "start", "runs an execution in a thread of the clock"),
        Name(HISTORY, "_get_current_timestamp", "dates the events of a history"),
        Name(f"{ASL}.state.state", "datetime", "dates the states in the context object"),
        Name(EXECUTION, "datetime", "dates the end of an execution"),
        Name(STEP_FUNCTIONS, "datetime", "dates the start of an execution"),
        Name(MAP_RECORD, "datetime", "dates a map run"),
        Name("moto.sts.models", "utcnow", "dates the end of a session"),
    ),
    "cloudformation": (
        Name("moto.kms.models:KmsBackend", "create_key", "accepts tags in the form that CloudFormation passes"),
        Name("moto.awslambda.models:LambdaFunction", "create_from_cloudformation_json", "keeps DeadLetterConfig"),
        Name(f"{EVENTS}:Rule", "create_from_cloudformation_json", "accepts an EventPattern that is a string"),
        Name(f"{EVENTS}:Rule", "update_from_cloudformation_json", "keeps the name of the rule"),
        Name("moto.s3.models:FakeBucket", "create_from_cloudformation_json", "keeps versions, bucket key, one name"),
        Name("moto.s3.models:FakeBucket", "update_from_cloudformation_json", "accepts a bucket without BucketName"),
        Name(CLOUDFORMATION, "describe_stack_resource", "ignores what the stack skips or has no condition for"),
        Name("moto.cloudformation.models", "yaml", "parses templates in C, several times as fast"),
        Name(CLOUDFORMATION_API, "_get_stack_from_s3_url", "reads a template at any address of the served sandbox"),
        Name("moto.cloudformation.parsing", "parse_and_update_resource", "creates what is new, keeps most types"),
        Name("moto.cloudformation.parsing:ResourceMap", "delete", "keeps what is retained, deletes managed policies"),
        Name("moto.cloudformation.parsing:ResourceMap", "load_parameters", "accepts the earlier values of lists"),
        Name("moto.iam.models:Role", "update_from_cloudformation_json", "updates the policies of a role"),
        Name("moto.cloudformation.parsing", "parse_resource", "skips a type that moto lacks and no story needs"),
    ),
    "cloudwatch": (Name("moto.cloudwatch.models:CloudWatchBackend", "set_alarm_state", "runs the alarm's actions"),),
    "sts": (Name(STS_API, "assume_role", "checks the trust policy of the role"),),
    "sns": (Name("moto.sns.models:SNSBackend", "publish", "refuses the subjects and messages that SNS refuses"),),
    "event_patterns": (
        Name(f"{EVENTS}:EventPatternParser", "parse", "refuses the patterns that EventBridge refuses"),
        Name(f"{EVENTS}:EventPattern", "_flatten_dict", "matches lists of objects as EventBridge does"),
        Name(EVENTS_API, "test_event_pattern", "answers; moto's does nothing"),
    ),
    "eventbridge": (
        Name(f"{EVENTS}:Rule", "send_to_targets", "adds machines, roles, bus policies, schedules, dead letters"),
        Name(f"{EVENTS}:EventsBackend", "put_events", "refuses events whose source is an AWS service"),
        Name(EVENTS_API, "put_events", "collects the events that functions put"),
    ),
    "api": (Name("moto.awslambda.responses:LambdaResponse", "invoke", "runs the stack's functions"),),
    **OF_STEP_FUNCTIONS,
    "enforcement": (
        Name("moto.sagemaker.responses:SageMakerResponse", "describe_model_package", "checks permissions"),
        Name("moto.sagemaker.responses:SageMakerResponse", "update_model_package", "checks permissions"),
        Name(STEP_FUNCTIONS_API, "_authenticate_and_authorize_normal_action", "checks permissions"),
        Name(EVENTS_API, "put_events", "checks permissions"),
        Name(STS_API, "assume_role", "checks the caller's permissions"),
        Name("moto.awslambda.responses:LambdaResponse", "invoke", "checks permissions"),
        Name("moto.sns.responses:SNSResponse", "publish", "checks permissions, those for the topic's key too"),
    ),
    "requests": (
        Name(STEP_FUNCTIONS_API, "_authenticate_and_authorize_normal_action", "refuses what the service model forbids"),
    ),
    "s3": (
        Name("moto.s3.responses:S3Response", "_authenticate_and_authorize_s3_action", "checks permissions"),
        Name("moto.s3.models:FakeBucket", "get_permission", "leaves the policies of buckets to the other check"),
    ),
    "sagemaker": (
        Name("moto.sagemaker.models:SageMakerModelBackend", "update_model_package", "keeps what is not updated"),
        Name("moto.sagemaker.responses:SageMakerResponse", "create_model_package", "sends SageMaker's event"),
        Name("moto.sagemaker.responses:SageMakerResponse", "update_model_package", "sends SageMaker's event"),
    ),
    "cloudtrail": (
        Name(STEP_FUNCTIONS_API, "start_execution", "records the call"),
        Name(STEP_FUNCTIONS_API, "stop_execution", "records the call"),
    ),
    "log": (
        Name(f"{EXECUTION}:BaseExecutionWorkerCommunication", "terminated", "logs how an execution ended"),
        Name("moto.sns.models:SNSBackend", "publish", "logs the subject of a mail"),
    ),
    "faults": (Name("moto.core.botocore_stubber:BotocoreStubber", "__call__", "injects faults into requests"),),
    "modules": (Name("importlib.machinery:SourceFileLoader", "get_code", "compiles each module of functions/ once"),),
}

# Operations that moto lacks and the sandbox adds.
ADDED = (
    Name(STEP_FUNCTIONS_API, "redrive_execution", "executions.py answers RedriveExecution"),
    Name("moto.cloudtrail.responses:CloudTrailResponse", "lookup_events", "cloudtrail.py answers LookupEvents"),
    Name(SERVICE_QUOTAS_API, "list_service_quotas", "quotas.py answers ListServiceQuotas"),
    Name(SERVICE_QUOTAS_API, "request_service_quota_increase", "quotas.py answers RequestServiceQuotaIncrease"),
    Name("moto.awslambda.responses:LambdaResponse", "get_account_settings", "quotas.py answers GetAccountSettings"),
)


@contextmanager
def replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """Replace an attribute of a module, class or object inside the context."""
    before = inspect.getattr_static(owner, name)  # getattr would turn a static method into a function
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def applied(module: str, replacements: Mapping[str, object]) -> Iterator[None]:
    """Replace, inside the context, the names that the table lists for a module of the sandbox.

    The keys are ``Name.short``, for example ``ExecutionWorker.start``. Raises ValueError if they differ from the table.
    """
    names = {one.short: one for one in REPLACED[module]}
    if names.keys() != replacements.keys():
        odd = ", ".join(sorted(names.keys() ^ replacements.keys()))
        raise ValueError(f"{module}.py and the table in sandbox/aws/patches.py differ in {odd}.")
    with ExitStack() as stack:
        for short, one in names.items():
            stack.enter_context(replaced(resolve_name(one.owner), one.name, replacements[short]))
        yield
