"""Made ICC profiles of every shape (ICC.1:2022 §7 to §10)."""

import struct
from collections.abc import Callable, Iterable
from itertools import product

Lab = tuple[float, float, float]

D50 = (0.9642, 1.0, 0.8249)
RED, GREEN, BLUE = (0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141)
"""The XYZ of sRGB's primaries, adapted to D50."""

HEADER_LENGTH = 128
TAG_LENGTH = 12


def fixed(*numbers: float) -> bytes:
    """s15Fixed16Numbers (§4.6)."""
    return b"".join(struct.pack(">i", round(number * 65_536)) for number in numbers)


def xyz(*numbers: float) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*numbers)


def table(*levels: int) -> bytes:
    """A curve of samples (§10.6); none is the identity, one a gamma in 1/256."""
    return b"curv\0\0\0\0" + struct.pack(f">I{len(levels)}H", len(levels), *levels)


def parametric(kind: int, *parameters: float) -> bytes:
    """A parametric curve (§10.18)."""
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + fixed(*parameters)


def profile(
    space: bytes,
    tags: dict[bytes, bytes],
    *,
    version: int = 2,
    connection: bytes = b"XYZ ",
    intent: int = 0,
) -> bytes:
    """The file of these tags, for a device of that colour space."""
    at = HEADER_LENGTH + 4 + TAG_LENGTH * len(tags)
    entries = [struct.pack(">I", len(tags))]
    for name, contents in tags.items():
        entries.append(struct.pack(">4sII", name, at, len(contents)))
        at += len(contents)
    header = struct.pack(
        ">I4xI4s4s4s12x4s24xI12s48x",
        at,
        version << 24,
        b"prtr" if space == b"CMYK" else b"mntr",
        space,
        connection,
        b"acsp",
        intent,
        fixed(*D50),
    )
    return b"".join((header, *entries, *tags.values()))


def of_matrix(
    *curves: bytes,
    primaries: Iterable[tuple[float, float, float]] = (RED, GREEN, BLUE),
    white: tuple[float, float, float] = D50,
    version: int = 2,
    more: dict[bytes, bytes] | None = None,
) -> bytes:
    """RGB with primaries and one curve, or three, and more tags."""
    red, green, blue = primaries
    tags = {b"wtpt": xyz(*white), b"rXYZ": xyz(*red), b"gXYZ": xyz(*green), b"bXYZ": xyz(*blue)}
    names = (b"rTRC", b"gTRC", b"bTRC")
    three = curves * 3 if len(curves) == 1 else curves
    all_tags = tags | dict(zip(names, three, strict=True)) | (more or {})
    return profile(b"RGB ", all_tags, version=version)


def of_grey(curve: bytes, *, connection: bytes = b"XYZ ", version: int = 2) -> bytes:
    """Grey with that curve."""
    tags = {b"wtpt": xyz(*D50), b"kTRC": curve}
    return profile(b"GRAY", tags, connection=connection, version=version)


def of_lut(
    space: bytes,
    channels: int,
    colour: Callable[..., Lab],
    *,
    version: int = 2,
    points: int = 3,
) -> bytes:
    """A table of 8 bits (§10.11): ``colour`` tells Lab of each channel from 0 to 1."""
    identity = fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    curve = bytes(range(256))
    steps = [step / (points - 1) for step in range(points)]
    cells = bytearray()
    for place in product(steps, repeat=channels):
        lightness, a, b = colour(*place)
        cells += bytes((round(lightness * 2.55), round(a + 128), round(b + 128)))
    head = b"mft1\0\0\0\0" + bytes((channels, 3, points, 0))
    contents = b"".join((head, identity, curve * channels, cells, curve * 3))
    tags = {b"wtpt": xyz(*D50), b"A2B0": contents}
    return profile(space, tags, version=version, connection=b"Lab ")


def inks(cyan: float, magenta: float, yellow: float, black: float) -> Lab:
    """Lab of a printer whose inks are not quite clean, and whose black is a grey of 20."""
    light = 100 - 40 * cyan - 50 * magenta - 10 * yellow
    lightness = max(10.0, light) * (1 - black) + 20 * black * (light / 100 if light > 0 else 0)
    colourful = 1 - black
    a = (70 * magenta - 35 * cyan - 5 * yellow) * colourful
    b = (80 * yellow - 45 * cyan - 5 * magenta) * colourful
    return lightness, a, b


PRINTER = of_lut(b"CMYK", 4, inks)
