"""The distance of two points on the earth (pocketbase.md §7.4)."""

import math
import re

EARTH_RADIUS = 6371
"""Kilometres."""

_NUMERIC = re.compile(
    r"[ \t\n\v\f\r]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\n\v\f\r]*"
)


def distance(lon_a: object, lat_a: object, lon_b: object, lat_b: object) -> float | None:
    """Kilometres by the spherical law of cosines; ``None`` when an argument is no number, as in SQLite's own
    mathematics, where a text that reads as a number is one."""
    radians = [_radians(value) for value in (lon_a, lat_a, lon_b, lat_b)]
    if any(value is None for value in radians):
        return None
    lon1, lat1, lon2, lat2 = (value or 0.0 for value in radians)
    try:
        cosine = math.cos(lat1) * math.cos(lat2) * math.cos(lon2 - lon1) + math.sin(
            lat1
        ) * math.sin(lat2)
        return EARTH_RADIUS * math.acos(cosine)
    except ValueError:  # rounding took the cosine past 1, or an argument is infinite
        return None


def _radians(value: object) -> float | None:
    if isinstance(value, str) and _NUMERIC.fullmatch(value):
        return math.radians(float(value))
    if isinstance(value, int | float):
        return math.radians(value)
    return None
