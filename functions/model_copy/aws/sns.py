"""Amazon SNS: the mail that announces an outcome.

Source: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from collections.abc import Mapping
from typing import Any

from model_copy.aws.errors import sending

ADVICE = "Allow the role of the function that announces to publish to the topic and to use the topic's key."


def publish(client: Any, topic: str, subject: str, message: str, attributes: Mapping[str, str]) -> None:
    """Publish a message to a topic.

    Raises NotSentError.
    """
    with sending("Publish", topic, ADVICE):
        client.publish(
            TopicArn=topic,
            Subject=subject,
            Message=message,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
