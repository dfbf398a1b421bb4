"""The one thing thumbs need of EXIF: which way up the picture is (CIPA DC-008 §4.6.5, TIFF 6.0 §2)."""

from typing import Literal

_ORIENTATION = 0x0112
_SHORT = 3
_MAX_ENTRIES = 1000


def orientation(tiff: bytes) -> int:
    """The orientation, 1-8, in the first directory of an EXIF block without its ``Exif\\0\\0`` prefix.

    1 (upright) when there is none, when it is not one of the eight, and when the block is broken.
    """
    order: Literal["little", "big"] = "little" if tiff.startswith(b"II*\0") else "big"
    if order == "big" and not tiff.startswith(b"MM\0*"):
        return 1

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], order)

    directory = number(4, 4)
    for index in range(min(number(directory, 2), _MAX_ENTRIES)):
        entry = directory + 2 + 12 * index
        if number(entry, 2) == _ORIENTATION and number(entry + 2, 2) == _SHORT:
            value = number(entry + 8, 2)
            return value if 1 <= value <= 8 else 1
    return 1
