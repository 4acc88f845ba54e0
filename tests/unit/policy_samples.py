"""Project policies as the stack and others write them."""

from model_copy.policies import ACTION
from tests.unit.world import OTHER_VERSION, REQUEST, ROLE, SETTINGS, Json

OTHER_ACCOUNT = "444444444444"
OTHER_ROLE = ROLE.replace("222222222222", OTHER_ACCOUNT)
OWN_ROLE = SETTINGS["COPY_ROLE_ARN"]
DELETED_ROLE = "AROAEXAMPLEEXAMPLE123"
POLICY_NAME, POLICY_2 = "model-copy-1", "model-copy-2"
VERSION, VERSION_2 = REQUEST["SourceProjectVersionArn"], OTHER_VERSION
VERSIONS = VERSION.rpartition("/v1/")[0]


def statement(*principals: str, version: str = VERSION, effect: str = "Allow") -> Json:
    """Return a statement in the form that the stack writes, for the role of the request or these principals."""
    return {
        "Effect": effect,
        "Principal": {"AWS": list(principals or [ROLE])},
        "Action": [ACTION],
        "Resource": [version],
    }


def document(*statements: object) -> Json:
    """Return a document with these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


THEIRS = document(statement(OTHER_ACCOUNT, version=f"{VERSIONS}/*"))
