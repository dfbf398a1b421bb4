"""Every alarm of the template rings when it should, stops, and is silent without requests."""

import re
from typing import Any

import pytest

from local.intrinsics import Resolver, load
from pocketfiles import metrics
from pocketfiles.log_fields import LogFields
from tests.alarms import Alarm, Values
from tests.conftest import ROOT

PARAMETERS = {
    "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
    "SyncAlarmSeconds": 600,
}
TEMPLATE = load((ROOT / "template.yaml").read_text())
RESOLVER = Resolver(TEMPLATE, PARAMETERS)


def alarms() -> dict[str, Alarm]:
    found = {
        name: RESOLVER.resolve(body["Properties"])
        for name, body in TEMPLATE["Resources"].items()
        if body["Type"] == "AWS::CloudWatch::Alarm"
    }
    return {name: Alarm(properties) for name, properties in found.items()}


GOOD: dict[str, Values] = {
    "ErrorAlarm": {"5xx": 0, "Count": 100},
    "OperatorAlarm": {"OperatorMustAct": 0},
    "ClientErrorAlarm": {"4xx": 40, "Count": 100},
    "FunctionErrorAlarm": {"Errors": 0},
    "TokensErrorAlarm": {"Errors": 0},
    "LatencyAlarm": {"Latency": 400},
    "FilesThrottleAlarm": {"Throttles": 0},
    "TokensThrottleAlarm": {"Throttles": 0},
    "ThumbAlarm": {"ThumbsFailed": 1, "ThumbsMade": 9, "ThumbsServed": 90},
    "OverloadAlarm": {"Overloaded": 0},
    "SyncAlarm": {"SyncAge": 30},
    "InvalidationAlarm": {"InvalidationDelay": 30},
    "CdnErrorAlarm": {"5xxErrorRate": 0.5},
    "ReleaseAlarm": {"5xx": 0, "Count": 100},
}
"""Metrics of a period in which all is well."""

BAD: dict[str, Values] = {
    "ErrorAlarm": {"5xx": 2, "Count": 100},
    "OperatorAlarm": {"OperatorMustAct": 1},
    "ClientErrorAlarm": {"4xx": 60, "Count": 100},
    "FunctionErrorAlarm": {"Errors": 1},
    "TokensErrorAlarm": {"Errors": 1},
    "LatencyAlarm": {"Latency": 6000},
    "FilesThrottleAlarm": {"Throttles": 1},
    "TokensThrottleAlarm": {"Throttles": 1},
    "ThumbAlarm": {"ThumbsFailed": 20, "ThumbsMade": 20, "ThumbsServed": 60},
    "OverloadAlarm": {"Overloaded": 1},
    "SyncAlarm": {"SyncAge": 900},
    "InvalidationAlarm": {"InvalidationDelay": 4000},
    "CdnErrorAlarm": {"5xxErrorRate": 3},
    "ReleaseAlarm": {"5xx": 2, "Count": 100},
}
"""Metrics of a period in which what the alarm is for happens."""

NONE: Values = {}
"""A period without requests."""

LONGEST = 10
"""Periods after which every alarm has decided."""

each_alarm = pytest.mark.parametrize("name", sorted(GOOD))


def test_every_alarm_is_tried() -> None:
    assert set(alarms()) == set(GOOD) == set(BAD)


@each_alarm
def test_an_alarm_rings_while_it_lasts(name: str) -> None:
    alarm = alarms()[name]
    assert alarm.rings([GOOD[name]] * LONGEST + [BAD[name]] * alarm.to_alarm)
    assert alarm.rings([BAD[name]] * LONGEST)


@each_alarm
def test_an_alarm_rings_for_the_first_requests_after_a_silence(name: str) -> None:
    alarm = alarms()[name]
    assert alarm.rings([NONE] * LONGEST + [BAD[name]] * alarm.to_alarm)


@each_alarm
def test_an_alarm_is_silent_while_all_is_well(name: str) -> None:
    assert not alarms()[name].rings([GOOD[name]] * LONGEST)


@pytest.mark.parametrize(
    "name", sorted(name for name, each in alarms().items() if each.to_alarm > 1)
)
def test_an_alarm_of_several_periods_is_silent_for_one_bad_one(name: str) -> None:
    series = [*[GOOD[name]] * LONGEST, BAD[name], GOOD[name]]
    assert not alarms()[name].rings(series)


