from collections.abc import Mapping

import pytest

from pocketfiles.sampled_log import SampledLog, by_settings


class Log:
    def __init__(self) -> None:
        self.lines: list[Mapping[str, object]] = []
        self.exceptions: list[object] = []

    def info(self, msg: object, /, *, extra: Mapping[str, object]) -> None:
        self.lines.append(extra)

    def exception(self, msg: object, /) -> None:
        self.exceptions.append(msg)


@pytest.mark.parametrize(
    ("percent", "draw", "logged"), [(100, 0.999, 1), (10, 0.09, 1), (10, 0.1, 0)]
)
def test_a_share_of_the_successful_requests_is_logged(
    percent: int, draw: float, logged: int
) -> None:
    log = Log()
    SampledLog(log, percent, lambda: draw).info("answered", extra={"status": 200})
    assert len(log.lines) == logged


@pytest.mark.parametrize(
    "line", [{"status": 404}, {"status": 503}, {"status": 200, "reason": "corrupt"}]
)
def test_refusals_failures_and_failed_thumbs_are_always_logged(line: dict[str, object]) -> None:
    log = Log()
    SampledLog(log, 1, lambda: 0.99).info("answered", extra=line)
    assert log.lines == [line]


def test_exceptions_are_always_logged() -> None:
    log = Log()
    SampledLog(log, 1, lambda: 0.99).exception("failed")
    assert log.exceptions == ["failed"]


def test_settings_say_how_many_lines_are_left_out() -> None:
    log = Log()
    sampled = by_settings(log, {"TABLE_NAME": "t", "LOG_PERCENT": "1"}, lambda: 0.5)
    sampled.info("answered", extra={"status": 200})
    assert log.lines == []


def test_wrong_settings_leave_out_no_line() -> None:
    log = Log()
    assert by_settings(log, {"LOG_PERCENT": "1"}, lambda: 0.5) is log
