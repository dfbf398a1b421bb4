"""Reads what an embedded ICC profile says of itself (ICC.1:2022 §7)."""

import struct

_LENGTH = 128
"""Bytes of a profile's header."""

_MAJOR_VERSION_AT = 8
_LAST_VERSION = 4
_COLOUR_SPACE = slice(16, 20)
_CONNECTION_SPACE = slice(20, 24)
_ILLUMINANT_AT = 68

_D50 = (0.9642, 1.0, 0.8249)
_MAX_ERROR = 0.01
_FIXED_POINT = 65_536

_TAG = struct.Struct(">4sII")
_FIRST_TAG = _LENGTH + 4
_MAX_TAGS = 100

_PRIMARIES = (b"rXYZ", b"gXYZ", b"bXYZ")
_XYZ_TYPE = b"XYZ "


def is_valid(profile: bytes) -> bool:
    """Whether Chromium believes a profile. Little CMS believes more.

    It is as long as it says, not of iccMAX, and relative to D50; its primaries, if it has any, are
    XYZ; and it has no curve of grey that leads to Lab.
    """
    if len(profile) < _FIRST_TAG or int.from_bytes(profile[:4], "big") > len(profile):
        return False
    if profile[_MAJOR_VERSION_AT] > _LAST_VERSION or not _is_relative_to_d50(profile):
        return False
    found = tags(profile)
    if any(found.get(name, _XYZ_TYPE)[:4] != _XYZ_TYPE for name in _PRIMARIES):
        return False
    is_grey = profile[_COLOUR_SPACE] == b"GRAY"
    leads_to_lab = profile[_CONNECTION_SPACE] == b"Lab "
    return not (is_grey and leads_to_lab) or b"A2B0" in found


def tags(profile: bytes) -> dict[bytes, memoryview]:
    """The contents of the tags by name (§7.3); the first of a name counts."""
    view = memoryview(profile)  # tags may overlap, so that copies would take much memory
    count = int.from_bytes(profile[_LENGTH:_FIRST_TAG], "big")
    found: dict[bytes, memoryview] = {}
    for number in range(min(count, _MAX_TAGS)):
        at = _FIRST_TAG + number * _TAG.size
        if at + _TAG.size > len(profile):
            break
        name, start, length = _TAG.unpack_from(profile, at)
        found.setdefault(name, view[start : start + length])
    return found


def _is_relative_to_d50(profile: bytes) -> bool:
    """Whether the illuminant in the header is that of the connection space (§7.2.16)."""
    numbers: tuple[int, int, int] = struct.unpack_from(">3i", profile, _ILLUMINANT_AT)
    errors = [abs(a / _FIXED_POINT - b) for a, b in zip(numbers, _D50, strict=True)]
    return max(errors) <= _MAX_ERROR
