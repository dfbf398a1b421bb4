"""The colour space of coding-independent code points (ITU-T H.273), as an ICC profile."""

from pocketfiles.thumbs import icc
from pocketfiles.thumbs.icc import SRGB_CURVE, Chromaticities, Curve

_D65 = (0.3127, 0.3290)
_ILLUMINANT_C = (0.310, 0.316)
SRGB = Chromaticities(_D65, (0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_REC_601_525 = Chromaticities(_D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070))

_COLOUR_PRIMARIES = {
    1: SRGB,
    4: Chromaticities(_ILLUMINANT_C, (0.670, 0.330), (0.210, 0.710), (0.140, 0.080)),
    5: Chromaticities(_D65, (0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
    6: _REC_601_525,
    7: _REC_601_525,
    8: Chromaticities(_ILLUMINANT_C, (0.681, 0.319), (0.243, 0.692), (0.145, 0.049)),
    9: Chromaticities(_D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    10: Chromaticities((1 / 3, 1 / 3), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)),
    11: Chromaticities((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: Chromaticities(_D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    22: Chromaticities(_D65, (0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}
"""By ColourPrimaries (ITU-T H.273 table 2)."""

_REC_709_DISPLAY: Curve = (2.4,)
_TRANSFER_CURVES: dict[int, Curve] = {
    1: _REC_709_DISPLAY,
    4: (2.2,),
    5: (2.8,),
    6: _REC_709_DISPLAY,
    7: (1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 4 * 0.0228),
    8: (1.0,),
    11: _REC_709_DISPLAY,
    13: SRGB_CURVE,
    14: _REC_709_DISPLAY,
    15: _REC_709_DISPLAY,
    17: (2.6, (52.37 / 48) ** (1 / 2.6), 0.0, 0.0, 0.0),
}
"""By TransferCharacteristics (H.273 table 3), as Chromium reads them. PQ and HLG are not converted:
Chromium maps their tones by all three channels, which no curve describes."""

_SRGB_CODES = (1, 13)
_SRGB_PROFILE = b""
_RGB_MATRIX = 0
_FULL_RANGE = 1
LENGTH = 4


def icc_profile(data: bytes) -> bytes | None:
    """The profile of four code points: primaries, transfer characteristics, matrix and range.

    None if they are not supported; empty for sRGB.
    """
    if len(data) != LENGTH:
        return None
    primaries, transfer, matrix, full_range = data
    if (matrix, full_range) != (_RGB_MATRIX, _FULL_RANGE):
        return None
    if primaries not in _COLOUR_PRIMARIES or transfer not in _TRANSFER_CURVES:
        return None
    if (primaries, transfer) == _SRGB_CODES:
        return _SRGB_PROFILE
    return icc.profile(_COLOUR_PRIMARIES[primaries], _TRANSFER_CURVES[transfer])
