"""CloudWatch's evaluation of an alarm, for alarms that treat missing data as breaching or not.

Source: the CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data", whose two
tables ``test_alarms.py`` replays.
"""

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Values = Mapping[str, float]
"""The values of one period by the metric's name. A metric that is not there has no data."""

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
EXTRA_PERIODS = 2
"""How many periods before the evaluated ones CloudWatch reads, too."""


class Alarm:
    """An alarm by its properties, with every intrinsic function resolved."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        self._properties = properties
        self.periods = int(properties["EvaluationPeriods"])
        self.to_alarm = int(properties.get("DatapointsToAlarm", self.periods))
        self.threshold = float(properties["Threshold"])
        self._is_breaching = COMPARISONS[properties["ComparisonOperator"]]
        self._missing = {"breaching": True, "notBreaching": False}[properties["TreatMissingData"]]

    @property
    def seconds(self) -> int:
        """The length of a period; an alarm's metrics all have the same."""
        queries = self._properties.get("Metrics", [{"MetricStat": self._properties}])
        (period,) = {each["MetricStat"]["Period"] for each in queries if "MetricStat" in each}
        return int(period)

    @property
    def metrics(self) -> set[str]:
        """The names of the metrics that the alarm reads."""
        return set(self._names().values())

    def datapoint(self, values: Values) -> float | None:
        """What the alarm compares for one period, or ``None`` where there is no data."""
        if "MetricName" in self._properties:
            return values.get(self._properties["MetricName"])
        (expression,) = (each for each in self._properties["Metrics"] if "Expression" in each)
        by_id = {key: values[name] for key, name in self._names().items() if name in values}
        try:
            return _computed(ast.parse(expression["Expression"], mode="eval").body, by_id)
        except (KeyError, ZeroDivisionError):  # no data, as metric math has it
            return None

    def _names(self) -> dict[str, str]:
        """The metrics' names by their ids in the expression."""
        if "MetricName" in self._properties:
            return {"": self._properties["MetricName"]}
        queries = [each for each in self._properties["Metrics"] if "MetricStat" in each]
        return {each["Id"]: each["MetricStat"]["Metric"]["MetricName"] for each in queries}

    def rings(self, series: Sequence[Values]) -> bool:
        """Whether the alarm's state is ALARM after the last period of a series, oldest first."""
        points = [self.datapoint(values) for values in series]
        read = [None] * self.periods + points
        in_range = read[-(self.periods + EXTRA_PERIODS) :]
        existing = [point for point in in_range if point is not None]
        if None not in in_range[-self.periods :] or len(existing) >= self.periods:
            judged = [self._breaches(point) for point in existing[-self.periods :]]
        else:
            filled = [self._missing] * (self.periods - len(existing))
            judged = [self._breaches(point) for point in existing] + filled
        return sum(judged) >= self.to_alarm

    def _breaches(self, point: float) -> bool:
        return self._is_breaching(point, self.threshold)


def _computed(node: ast.expr, values: Values) -> float:
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.BinOp):
        calculate = ARITHMETIC[type(node.op)]
        return calculate(_computed(node.left, values), _computed(node.right, values))
    raise ValueError(f"metric math that this evaluation does not know: {ast.dump(node)}")