@each_alarm
def test_an_alarm_stops_when_all_is_well_again(name: str) -> None:
    assert not alarms()[name].rings([BAD[name]] * LONGEST + [GOOD[name]] * LONGEST)


@each_alarm
def test_an_alarm_stops_when_nobody_asks_any_more(name: str) -> None:
    assert not alarms()[name].rings([BAD[name]] * LONGEST + [NONE] * LONGEST)


@each_alarm
def test_an_alarm_is_silent_without_requests(name: str) -> None:
    assert not alarms()[name].rings([NONE] * LONGEST)
    assert not alarms()[name].rings([])


@each_alarm
def test_an_alarm_rings_at_night_for_a_few_requests_that_all_fail(name: str) -> None:
    """One request in each period is enough."""
    few = {metric: min(value, 1) for metric, value in BAD[name].items()}
    if name in {"LatencyAlarm", "SyncAlarm", "InvalidationAlarm", "CdnErrorAlarm"}:
        few = dict(BAD[name])  # no counts
    elif name == "ThumbAlarm":
        few = {"ThumbsFailed": 1, "ThumbsMade": 0, "ThumbsServed": 0}
    alarm = alarms()[name]
    assert alarm.rings([NONE] * LONGEST + [few] * alarm.periods)


def test_an_alarm_that_stops_a_release_rings_before_the_shortest_one_ends() -> None:
    shifted = TEMPLATE["Globals"]["Function"]["DeploymentPreference"]["Alarms"]["Fn::If"][1]
    stopping = {each["Ref"] for each in shifted}
    assert stopping == {"ReleaseAlarm", "FunctionErrorAlarm", "TokensErrorAlarm"}
    ways = " ".join(TEMPLATE["Parameters"]["Deployment"]["AllowedValues"])
    canaries = [int(minutes) for minutes in re.findall(r"Canary10Percent(\d+)Minutes", ways)]
    for name in stopping:
        alarm = alarms()[name]
        assert alarm.to_alarm * alarm.seconds <= min(canaries) * 60 / 2, name


@pytest.mark.parametrize("function", ["FilesFunction", "TokensFunction"])
def test_crashes_of_each_function_stop_a_release(function: str) -> None:
    shifted = TEMPLATE["Globals"]["Function"]["DeploymentPreference"]["Alarms"]["Fn::If"][1]
    watched = [TEMPLATE["Resources"][each["Ref"]]["Properties"] for each in shifted]
    dimension = {"Name": "FunctionName", "Value": {"Ref": function}}
    assert [each["MetricName"] for each in watched if each.get("Dimensions") == [dimension]] == [
        "Errors"
    ]


def test_the_functions_give_every_metric_of_a_ratio_a_value_at_once() -> None:
    """Metric math has no data for a period in which one of its metrics has none."""
    for outcome in ("made", "stored", "failed"):
        of_request = metrics.Measured(200, 1, 1, {}, LogFields(thumb=outcome))
        values = {each.name: each.value for each in metrics.of(of_request)}
        assert alarms()["ThumbAlarm"].datapoint(values) == (1 if outcome == "failed" else 0)


# ------------------------------------------- the evaluation itself, by the user guide's two tables

GUIDE: list[tuple[str, int, bool, bool]] = [
    # datapoints, oldest first; datapoints to alarm; rings if missing is breaching, notBreaching
    ("0-X-X", 3, False, False),
    ("0----", 3, False, False),
    ("-----", 3, True, False),
    ("0XX-X", 3, True, True),
    ("--X--", 3, True, False),
    ("0-X-X", 2, True, True),
    ("00X0X", 2, True, True),
    ("0-X--", 2, True, False),
    ("----0", 2, True, False),
    ("---X-", 2, True, False),
]


@pytest.mark.parametrize(("points", "to_alarm", "breaching", "not_breaching"), GUIDE)
def test_the_evaluation_is_that_of_the_user_guide(
    points: str, to_alarm: int, breaching: bool, not_breaching: bool
) -> None:
    values: dict[str, Values] = {"0": {"m": 0}, "X": {"m": 2}, "-": {}}
    series = [values[point] for point in points]
    for treatment, expected in (("breaching", breaching), ("notBreaching", not_breaching)):
        properties: dict[str, Any] = {
            "MetricName": "m",
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": to_alarm,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 1,
            "TreatMissingData": treatment,
        }
        assert Alarm(properties).rings(series) is expected, treatment
