"""Amazon SNS: the mail that announces an outcome.

Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from collections.abc import Mapping
from typing import Any

from model_copy.aws.errors import sending


def publish(client: Any, topic: str, subject: str, message: str, attributes: Mapping[str, str]) -> None:
    """Publish a message to a topic.

    Raises NotSentError.
    """
    with sending("Publish", topic, "Let the role of AnnounceOutcomeFunction publish to the topic and use its key."):
        client.publish(
            TopicArn=topic,
            Subject=subject,
            Message=message,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
