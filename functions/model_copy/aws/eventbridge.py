"""Amazon EventBridge: the event that announces an outcome.

Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
"""

from typing import Any

from model_copy.aws.errors import NotSentError, sending
from model_copy.text import without_period


def put_event(client: Any, bus: str, event: dict[str, Any]) -> None:
    """Put an event on a bus.

    Raises NotSentError.
    """
    with sending("PutEvents", bus, "Allow the role of the function that announces to put events on the bus."):
        (result,) = client.put_events(Entries=[{**event, "EventBusName": bus}])["Entries"]
    if "ErrorCode" in result:
        reason = without_period(f"{result['ErrorCode']}, {result.get('ErrorMessage')}")
        raise NotSentError(f"PutEvents on {bus} failed: {reason}")
