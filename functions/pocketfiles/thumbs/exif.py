"""The one EXIF field that thumbs need: the orientation (CIPA DC-008 §4.6.5, TIFF 6.0 §2)."""

from typing import Literal

_ORIENTATION_TAG = 0x0112
_TYPE_SHORT = 3
_ONE_VALUE = 1
_ORIENTATIONS = range(1, 9)
_UPRIGHT = 1

_DIRECTORY_OFFSET = 4
_COUNT_LENGTH = 2
_ENTRY_LENGTH = 12


def orientation(tiff: bytes) -> int:
    """The orientation, 1 to 8, in the first directory of an EXIF block without its prefix.

    1 (upright) if there is none, if it is not one SHORT of these eight, and if the block is broken:
    so it is in browsers.
    """
    order: Literal["little", "big"] = "little"
    if tiff.startswith(b"MM\0*"):
        order = "big"
    elif not tiff.startswith(b"II*\0"):
        return _UPRIGHT

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], order)

    directory = number(_DIRECTORY_OFFSET, 4)
    room = (len(tiff) - directory - _COUNT_LENGTH) // _ENTRY_LENGTH
    entries = min(number(directory, _COUNT_LENGTH), room)  # at most 65,535
    for index in range(entries):
        entry = directory + _COUNT_LENGTH + _ENTRY_LENGTH * index
        if number(entry, 2) != _ORIENTATION_TAG:
            continue
        is_short = number(entry + 2, 2) == _TYPE_SHORT
        is_single = number(entry + 4, 4) == _ONE_VALUE
        value = number(entry + 8, 2)
        return value if is_short and is_single and value in _ORIENTATIONS else _UPRIGHT
    return _UPRIGHT
