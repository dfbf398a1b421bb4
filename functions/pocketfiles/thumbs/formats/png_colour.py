"""The colour space of a PNG, as an ICC profile (PNG third edition §4.3, §11.3.2).

The first of these that is there and makes sense decides: cICP, iCCP, sRGB, gAMA with cHRM.
"""

import struct

from pocketfiles.thumbs import code_points, icc
from pocketfiles.thumbs.formats import png_deflate
from pocketfiles.thumbs.formats.header import MAX_PROFILE
from pocketfiles.thumbs.icc import Chromaticities

_RGB_MATRIX = 0
_GAMMA_LENGTH = 4
_CHROMATICITIES_LENGTH = 32
_UNITS = 100_000
"""gAMA and cHRM are in units of 1/100,000."""

_SRGB_GAMMA = 45_455
"""gAMA of 1/2.2. Without cHRM it stands for sRGB's curve, as in browsers."""

_MAX_GAMMA_ERROR = 0.05
"""How far gAMA may be from it, as a share, to stand for the same."""

_SRGB_PROFILE = b""

_RENDERING_INTENTS = (b"\0", b"\1", b"\2", b"\3")
"""What an sRGB chunk may contain (§11.3.2.5); any other is ignored, as in browsers."""

_SIGNATURE_AT = 36
_ICC_SIGNATURE = b"acsp"
"""In the header of every profile (ICC.1:2022 §7.2)."""


KINDS = frozenset({b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM"})
"""The types of the chunks that describe colours."""


def makes_sense(kind: bytes, contents: bytes) -> bool:
    """Whether a chunk is one of ``KINDS`` with possible contents; if not, a later one may count."""
    if kind == b"gAMA":
        return len(contents) == _GAMMA_LENGTH and any(contents)
    if kind == b"cHRM":
        return len(contents) == _CHROMATICITIES_LENGTH
    if kind == b"sRGB":
        return contents in _RENDERING_INTENTS
    if kind == b"cICP":
        is_rgb = contents[2:3] == bytes((_RGB_MATRIX,))
        return len(contents) == code_points.LENGTH and is_rgb
    return kind == b"iCCP"


def icc_profile(chunks: dict[bytes, bytes]) -> bytes:
    """The profile that these chunks describe, by type; empty for sRGB."""
    profile = code_points.icc_profile(chunks.get(b"cICP", b""))
    if profile is None:
        profile = _from_iccp(chunks.get(b"iCCP", b""))
    if profile is None and chunks.get(b"sRGB") not in _RENDERING_INTENTS:
        profile = _from_gamma(chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b""))
    return profile or _SRGB_PROFILE


def _from_iccp(data: bytes) -> bytes | None:
    """The embedded profile (§11.3.2.3); None if it is broken or longer than MAX_PROFILE."""
    name, _, rest = data.partition(b"\0")
    if not name or rest[:1] != b"\0":
        return None
    profile = png_deflate.inflated(rest[1:], MAX_PROFILE)
    is_profile = profile is not None and profile.startswith(_ICC_SIGNATURE, _SIGNATURE_AT)
    return profile if is_profile else None


def _from_gamma(
    gamma_data: bytes,
    chromaticity_data: bytes,
) -> bytes | None:
    """The profile of gAMA and cHRM (§11.3.2.1, §11.3.2.2); cHRM alone means nothing to browsers."""
    if len(gamma_data) != _GAMMA_LENGTH:
        return None
    gamma = int.from_bytes(gamma_data, "big")
    has_chromaticities = len(chromaticity_data) == _CHROMATICITIES_LENGTH
    is_srgb = abs(gamma / _SRGB_GAMMA - 1) <= _MAX_GAMMA_ERROR
    if gamma == 0 or (is_srgb and not has_chromaticities):
        return None
    colours = _chromaticities(chromaticity_data) if has_chromaticities else code_points.SRGB
    try:
        return icc.profile(colours, (_UNITS / gamma,))
    except ValueError:
        return None


def _chromaticities(data: bytes) -> Chromaticities:
    numbers = [number / _UNITS for number in struct.unpack(">8I", data)]
    white_x, white_y, red_x, red_y, green_x, green_y, blue_x, blue_y = numbers
    return Chromaticities(
        white=(white_x, white_y),
        red=(red_x, red_y),
        green=(green_x, green_y),
        blue=(blue_x, blue_y),
    )
