"""Compares two pictures by what a viewer sees: their size and their colours."""

import io
import math
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageStat

EXIF_ORIENTATION = 0x0112
UPRIGHT = 1
_SIDE = 32
_CHANNEL_MAX = 255
_ONLY_MAX = [0] * _CHANNEL_MAX + [_CHANNEL_MAX]
"""Maps the largest value of a channel to itself and all others to 0."""


@dataclass(frozen=True)
class Likeness:
    """How alike two pictures of the same size are."""

    decibels: float
    """Peak signal-to-noise ratio of the colours where both are opaque; infinite when equal."""
    alpha_decibels: float
    """The same of the alpha channel."""


@dataclass(frozen=True)
class Facts:
    """What of a picture explains that its thumbs differ."""

    format: str
    """As Pillow names it: ``JPEG``, ``PNG``, ``GIF``, ``WEBP``."""
    pixels: int
    animated: bool
    rotated: bool
    """Whether an EXIF orientation other than upright is set."""
    profile: bool
    """Whether a colour profile is embedded."""


def open_picture(data: bytes) -> Image.Image | None:
    """Decode a picture; ``None`` for what is none that Pillow can read."""
    try:
        picture = Image.open(io.BytesIO(data))
        picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    return picture


def facts(data: bytes) -> Facts | None:
    """Read what explains differences from an original; ``None`` for what is no picture."""
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return Facts(
                format=picture.format or "",
                pixels=picture.width * picture.height,
                animated=getattr(picture, "n_frames", 1) > 1,
                rotated=picture.getexif().get(EXIF_ORIENTATION, UPRIGHT) != UPRIGHT,
                profile="icc_profile" in picture.info,
            )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def likeness(one: Image.Image, two: Image.Image) -> Likeness:
    """Compare two pictures of the same size.

    Large ones are reduced first, so that neither a sharper filter nor another compression counts,
    but only what is to be seen.
    """
    one = _reduced(one)
    two = _reduced(two)
    one_alpha = one.getchannel("A")
    two_alpha = two.getchannel("A")
    lower_alpha = ImageChops.darker(one_alpha, two_alpha)
    both_opaque = lower_alpha.point(_ONLY_MAX)
    colours = ImageChops.difference(one.convert("RGB"), two.convert("RGB"))
    alpha = ImageChops.difference(one_alpha, two_alpha)
    has_opaque = both_opaque.getbbox() is not None
    return Likeness(
        decibels=_decibels(colours, both_opaque) if has_opaque else math.inf,
        alpha_decibels=_decibels(alpha, None),
    )


def _reduced(picture: Image.Image) -> Image.Image:
    factor = max(1, min(picture.size) // _SIDE)
    return picture.convert("RGBA").reduce(factor)


def _decibels(difference: Image.Image, mask: Image.Image | None) -> float:
    """The peak signal-to-noise ratio of a difference, where the mask is set."""
    root_mean_squares = ImageStat.Stat(difference, mask).rms
    mean_square = sum(root**2 for root in root_mean_squares) / len(root_mean_squares)
    if mean_square == 0:
        return math.inf
    return 10 * math.log10(_CHANNEL_MAX**2 / mean_square)
