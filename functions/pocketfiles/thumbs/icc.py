"""Writes ICC profiles of colours that are described by other means (ICC.1:2022 §7 to §10).

A profile has the three primaries as XYZ and one curve for all channels. Colour arithmetic is that
of SMPTE RP 177 (RGB to XYZ) and of annex E of the ICC's specification (adaptation to D50).
"""

import struct
from typing import NamedTuple

Vector = tuple[float, float, float]
Matrix = tuple[Vector, Vector, Vector]
"""Three rows."""


Curve = tuple[float, ...]
"""How a channel becomes light: a gamma, or the five parameters of function type 3 (§10.18)."""

SRGB_CURVE: Curve = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


class Chromaticities(NamedTuple):
    """CIE x and y of the white point and of the three primaries."""

    white: tuple[float, float]
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]


_D50: Vector = (0.9642, 1.0, 0.8249)
"""The white point of the profile connection space (§7.2.16)."""

_BRADFORD: Matrix = (
    (0.8951, 0.2664, -0.1614),
    (-0.7502, 1.7135, 0.0367),
    (0.0389, -0.0685, 1.0296),
)
"""XYZ to cone responses (annex E)."""

_HEADER_LENGTH = 128
_TAG_LENGTH = 12
_VERSION_4_2 = 0x04200000
_CURVE_TYPES = {1: 0, 5: 3}
"""The function type of a parametric curve, by its number of parameters (§10.18)."""

_FIXED_POINT = 65_536


_XYZ_TYPE = b"XYZ "


def profile(colours: Chromaticities, curve: Curve) -> bytes:
    """The profile of RGB with these primaries, and that curve for each channel.

    ValueError if the chromaticities make no colour space.
    """
    red, green, blue = _primaries_in_d50(colours)
    encoded = _curve(curve)
    tags = {
        b"wtpt": _xyz(_D50),
        b"rXYZ": _xyz(red),
        b"gXYZ": _xyz(green),
        b"bXYZ": _xyz(blue),
        b"rTRC": encoded,
        b"gTRC": encoded,
        b"bTRC": encoded,
    }
    return _file(tags)


def _primaries_in_d50(colours: Chromaticities) -> list[Vector]:
    """The XYZ of the three primaries, adapted from their white point to D50."""
    white = _from_chromaticity(colours.white)
    primaries = (
        _from_chromaticity(colours.red),
        _from_chromaticity(colours.green),
        _from_chromaticity(colours.blue),
    )
    try:
        weights = _times(_inverse(_transposed(primaries)), white)
        adaptation = _adaptation(white)
    except ZeroDivisionError as error:
        raise ValueError("no colour space") from error
    adapted = []
    for primary, weight in zip(primaries, weights, strict=True):
        x, y, z = primary
        adapted.append(_times(adaptation, (weight * x, weight * y, weight * z)))
    return adapted


def _from_chromaticity(chromaticity: tuple[float, float]) -> Vector:
    """XYZ with Y = 1; with Y = 0 for a primary that has no luminance."""
    x, y = chromaticity
    z = 1 - x - y
    return (x / y, 1.0, z / y) if y else (x, 0.0, z)


def _adaptation(white: Vector) -> Matrix:
    """The matrix that turns colours seen under ``white`` into the same colours under D50."""
    source = _times(_BRADFORD, white)
    target = _times(_BRADFORD, _D50)
    scaled = []
    for row, from_response, to_response in zip(_BRADFORD, source, target, strict=True):
        ratio = to_response / from_response
        a, b, c = row
        scaled.append((ratio * a, ratio * b, ratio * c))
    first, second, third = scaled
    return _product(_inverse(_BRADFORD), (first, second, third))


def _times(matrix: Matrix, vector: Vector) -> Vector:
    x, y, z = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return x, y, z


def _product(one: Matrix, two: Matrix) -> Matrix:
    columns = [_times(one, column) for column in _transposed(two)]
    return _transposed((columns[0], columns[1], columns[2]))


def _transposed(matrix: Matrix) -> Matrix:
    first, second, third = zip(*matrix, strict=True)
    return first, second, third


def _inverse(matrix: Matrix) -> Matrix:
    """By the cross products of the rows."""
    first, second, third = matrix
    columns = (_cross(second, third), _cross(third, first), _cross(first, second))
    determinant = sum(a * b for a, b in zip(first, columns[0], strict=True))
    scaled = []
    for x, y, z in columns:
        scaled.append((x / determinant, y / determinant, z / determinant))
    return _transposed((scaled[0], scaled[1], scaled[2]))


def _cross(one: Vector, two: Vector) -> Vector:
    x1, y1, z1 = one
    x2, y2, z2 = two
    return (
        y1 * z2 - z1 * y2,
        z1 * x2 - x1 * z2,
        x1 * y2 - y1 * x2,
    )


def _curve(curve: Curve) -> bytes:
    """A parametric curve (§10.18)."""
    numbers = b"".join(_fixed_point(parameter) for parameter in curve)
    return struct.pack(">4s4xH2x", b"para", _CURVE_TYPES[len(curve)]) + numbers


def _xyz(colour: Vector) -> bytes:
    numbers = b"".join(_fixed_point(number) for number in colour)
    return struct.pack(">4s4x", _XYZ_TYPE) + numbers


def _fixed_point(number: float) -> bytes:
    """An s15Fixed16Number (§4.6); ValueError if it does not fit."""
    try:
        return struct.pack(">i", round(number * _FIXED_POINT))
    except struct.error as error:
        raise ValueError("no colour space") from error


def _file(tags: dict[bytes, bytes]) -> bytes:
    """The profile of a display with these tags (§7.2, §7.3)."""
    at = _HEADER_LENGTH + 4 + _TAG_LENGTH * len(tags)
    table = [struct.pack(">I", len(tags))]
    for name, contents in tags.items():
        table.append(struct.pack(">4sII", name, at, len(contents)))
        at += len(contents)
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x12s48x",
        at,
        _VERSION_4_2,
        b"mntr",
        b"RGB ",
        b"XYZ ",
        b"acsp",
        _xyz(_D50)[8:],
    )
    return b"".join((header, *table, *tags.values()))
