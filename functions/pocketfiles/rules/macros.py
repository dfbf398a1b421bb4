"""Macros: the moment of the request, in parts (pocketbase.md §7.3)."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

_DAY = timedelta(days=1)


def stamp(moment: datetime) -> str:
    """``YYYY-MM-DD HH:MM:SS.mmmZ`` in UTC, as PocketBase stores dates."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}Z".rjust(24, "0")


def _start(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _end(moment: datetime) -> datetime:
    return moment.replace(hour=23, minute=59, second=59, microsecond=999_000)


def _month_end(moment: datetime) -> datetime:
    _, days = monthrange(moment.year, moment.month)
    return _end(moment.replace(day=days))


MACROS: Mapping[str, Callable[[datetime], str | int]] = {
    "@now": stamp,
    "@yesterday": lambda now: stamp(now - _DAY),
    "@tomorrow": lambda now: stamp(now + _DAY),
    "@todayStart": lambda now: stamp(_start(now)),
    "@todayEnd": lambda now: stamp(_end(now)),
    "@monthStart": lambda now: stamp(_start(now.replace(day=1))),
    "@monthEnd": lambda now: stamp(_month_end(now)),
    "@yearStart": lambda now: stamp(_start(now.replace(month=1, day=1))),
    "@yearEnd": lambda now: stamp(_end(now.replace(month=12, day=31))),
    "@second": lambda now: now.second,
    "@minute": lambda now: now.minute,
    "@hour": lambda now: now.hour,
    "@day": lambda now: now.day,
    "@month": lambda now: now.month,
    "@weekday": lambda now: now.isoweekday() % 7,
    "@year": lambda now: now.year,
}
"""What each macro makes of the moment, which is in UTC; ``@weekday`` is 0 on Sundays."""
