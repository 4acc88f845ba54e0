"""The alarms and the dashboard cover everything that needs a person, and link to the runbook."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from model_copy import runtime
from sandbox.deployment import ROOT, expanded_template, function_names

OWN = "rekognition-model-copy"
METRICS = set(runtime.METRICS)
SECONDS = {name for name, unit in runtime.METRICS.items() if unit == "Seconds"} | {"ApproximateAgeOfOldestMessage"}
WATCHED = {
    "DeadLettersAlarm": {("AWS/SQS", "ApproximateNumberOfMessagesVisible")},
    "LostOutcomesAlarm": {("AWS/Lambda", "DeadLetterErrors"), ("AWS/Events", "InvocationsFailedToBeSentToDlq")},
    "ExecutionsFailedAlarm": {("AWS/States", "ExecutionsFailed")},
    "ExecutionsTimedOutAlarm": {("AWS/States", "ExecutionsTimedOut")},
    "ExecutionsAbortedAlarm": {("AWS/States", "ExecutionsAborted")},
    "ExecutionsThrottledAlarm": {("AWS/States", "ExecutionThrottled")},
    "FunctionErrorsAlarm": {("AWS/Lambda", "Errors"), (OWN, "KnownErrors")},
    "FunctionThrottlesAlarm": {("AWS/Lambda", "Throttles")},
    "PromotionsFailedAlarm": {("AWS/States", f"Executions{ending}") for ending in ("Failed", "TimedOut", "Aborted")},
    "PromotionErrorsAlarm": {("AWS/Lambda", "Errors"), (OWN, "KnownErrors")},
    "AuditErrorsAlarm": {("AWS/Lambda", "Errors"), (OWN, "KnownErrors")},
    "PromotionThrottlesAlarm": {("AWS/Lambda", "Throttles")},
    "OldCopyAlarm": {(OWN, "CopyAge")},
    "GrantsLeftBehindAlarm": {(OWN, "GrantsLeftBehind")},
}
SHOWN = {
    *((OWN, name) for name in METRICS),
    *(("AWS/States", f"Executions{ending}") for ending in ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")),
    ("AWS/States", "ExecutionThrottled"),
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Throttles"),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
}
# The dimension that distinguishes this stack's metrics from others, for each service.
OF_THE_STACK = {
    OWN: {("service", f"AWS::StackName{of}") for of in ("", "-promotions", "-audits")},
    "AWS/States": {("StateMachineArn", name) for name in ("CopyModelStateMachine", "PromoteModelStateMachine")},
    "AWS/SQS": {("QueueName", "DeadLetterQueue.QueueName")},
    "AWS/Events": {("RuleName", "OutcomeRule"), ("RuleName", "PromotionOutcomeRule")},
    "AWS/Lambda": {("FunctionName", name) for name in function_names()},
}
KEYS = [
    "AlarmDescription",
    "AlarmActions",
    "Metrics",
    "Namespace",
    "MetricName",
    "Dimensions",
    "Statistic",
    "Period",
    "EvaluationPeriods",
    "Threshold",
    "ComparisonOperator",
    "TreatMissingData",
    "Tags",
]

TEMPLATE = expanded_template()
DEFAULTS = {name: str(one["Default"]) for name, one in TEMPLATE["Parameters"].items() if "Default" in one}


def of_type(kind: str) -> dict[str, dict[str, Any]]:
    return {name: one["Properties"] for name, one in TEMPLATE["Resources"].items() if one["Type"] == kind}


ALARMS = of_type("AWS::CloudWatch::Alarm")
each_alarm = pytest.mark.parametrize("name", ALARMS)


def resolved(part: Any, **names: str) -> str:
    """Resolve the functions of CloudFormation, with logical ids in place of physical names."""
    names = {**DEFAULTS, **names}
    match part:
        case {"Ref": name}:
            return names.get(name, name)
        case {"Fn::GetAtt": path}:
            return ".".join(path)
        case {"Fn::If": [condition, then, otherwise]}:
            (equal,) = TEMPLATE["Conditions"][condition].values()
            return resolved(then if len({resolved(one, **names) for one in equal}) == 1 else otherwise, **names)
        case {"Fn::Sub": [text, own]}:
            names |= {name: resolved(value, **names) for name, value in own.items()}
            return resolved({"Fn::Sub": text}, **names)
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: names.get(found[1], found[1]), text)
        case str():
            return part
    raise TypeError(part)


@dataclass(frozen=True)
class Metric:
    """A metric that an alarm watches or the dashboard shows."""

    namespace: str
    name: str
    dimension: tuple[str, str]
    statistic: str
    id: str | None = None

    @property
    def kind(self) -> tuple[str, str]:
        return self.namespace, self.name


def metric(part: dict[str, Any], statistic: str, id: str | None = None) -> Metric:
    (dimension,) = part["Dimensions"]
    dimension = dimension["Name"], resolved(dimension["Value"])
    return Metric(part["Namespace"], part["MetricName"], dimension, statistic, id)


def watched(alarm: dict[str, Any]) -> list[Metric]:
    if "Metrics" not in alarm:
        return [metric(alarm, alarm["Statistic"])]
    queries = [(query["Id"], query["MetricStat"]) for query in alarm["Metrics"] if "MetricStat" in query]
    return [metric(one["Metric"], one["Stat"], id) for id, one in queries]


def expression(alarm: dict[str, Any]) -> str:
    (found,) = (query["Expression"] for query in alarm["Metrics"] if "Expression" in query)
    assert isinstance(found, str)
    return found


def dashboard(**names: str) -> list[dict[str, Any]]:
    (properties,) = of_type("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(resolved(properties["DashboardBody"], **names))["widgets"]
    assert isinstance(widgets, list)
    return widgets


def widgets(kind: str) -> Iterator[dict[str, Any]]:
    return (widget["properties"] for widget in dashboard() if widget["type"] == kind)


def shown(widget: dict[str, Any]) -> Iterator[Metric]:
    for line in widget["metrics"]:
        if len(line) > 1:
            namespace, name, key, value, options = line if isinstance(line[-1], dict) else [*line, {}]
            yield Metric(namespace, name, (key, value), options.get("stat", widget["stat"]), options.get("id"))


def expressions(widget: dict[str, Any]) -> list[str]:
    return [one[0]["expression"] for one in widget["metrics"] if len(one) == 1]


def all_metrics() -> list[Metric]:
    return [one for alarm in ALARMS.values() for one in watched(alarm)] + [
        one for widget in widgets("metric") for one in shown(widget)
    ]


def ids_in(expression: str, ids: set[str]) -> set[str]:
    """Return the ids of the metrics in an expression; fail if a METRICS() filter matches none."""
    chosen = [{id for id in ids if part in id} for part in re.findall(r'METRICS\("(\w+)"\)', expression)]
    assert all(chosen)
    return set(re.findall(r"\b[a-z]\w*", re.sub('"[^"]*"', "", expression))).union(*chosen)


def calculated(expression: str, data: dict[str, float | None]) -> float:
    """Evaluate the metric math with one data point for each metric, or None."""

    def fill(values: Any, default: float) -> Any:
        if isinstance(values, list):
            return [fill(value, default) for value in values]
        return default if values is None else values

    functions = {
        "SUM": sum,
        "FILL": fill,
        "METRICS": lambda part: [value for id, value in data.items() if part in id],
    }
    result = eval(expression, {**functions, **data})
    assert isinstance(result, int | float)
    return result


def test_the_alarms_watch_these_metrics() -> None:
    assert {name: {one.kind for one in watched(alarm)} for name, alarm in ALARMS.items()} == WATCHED


@each_alarm
def test_an_alarm_notifies_the_topic_and_its_end_does_not(name: str) -> None:
    assert ALARMS[name]["AlarmActions"] == [{"Ref": "NotificationTopic"}]
    assert not {"OKActions", "InsufficientDataActions", "ActionsEnabled"} & set(ALARMS[name])


@each_alarm
def test_an_alarm_says_what_to_do_and_links_to_its_section_of_the_runbook(name: str) -> None:
    described = ALARMS[name]["AlarmDescription"]
    said, _, pointer = resolved(described).rpartition(" Runbook: ")

    assert pointer == f"docs/runbook.md#{name.lower()}"
    assert len(said.split(". ")) > 1
    assert len(resolved(described, RunbookUrl="x" * 256)) <= 1_024  # the limit of CloudWatch


def test_cloudformation_chooses_the_names_of_alarms_and_dashboard() -> None:
    assert not [name for name, alarm in ALARMS.items() if "AlarmName" in alarm]
    assert [set(one) for one in of_type("AWS::CloudWatch::Dashboard").values()] == [{"DashboardBody", "Tags"}]


@each_alarm
def test_one_data_point_raises_an_alarm_and_none_does_not(name: str) -> None:
    alarm = ALARMS[name]
    threshold = {"Ref": "OldCopyHours"} if name == "OldCopyAlarm" else 1

    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", threshold)
    assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (1, "notBreaching")


@each_alarm
def test_the_keys_of_an_alarm_are_in_one_order(name: str) -> None:
    assert list(ALARMS[name]) == [key for key in KEYS if key in ALARMS[name]]


@pytest.mark.parametrize("one", all_metrics(), ids=lambda one: f"{one.name}-{one.dimension[1]}")
def test_each_metric_belongs_to_this_stack(one: Metric) -> None:
    assert one.dimension in OF_THE_STACK[one.namespace]


def test_each_own_metric_is_one_that_the_functions_measure() -> None:
    assert {one.name for one in all_metrics() if one.namespace == OWN} <= METRICS


def test_each_metric_of_the_functions_is_measured_somewhere() -> None:
    code = "".join(path.read_text() for path in (ROOT / "functions").rglob("*.py"))

    assert {name: code.count(f'"{name}"') >= 2 for name in METRICS} == dict.fromkeys(METRICS, True)


def test_counts_are_summed_and_times_and_queue_lengths_have_a_maximum() -> None:
    odd = {one for one in all_metrics() if one.statistic != "Sum"}

    assert {one.statistic for one in odd} == {"Maximum", "p50"}
    assert {one.name for one in odd} == SECONDS | {"ApproximateNumberOfMessagesVisible"}
    assert {one.statistic for one in odd if one.name == "CopyDuration"} == {"Maximum", "p50"}
    assert {one.name for one in all_metrics() if one.statistic == "Sum"}.isdisjoint(SECONDS)


@pytest.mark.parametrize("name", [name for name, alarm in ALARMS.items() if "Metrics" in alarm])
def test_metric_math_uses_each_metric_of_its_alarm_and_returns_one_result(name: str) -> None:
    alarm = ALARMS[name]
    ids = [query["Id"] for query in alarm["Metrics"]]
    measured = {one.id for one in watched(alarm) if one.id}
    results = [query for query in alarm["Metrics"] if query.get("ReturnData", True)]

    assert len(set(ids)) == len(ids)
    assert ids_in(expression(alarm), measured) == measured
    assert ["Expression" in query for query in results] == [True]
    assert len(measured) <= 10  # the limit of CloudWatch


@pytest.mark.parametrize("widget", [one for one in widgets("metric") if expressions(one)], ids=lambda one: one["title"])
def test_metric_math_on_the_dashboard_uses_each_metric_with_an_id(widget: dict[str, Any]) -> None:
    ids = [one.id for one in shown(widget) if one.id]

    assert len(set(ids)) == len(ids)
    assert set().union(*(ids_in(one, set(ids)) for one in expressions(widget))) == set(ids)


@pytest.mark.parametrize("name", ["Errors", "Throttles"])
def test_errors_and_throttles_of_each_function_are_watched_and_shown(name: str) -> None:
    alarms = [alarm for title, alarm in ALARMS.items() if title.endswith(f"{name}Alarm")]
    alarmed = [one.dimension[1] for alarm in alarms for one in watched(alarm) if one.kind == ("AWS/Lambda", name)]
    seen = [
        one.dimension[1] for widget in widgets("metric") for one in shown(widget) if one.kind == ("AWS/Lambda", name)
    ]

    assert sorted(alarmed) == sorted(function_names())
    assert seen == function_names()


@pytest.mark.parametrize("name", ["FunctionErrorsAlarm", "PromotionErrorsAlarm", "AuditErrorsAlarm"])
def test_known_errors_raise_no_alarm_and_all_others_do(name: str) -> None:
    alarm = ALARMS[name]
    errors = [one.id for one in watched(alarm) if one.id and one.name == "Errors"]
    (known,) = (one.id for one in watched(alarm) if one.id and one.name == "KnownErrors")
    shown_too = [one for widget in widgets("metric") for one in expressions(widget) if "errors" in one]
    none = dict.fromkeys([known, *errors])

    assert shown_too == [expression(alarm)]
    assert calculated(expression(alarm), {**none, **dict.fromkeys(errors, 1), known: len(errors)}) == 0
    for id in errors:
        assert calculated(expression(alarm), {**none, id: 1}) == 1


def test_the_known_errors_of_audits_are_those_that_the_function_measures() -> None:
    function = TEMPLATE["Resources"]["AuditGrantsFunction"]["Properties"]
    (known,) = (one for one in watched(ALARMS["AuditErrorsAlarm"]) if one.name == "KnownErrors")

    service = function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    assert service == {"Fn::Sub": "${AWS::StackName}-audits"}
    assert known.dimension == ("service", "AWS::StackName-audits")


@pytest.mark.parametrize(
    "name", ["FunctionThrottlesAlarm", "PromotionThrottlesAlarm", "LostOutcomesAlarm", "PromotionsFailedAlarm"]
)
def test_each_throttled_invocation_each_lost_announcement_and_each_failed_promotion_counts(name: str) -> None:
    alarm = ALARMS[name]
    ids = [one.id for one in watched(alarm) if one.id]
    for id in ids:
        assert calculated(expression(alarm), {**dict.fromkeys(ids), id: 1}) == 1


def test_a_copy_is_old_after_the_hours_of_the_parameter_and_before_its_deadline() -> None:
    (age,) = watched(ALARMS["OldCopyAlarm"])
    (shown_too,) = (widget for widget in widgets("metric") if any(one.name == "CopyAge" for one in shown(widget)))
    (line,) = shown_too["annotations"]["horizontal"]

    assert calculated(expression(ALARMS["OldCopyAlarm"]), {str(age.id): 6 * 3_600}) == 6
    assert expressions(shown_too) == [expression(ALARMS["OldCopyAlarm"])]
    assert line["value"] == int(DEFAULTS["OldCopyHours"]) < int(DEFAULTS["DeadlineHours"])


def test_the_alarm_stays_on_between_two_reports_of_a_copys_age() -> None:
    periods = [query["MetricStat"]["Period"] for query in ALARMS["OldCopyAlarm"]["Metrics"] if "MetricStat" in query]
    assert min(periods) >= 2 * 300


def test_the_dashboard_shows_these_metrics() -> None:
    assert {one.kind for widget in widgets("metric") for one in shown(widget)} == SHOWN


def test_no_widget_overlaps_another_or_exceeds_the_24_columns() -> None:
    taken = [
        {(x, y) for x in range(one["x"], one["x"] + one["width"]) for y in range(one["y"], one["y"] + one["height"])}
        for one in dashboard()
    ]

    assert not [(one, other) for one, other in itertools.combinations(taken, 2) if one & other]
    assert {x for cells in taken for x, _ in cells} == set(range(24))


def test_each_widget_has_a_title_and_shows_the_region_of_the_stack() -> None:
    panels = [one["properties"] for one in dashboard() if one["type"] != "text"]  # a text widget has neither

    assert {one["region"] for one in panels} == {"AWS::Region"}
    assert len({one["title"] for one in panels}) == len(panels) == len(dashboard()) - 1


@pytest.mark.parametrize(
    ("partition", "console"),
    [
        ("aws", "console.aws.amazon.com"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
    ],
)
def test_the_dashboard_links_to_the_runbook_and_to_the_executions(partition: str, console: str) -> None:
    (text,) = (one["properties"] for one in dashboard(**{"AWS::Partition": partition}) if one["type"] == "text")
    runbook, executions = re.findall(r"\]\(([^)]+)\)", text["markdown"])

    assert runbook == DEFAULTS["RunbookUrl"]
    assert executions == f"https://{console}/states/home?region=AWS::Region#/statemachines/view/CopyModelStateMachine"


@pytest.mark.parametrize("address", ["https://wiki.example.com/a_b/runbook.md?plain=1", "docs/runbook.md", "x" * 256])
def test_the_runbook_may_have_any_address(address: str) -> None:
    assert re.fullmatch(TEMPLATE["Parameters"]["RunbookUrl"]["AllowedPattern"], address)


@pytest.mark.parametrize("address", ["", "x" * 257, "a b", 'a"b', "a\\b", "a(b)", "a[b]", "a\nb"])
def test_an_address_that_would_break_the_dashboard_is_refused(address: str) -> None:
    assert not re.fullmatch(TEMPLATE["Parameters"]["RunbookUrl"]["AllowedPattern"], address)


def test_the_stack_has_the_name_of_its_dashboard_as_an_output() -> None:
    assert TEMPLATE["Outputs"]["DashboardName"]["Value"] == {"Ref": "Dashboard"}
