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

_CURVES = (b"rTRC", b"gTRC", b"bTRC", b"kTRC")
_TABLES = (b"A2B0", b"A2B1", b"A2B2")
_ADAPTATION = (b"wtpt", b"chad")
_USED_TAGS = frozenset({*_PRIMARIES, *_CURVES, *_TABLES, *_ADAPTATION})
"""What the colours of a picture are converted by (§9.2)."""


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


def with_used_tags(profile: bytes) -> bytes:
    """The profile with those tags alone that browsers read.

    Little CMS reads others as well, and prefers one whose steps take it a time that grows with
    their square (D2B0, §9.2.19).
    """
    used = [tag for tag in _tag_table(profile) if tag[0] in _USED_TAGS]
    table = b"".join(_TAG.pack(*tag) for tag in used)
    count = len(used).to_bytes(4, "big")
    rest = profile[_FIRST_TAG + len(table) :]
    return b"".join((profile[:_LENGTH], count, table, rest))


def tags(profile: bytes) -> dict[bytes, memoryview]:
    """The contents of the tags by name; the first of a name counts."""
    view = memoryview(profile)  # tags may overlap, so that copies would take much memory
    table = _tag_table(profile)
    return {name: view[start : start + length] for name, start, length in table}


def _tag_table(profile: bytes) -> list[tuple[bytes, int, int]]:
    """The name, the place and the length of each tag (§7.3); the first of a name counts."""
    count = int.from_bytes(profile[_LENGTH:_FIRST_TAG], "big")
    found: dict[bytes, tuple[bytes, int, int]] = {}
    for number in range(min(count, _MAX_TAGS)):
        at = _FIRST_TAG + number * _TAG.size
        if at + _TAG.size > len(profile):
            break
        tag = _TAG.unpack_from(profile, at)
        found.setdefault(tag[0], tag)
    return list(found.values())


def _is_relative_to_d50(profile: bytes) -> bool:
    """Whether the illuminant in the header is that of the connection space (§7.2.16)."""
    numbers: tuple[int, int, int] = struct.unpack_from(">3i", profile, _ILLUMINANT_AT)
    errors = [abs(a / _FIXED_POINT - b) for a, b in zip(numbers, _D50, strict=True)]
    return max(errors) <= _MAX_ERROR
