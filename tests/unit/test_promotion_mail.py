"""The mail about a promotion has a row for each destination, failures first, and fits the limits of SNS."""

import pytest

from model_copy import promotion_mail, promotion_outcomes
from tests.unit.promotion_samples import PROMOTION, STATE, WHERE, promoted, row
from tests.unit.world import Json

RUNBOOK = "https://runbooks.example/copies"
LARGEST_MESSAGE = 256 * 1_024


def mailed(error: str | None, *table: Json, name: str = "Model Promotion Failed", **request: object) -> tuple[str, str]:
    """Return subject and text."""
    execution = promoted(error, data={**STATE, "Request": {**PROMOTION, **request}}, output='{"Table": null}')
    outcome = promotion_outcomes.of_execution(execution, table, WHERE, None)
    return promotion_mail.subject(name, outcome), promotion_mail.text(name, outcome, RUNBOOK, table)


def test_the_mail_about_a_promotion_of_all() -> None:
    subject, text = mailed(None, row(0), row(1), name="Model Promoted")

    assert subject == "Model Promoted: cats v1, to 2 of 2 destinations"
    assert text == (
        "Outcome:     Model Promoted\n"
        f"Model:       {PROMOTION['SourceProjectVersionArn']}\n"
        "F1 score:    0.93\n"
        "To:          2 of 2 destinations (2 Copied)\n"
        "As:          v1\n"
        "Time:        2030-01-01T09:00:00+00:00 to 2030-01-01T10:00:00+00:00 (1:00:00)\n"
        f"Table:       {WHERE}\n"
        "What to do:  Nothing.\n"
        "Execution:   https://console.aws.amazon.com/states/home?region=eu-central-1#/v2/executions/details/"
        "arn:aws:states:eu-central-1:333333333333:execution:copies:an-execution\n"
        f"Runbook:     {RUNBOOK}\n"
        "\n"
        "Copied: copy-0\n"
        "Copied: copy-1\n"
        "\n"
        f"The table has all rows: {WHERE}\n"
    )


def test_failures_come_first_with_their_errors_and_causes() -> None:
    failed = row(1, "Failed", Error="E", Cause="It broke. Do it. Runbook: x#e", DestinationProjectArn="second")
    stopped = row(2, "Stopped", Cause="The promotion ended.", DestinationProjectArn="third")

    _, text = mailed("PartlyPromotedError", row(0), stopped, failed)

    assert "To:          1 of 3 destinations (1 Copied, 1 Failed, 1 Stopped)\n" in text
    assert text.partition("\n\n")[2].startswith(
        "Failed, E: second\n    It broke. Do it.\nStopped: third\n    The promotion ended.\nCopied: copy-0\n\n"
    )


def test_a_mail_without_a_table_ends_with_the_links() -> None:
    subject, text = mailed("ManifestError", DestinationsFrom={"S3Bucket": "b", "S3Key": "manifests/k.json"})

    assert subject == "Model Promotion Failed: ManifestError, cats v1"
    assert "Manifest:    s3://b/manifests/k.json\n" in text
    assert text.endswith(f"Runbook:     {RUNBOOK}#manifesterror\n")


@pytest.mark.parametrize("cause", ["Cause. " * 1_200, "\U0001f408é\n" * 3_000])
def test_the_longest_table_fits_into_a_message(cause: str) -> None:
    rows = [row(index, "Failed", Error="E" * 256, Cause=cause) for index in range(999)]

    subject, text = mailed("PartlyPromotedError", *rows, row(999), VersionName="v" * 200_000)

    assert len(subject) < 100
    assert len(text.encode()) < LARGEST_MESSAGE
    shown = text.count("Failed, E")
    assert 10 < shown < 999
    assert f"\nAnd {1_000 - shown} more rows. The table has all rows: {WHERE}\n" in text


def test_a_thousand_short_rows_are_all_shown() -> None:
    _, text = mailed(None, *(row(index) for index in range(1_000)))

    assert text.count("\nCopied: copy-") == 1_000
    assert "more rows" not in text


@pytest.mark.parametrize("field", ["SourceProjectVersionArn", "VersionName", "DestinationsFrom"])
@pytest.mark.parametrize("value", [{"a": []}, ["a"], "v1\r\nBcc: a@b.example\u202e", 7])
def test_sns_accepts_a_mail_whatever_was_requested(field: str, value: object) -> None:
    subject, text = mailed("InvalidRequestError", row(0, "Failed", Error="é\n", Cause="\u202e\x00"), **{field: value})

    assert 1 <= len(subject) < 100
    assert (subject.isascii(), subject.isprintable(), text.isascii()) == (True, True, True)
    assert all(line.isprintable() for line in text.split("\n"))
