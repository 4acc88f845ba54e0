"""Project policies as the stack and others write them."""

from model_copy.policies import ACTION
from tests.unit.world import OTHER_VERSION, REQUEST, ROLE, Json

OTHER_ACCOUNT = "444444444444"
POLICY_NAME = "model-copy-222222222222"
VERSION, VERSION_2 = REQUEST["SourceProjectVersionArn"], OTHER_VERSION
VERSIONS = VERSION.rpartition("/v1/")[0]


def statement(principal: str = ROLE, *versions: str, effect: str = "Allow") -> Json:
    """Return a statement in the form that the stack writes."""
    return {
        "Effect": effect,
        "Principal": {"AWS": [principal]},
        "Action": [ACTION],
        "Resource": list(versions or [VERSION]),
    }


def document(*statements: object) -> Json:
    """Return a document with these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


THEIRS = document(statement(OTHER_ACCOUNT, f"{VERSIONS}/*"))
