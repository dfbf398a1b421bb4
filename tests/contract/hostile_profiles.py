"""An ICC profile of very many steps (ICC.1:2022 §9.2.19, §10.16)."""

import struct

D50 = struct.pack(">3i", 63_190, 65_536, 54_061)
HEADER = 128
TAG = 12
STEP_PLACE = 8


def profile_of_steps(count: int) -> bytes:
    """A profile of RGB, whose steps are all the same matrix."""
    matrix = b"matf" + bytes(4) + struct.pack(">HH", 3, 3)
    matrix += struct.pack(">12f", 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    first = 16 + count * STEP_PLACE
    places = struct.pack(">II", first, len(matrix)) * count
    steps = b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, count) + places + matrix
    start = HEADER + 4 + TAG
    header = struct.pack(">I4sI", start + len(steps), b"lcms", 0x04000000) + b"mntrRGB XYZ "
    header = (header + bytes(12) + b"acsp").ljust(68, b"\0") + D50
    tags = struct.pack(">I4sII", 1, b"D2B0", start, len(steps))
    return header.ljust(HEADER, b"\0") + tags + steps
