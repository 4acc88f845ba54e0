"""Quotas in the sandbox: Service Quotas has those that Rekognition enforces here, and Lambda the account's settings.

The codes are the sandbox's own. A requested increase stays pending.
Source: https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
"""

import json
import uuid
from typing import Any

from moto.awslambda import urls
from moto.awslambda.responses import LambdaResponse
from moto.servicequotas.responses import ServiceQuotasResponse

from sandbox.aws.rekognition.settings import settings

NAMES = {
    "copies_quota": "Concurrent copies",
    "policies_quota": "Policies per project",
    "versions_quota": "Versions per project",
    "projects_quota": "Projects",
    "running_quota": "Running models",
}
CONCURRENCY = 1_000
STORAGE = 75 * 1_024**3


def install() -> None:
    """Add the operations to moto; repeating this is safe."""
    quotas: Any = ServiceQuotasResponse
    quotas.list_service_quotas = list_service_quotas
    quotas.request_service_quota_increase = request_service_quota_increase
    responses: Any = LambdaResponse
    responses.get_account_settings = get_account_settings
    urls.url_paths[r"{0}/(?P<api_version>[^/]+)/account-settings/?$"] = LambdaResponse.dispatch


def list_service_quotas(self: Any) -> str:
    """Answer ListServiceQuotas."""
    service = json.loads(self.body)["ServiceCode"]
    quotas = [
        {
            "ServiceCode": service,
            "QuotaCode": f"L-{number:08}",
            "QuotaName": f"Custom Labels: {name}",
            "Value": float(getattr(settings, setting)),
            "Adjustable": True,
            "GlobalQuota": False,
        }
        for number, (setting, name) in enumerate(NAMES.items(), start=1)
    ]
    return json.dumps({"Quotas": quotas if service == "rekognition" else []})


def request_service_quota_increase(self: Any) -> str:
    """Answer RequestServiceQuotaIncrease."""
    return json.dumps({"RequestedQuota": {"Id": uuid.uuid4().hex, **json.loads(self.body), "Status": "PENDING"}})


def get_account_settings(self: Any) -> str:
    """Answer GetAccountSettings of Lambda."""
    limit = {
        "TotalCodeSize": STORAGE,
        "CodeSizeUnzipped": 250 * 1_024**2,
        "CodeSizeZipped": 50 * 1_024**2,
        "ConcurrentExecutions": CONCURRENCY,
        "UnreservedConcurrentExecutions": CONCURRENCY,
    }
    functions = list(self.backend.list_functions())
    usage = {"TotalCodeSize": sum(one.code_size for one in functions), "FunctionCount": len(functions)}
    return json.dumps({"AccountLimit": limit, "AccountUsage": usage})
