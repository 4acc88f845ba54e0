"""The AWS services of the sandbox: moto's services on a clock, as strict as AWS wherever the stack depends on it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from moto import mock_aws

from sandbox.aws import (
    clock,
    cloudformation,
    cloudtrail,
    cloudwatch,
    event_patterns,
    eventbridge,
    quotas,
    rekognition,
    s3,
    sagemaker,
    sdk,
    sns,
)
from sandbox.aws.clock import Clock
from sandbox.aws.iam import enforcement, sts
from sandbox.aws.lambda_ import api, invocations
from sandbox.aws.stepfunctions import (
    asl,
    distributed_map,
    executions,
    interpreter,
    listings,
    nested,
    requests,
    status_changes,
)

MOTO: Any = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}


@contextmanager
def install(
    its_clock: Clock,
    aws: Callable[[], Any],
    listeners: list[interpreter.Listener],
    outcomes: list[eventbridge.Event],
) -> Iterator[None]:
    """Make boto3 call these services inside the context; ``aws`` returns the sandbox once it exists."""

    def invoke_later(arn: str, event: object) -> None:
        lambdas, function = aws().lambdas, aws().deployment.functions[arn]
        invocations.invoke(function, event, its_clock, lambdas.run)

    rekognition.install()
    quotas.install()
    # More than a with statement can have.
    installed = (
        sdk.install(),
        mock_aws(config=MOTO),
        clock.install(its_clock),
        cloudformation.install(),
        cloudwatch.install(its_clock),
        sts.install(),
        sns.install(its_clock),
        event_patterns.install(),
        eventbridge.install(its_clock, lambda arn, event: aws().start(event, machine=arn), invoke_later, outcomes),
        api.install(
            lambda function: function.function_arn in aws().deployment.functions,
            lambda *call: aws().lambdas.run(*call),
            invoke_later,
        ),
        interpreter.install(lambda *call: aws().lambdas.invoke(*call), listeners),
        asl.install(its_clock),
        executions.install(its_clock),
        nested.install(its_clock),
        distributed_map.install(its_clock),
        listings.install(),
        status_changes.install(lambda: bool(aws().announces)),
        enforcement.install(its_clock),
        requests.install(),
        s3.install(its_clock),
        sagemaker.install(its_clock),
        cloudtrail.install(its_clock),
    )
    with ExitStack() as stack:
        for one in installed:
            stack.enter_context(one)
        yield
