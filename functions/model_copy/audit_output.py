"""What an audit leaves behind: objects in a bucket, and an event and a mail if something was found."""

from datetime import datetime

from model_copy import audit_mail, audit_report, notifications, runtime
from model_copy.audit import Audit
from model_copy.audit_report import Detail
from model_copy.aws import s3
from model_copy.aws.errors import UNTRANSLATED, reason
from model_copy.errors import ModelCopyError
from model_copy.notifications import Announcement, ClientFor
from model_copy.text import without_period

DETAIL_TYPE = "Model Grants Found"
MAILED_AS = "GrantsFound"  # for the filters of the topic's subscribers
MOST_RESOURCES = 20
ADVICE = (
    "Allow the function's role to write to audits/* in the bucket AuditBucket, in the policy of a bucket in another "
    "account too, and name the bucket's KMS key in the parameter AuditKeyArn."
)


class AuditNotReportedError(ModelCopyError):
    """The result of an audit could not be written, announced or mailed.  Not part of the workflow."""

    sentence = "The audit was not reported everywhere: {reasons}. Fix the cause, then start the audit again."


def report(audit: Audit, client_for: ClientFor, bucket: str, runbook: str) -> Detail:
    """Write the report, announce the findings and return the function's result; one failure does not stop the others.

    Raises AuditNotReportedError.

    Parameters
    ----------
    bucket: the name of the bucket; empty for none.
    """
    ended = runtime.now()
    reports, unwritten = None, None
    try:
        reports = _write(audit, ended, client_for, bucket) if bucket else None
    except (ModelCopyError, *UNTRANSLATED) as error:
        unwritten = f"{reason(error)}."
    detail = audit_report.detail(audit, ended, reports, unwritten)
    runtime.measure("GrantFindings", len(audit.findings))
    runtime.measure("AuditsIncomplete", int(not audit.is_complete))
    reasons = [without_period(unwritten)] if unwritten else []
    if audit.findings:
        reasons += notifications.send(_announcement(detail, runbook), client_for, is_mailed=True)
    if reasons:
        raise AuditNotReportedError(reasons="; ".join(reasons))
    return {**detail, "Announced": bool(audit.findings)}


def _write(audit: Audit, ended: datetime, client_for: ClientFor, bucket: str) -> dict[str, str]:
    """Write both forms of the report; the random part of the name keeps two audits of one second apart."""
    prefix = f"audits/{audit.began:%Y%m%dT%H%M%SZ}-{int(runtime.chance() * 16**6):06x}"
    contents = (
        ("Csv", "text/csv", audit_report.as_csv(audit, ended)),
        ("Json", "application/json", audit_report.as_json(audit, ended)),
    )
    for name, kind, content in contents:
        s3.put(client_for("s3"), bucket, f"{prefix}.{name.lower()}", content, kind, ADVICE)
    return {name: f"s3://{bucket}/{prefix}.{name.lower()}" for name, _, _ in contents}


def _announcement(detail: Detail, runbook: str) -> Announcement:
    return Announcement(
        detail_type=DETAIL_TYPE,
        detail=detail,
        resources=list(dict.fromkeys(one["Project"] for one in detail["Findings"]))[:MOST_RESOURCES],
        mailed_as=MAILED_AS,
        subject=audit_mail.subject(DETAIL_TYPE, detail),
        text=audit_mail.text(DETAIL_TYPE, detail, runbook),
        metrics=(),
    )
