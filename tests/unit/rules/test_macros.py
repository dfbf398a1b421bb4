from datetime import UTC, datetime, timedelta, timezone

import pytest

from pocketfiles.rules.macros import MACROS, stamp
from tests.unit.rules.world import NOW

EXPECTED = {
    "@now": "2026-11-23 18:04:05.678Z",
    "@yesterday": "2026-11-22 18:04:05.678Z",
    "@tomorrow": "2026-11-24 18:04:05.678Z",
    "@todayStart": "2026-11-23 00:00:00.000Z",
    "@todayEnd": "2026-11-23 23:59:59.999Z",
    "@monthStart": "2026-11-01 00:00:00.000Z",
    "@monthEnd": "2026-11-30 23:59:59.999Z",
    "@yearStart": "2026-01-01 00:00:00.000Z",
    "@yearEnd": "2026-12-31 23:59:59.999Z",
    "@second": 5,
    "@minute": 4,
    "@hour": 18,
    "@day": 23,
    "@month": 11,
    "@weekday": 1,
    "@year": 2026,
}


def test_each_macro_tells_its_part_of_the_moment() -> None:
    assert {name: macro(NOW) for name, macro in MACROS.items()} == EXPECTED


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        (datetime(2024, 2, 1, tzinfo=UTC), "2024-02-29 23:59:59.999Z"),
        (datetime(2026, 1, 31, 23, tzinfo=UTC), "2026-01-31 23:59:59.999Z"),
        (datetime(2026, 12, 31, tzinfo=UTC), "2026-12-31 23:59:59.999Z"),
        (datetime(9999, 12, 1, tzinfo=UTC), "9999-12-31 23:59:59.999Z"),
    ],
)
def test_a_month_ends_on_its_last_day(moment: datetime, end: str) -> None:
    assert MACROS["@monthEnd"](moment) == end


def test_sunday_is_zero() -> None:
    assert MACROS["@weekday"](datetime(2026, 11, 22, tzinfo=UTC)) == 0


def test_a_stamp_is_in_utc() -> None:
    assert (
        stamp(datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))))
        == "2025-12-31 23:00:00.000Z"
    )
