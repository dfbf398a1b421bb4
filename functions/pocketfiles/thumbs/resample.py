"""Makes pixels fewer: averages blocks of them, then resizes by a triangle filter (pocketbase.md
§4.5).

A thumb's pixel is the weighted mean of the source pixels around it. The weight falls linearly
from the centre to 0, over as many source pixels as make one thumb pixel. With transparency, each
colour also weighs by its alpha:

    thumb alpha  = sum(weight × alpha)
    thumb colour = sum(weight × alpha × colour) / sum(weight × alpha)

A large picture is first averaged in blocks of whole pixels, down to 1.5 to 2.5 times its thumb.
That is quicker than the filter alone and nearly the same (docs/performance.md).
"""

import math
from collections.abc import Callable, Iterator
from typing import (
    Any,
    NamedTuple,
    Protocol,
    cast,
)

from PIL import Image, ImageMath

from pocketfiles.thumbs.geometry import (
    Box,
    FloatBox,
    Size,
    whole,
)
from pocketfiles.thumbs.task import Task

_STRIP_PIXELS = 1 << 18
"""Pixels averaged at a time: what a processor's cache holds."""

_MIN_SHRINK_IN_EIGHT_BITS = 1.5
"""Smallest shrink factor with premultiplied alpha in eight bits. Below it, a thumb pixel is the
mean of too few source pixels to hide their rounding, so the product is kept in full."""

_MAX_LEVEL = 255
_ROUND_TO_NEAREST = 0.5

_PLAIN_MODES = {"RGBX": "RGB", "RGBa": "RGBA", "La": "LA"}
_PREMULTIPLIED_MODES = {"RGBA": "RGBa", "LA": "La"}
_MODES_WITH_ALPHA = frozenset({"RGBA", "RGBa", "LA", "La"})


class Picture(Protocol):
    """An image of Pillow, or one that is decoded as it is read: its crops must go downwards."""

    @property
    def size(self) -> Size:
        """Width and height."""

    def crop(self, box: Box) -> Image.Image:
        """The pixels in that box."""


class Reduced(NamedTuple):
    """An image that contains a task's box, and the box in its pixels."""

    image: Image.Image
    box: FloatBox


def reduce(
    picture: Picture,
    box: FloatBox,
    task: Task,
    *,
    filled: Box | None = None,
) -> Reduced:
    """The pixels that contribute to ``box``, averaged in blocks, and the box in those pixels.

    ``box`` is the task's, in pixels of ``picture``. All pixels outside ``filled``, if it is given,
    are transparent.
    """
    needed = task.needed(box, picture.size)
    box = box.moved(-needed.left, -needed.top)
    ratios = box.ratios(task.target)
    across, down = (_block_side(ratio) for ratio in ratios)
    if (across, down) == (1, 1):
        is_resized = ratios != (1, 1)
        is_premultiplied = is_resized and task.shrink >= _MIN_SHRINK_IN_EIGHT_BITS
        image = _crop(picture, needed)
        averageable = _averageable(image, is_premultiplied=is_premultiplied)
        return Reduced(averageable, box)
    if filled is None:
        averaged = _averaged(picture, needed, across, down)
    else:
        averaged = _averaged_around(filled, picture, needed, across, down)
    return Reduced(averaged, box.divided(across, down))


def resize(
    image: Image.Image,
    box: FloatBox,
    target: Size,
) -> Image.Image:
    """``box`` of the image as ``target`` pixels of L, LA, RGB, RGBA or CMYK."""
    if box != FloatBox(*whole(image.size)) or image.size != target:
        if image.mode in _MODES_WITH_ALPHA:
            return _resize_with_alpha(image, box, target)
        image = image.resize(target, Image.Resampling.BILINEAR, box)
    if image.mode in _PLAIN_MODES:
        return image.convert(_PLAIN_MODES[image.mode])
    return image


def _block_side(ratio: float) -> int:
    """Pixels that are averaged into one, so that 1.5 to 2.5 are left for each of the thumb's."""
    return max(1, int((ratio + 1) / 2))


def _crop(picture: Picture, box: Box) -> Image.Image:
    if isinstance(picture, Image.Image) and box == whole(picture.size):
        return picture
    return picture.crop(box)


