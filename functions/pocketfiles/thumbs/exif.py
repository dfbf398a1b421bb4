"""The one EXIF field that thumbs need: the orientation (CIPA DC-008 §4.6.5, TIFF 6.0 §2)."""

from typing import Literal

_ORIENTATION_TAG = 0x0112
_TYPE_SHORT = 3
_ORIENTATIONS = range(1, 9)
_UPRIGHT = 1

_MAX_ENTRIES = 1000
"""Most directory entries that are read."""

_DIRECTORY_OFFSET = 4
_COUNT_LENGTH = 2
_ENTRY_LENGTH = 12


def orientation(tiff: bytes) -> int:
    """The orientation, 1 to 8, in the first directory of an EXIF block without its prefix.

    1 (upright) if there is none, if it is not one of the eight, and if the block is broken.
    """
    order: Literal["little", "big"] = "little"
    if tiff.startswith(b"MM\0*"):
        order = "big"
    elif not tiff.startswith(b"II*\0"):
        return _UPRIGHT

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], order)

    directory = number(_DIRECTORY_OFFSET, 4)
    entries = min(number(directory, _COUNT_LENGTH), _MAX_ENTRIES)
    for index in range(entries):
        entry = directory + _COUNT_LENGTH + _ENTRY_LENGTH * index
        tag = number(entry, 2)
        kind = number(entry + 2, 2)
        if tag == _ORIENTATION_TAG and kind == _TYPE_SHORT:
            value = number(entry + 8, 2)
            return value if value in _ORIENTATIONS else _UPRIGHT
    return _UPRIGHT
