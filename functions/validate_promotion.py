"""Task *Validate promotion*: check the whole promotion before anything is copied, and list its copies.

Raises InvalidRequestError, ManifestError, TransientError, AccessDeniedError.
"""

import json

from model_copy import manifests, promotion, runtime
from model_copy.aws import clients, s3
from model_copy.request import execution_name
from model_copy.runtime import Context, Event, task


@task
def lambda_handler(state: Event, context: Context) -> Event:
    client, name = clients.own("s3"), execution_name(state)
    given = state["Request"] if isinstance(state["Request"], dict) else {}
    is_approval = state.get("Approval", {}).get("Kind", "Request") != "Request"
    bucket, manifest = runtime.setting("PROMOTIONS_BUCKET"), runtime.setting("DESTINATIONS_MANIFEST")
    destinations, wrong = manifests.destinations(client, given, is_approval, bucket, manifest)
    errors = [*promotion.own_errors(state["Request"]), *wrong]
    requests = promotion.copy_requests(given, destinations, clients.request_shape(), clients.scope(), errors)
    place = promotion.Place.new(name, runtime.now(), bucket)
    s3.put(client, bucket, place.key, json.dumps(promotion.items(requests, state.get("Execution"), name)))
    return {
        "Bucket": bucket,
        "Prefix": place.prefix,
        "Key": place.key,
        "Destinations": len(requests),
        "MaxConcurrency": given.get("MaxConcurrency", int(runtime.setting("PROMOTION_CONCURRENCY"))),
        "StopAfterFailures": given.get("StopAfterFailures"),
        "DryRun": given.get("DryRun", False),
    }