def _averaged_around(
    filled: Box,
    picture: Picture,
    box: Box,
    across: int,
    down: int,
) -> Image.Image:
    """``_averaged``, of which only the blocks are read that have pixels in ``filled``."""
    width, height = box.size
    averaged = Image.new("RGBa", (math.ceil(width / across), math.ceil(height / down)))
    first_column = max(0, filled.left - box.left) // across
    first_row = max(0, filled.top - box.top) // down
    left = box.left + first_column * across
    top = box.top + first_row * down
    right = box.left + math.ceil((filled.right - box.left) / across) * across
    bottom = box.top + math.ceil((filled.bottom - box.top) / down) * down
    part = Box(left, top, min(right, box.right), min(bottom, box.bottom))
    if part.left < part.right and part.top < part.bottom:
        averaged.paste(_averaged(picture, part, across, down), (first_column, first_row))
    return averaged


def _averaged(
    picture: Picture,
    box: Box,
    across: int,
    down: int,
) -> Image.Image:
    """``box`` with each ``across`` × ``down`` pixels averaged into one."""
    strips = [
        _averageable(strip, is_premultiplied=True).reduce((across, down))
        for strip in _strips(picture, box, down)
    ]
    width = strips[0].width
    height = sum(strip.height for strip in strips)
    averaged = Image.new(strips[0].mode, (width, height))
    top = 0
    for strip in strips:
        averaged.paste(strip, (0, top))
        top += strip.height
    return averaged


def _strips(
    picture: Picture,
    box: Box,
    down: int,
) -> Iterator[Image.Image]:
    """``box`` in strips whose heights are multiples of ``down``, but for the last."""
    width, _ = box.size
    blocks = max(1, _STRIP_PIXELS // width // down)
    height = blocks * down
    for top in range(box.top, box.bottom, height):
        bottom = min(top + height, box.bottom)
        yield picture.crop(Box(box.left, top, box.right, bottom))


def _averageable(
    image: Image.Image,
    *,
    is_premultiplied: bool,
) -> Image.Image:
    """The image in a mode whose numbers may be averaged; alpha may be multiplied into its
    colours."""
    has_transparent_colour = "transparency" in image.info
    if image.mode == "I;16":
        image = _eight_bits(image)
    elif image.mode in {"1", "L"} and has_transparent_colour:
        image = image.convert("LA")
    elif image.mode in {"P", "RGB"} and has_transparent_colour:
        image = image.convert("RGBA")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode == "P":
        image = image.convert("RGB")
    if is_premultiplied and image.mode in _PREMULTIPLIED_MODES:
        return image.convert(_PREMULTIPLIED_MODES[image.mode])
    return image


def _eight_bits(image: Image.Image) -> Image.Image:
    """The high bytes of a grey image of 16 bits; its transparent colour becomes alpha."""
    grey = image.point(lambda value: value / 256).convert("L")
    if "transparency" not in image.info:
        return grey
    transparent = image.info["transparency"]
    alpha = [0 if level == transparent else _MAX_LEVEL for level in range(1 << 16)]
    return Image.merge("LA", (grey, image.convert("I").point(alpha, "L")))


def _resize_with_alpha(
    image: Image.Image,
    box: FloatBox,
    target: Size,
) -> Image.Image:
    """Resized in floating point: in eight bits, faint pixels would lose their colours."""
    is_premultiplied = image.mode.endswith("a")
    alpha_range = _MAX_LEVEL if is_premultiplied else 1.0
    *channels, alpha = image.split()

    def resized(channel: Image.Image) -> Image.Image:
        return channel.convert("F").resize(target, Image.Resampling.BILINEAR, box)

    resized_alpha = resized(alpha)
    bands = []
    for channel in channels:
        premultiplied = channel if is_premultiplied else _multiplied(channel, alpha)
        divided = _divided(resized(premultiplied), resized_alpha, alpha_range)
        bands.append(_rounded(divided))
    bands.append(_rounded(resized_alpha))
    colours = image.mode[:-1]
    return Image.merge(f"{colours}A", bands)


def _multiplied(one: Image.Image, two: Image.Image) -> Image.Image:
    return _computed(lambda of: of["one"] * of["two"], one=one, two=two)


def _divided(
    one: Image.Image,
    two: Image.Image,
    scale: float,
) -> Image.Image:
    """The quotient times ``scale``; 0 where ``two`` is 0."""
    return _computed(lambda of: of["one"] * scale / of["two"], one=one, two=two)


def _computed(
    formula: Callable[[dict[str, Any]], Any],
    **bands: Image.Image,
) -> Image.Image:
    """A formula of the pixels of bands, in numbers wider than eight bits."""
    return cast("Image.Image", ImageMath.lambda_eval(formula, **bands))


def _rounded(band: Image.Image) -> Image.Image:
    return band.point(lambda value: value + _ROUND_TO_NEAREST).convert("L")
