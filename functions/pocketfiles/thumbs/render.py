"""Bytes of a picture in, bytes of its thumb out.

Every limit is checked on the header, before a pixel is decoded or memory taken by a number found in the file.
A ThumbFailed raised here has one of these reasons:

    too-many-bytes     the source is longer than ``max_source_bytes``
    too-many-pixels    more pixels would be decoded than ``max_pixels``
    too-many-chunks    too many segments, chunks, blocks or scans for an honest file
    thumb-too-large    the thumb would have more pixels than ``max_output_pixels``
    unsupported        not one of JPEG, PNG, GIF and WebP, or a kind of JPEG nobody writes
    truncated          the file ends too early
    corrupt            its structure or its data are broken
    out-of-memory      the process has not enough memory for it
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from PIL import Image, ImageCms, ImageMath

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import header
from pocketfiles.thumbs.decode import STRIP_PIXELS, Picture, decoded
from pocketfiles.thumbs.encode import encoded
from pocketfiles.thumbs.geometry import FloatBox
from pocketfiles.thumbs.size import ThumbSize
from pocketfiles.thumbs.task import Options, Task, plan, ratios

_EXACT_BELOW = (
    1.5  # shrinking less than this averages too few pixels to hide the rounding of eight bits
)

_T = Image.Transpose
_FLIPS = (_T.FLIP_LEFT_RIGHT, _T.ROTATE_180, _T.FLIP_TOP_BOTTOM)
_TURNS = (_T.TRANSPOSE, _T.ROTATE_270, _T.TRANSVERSE, _T.ROTATE_90)
_UPRIGHT = dict(
    enumerate((*_FLIPS, *_TURNS), 2)
)  # what each EXIF orientation asks for; 1 is upright


@dataclass(frozen=True)
class Thumb:
    """An encoded picture of ``width`` × ``height`` pixels."""

    body: bytes
    content_type: str
    width: int
    height: int


def render(data: bytes, size: ThumbSize, options: Options | None = None) -> Thumb:
    """The thumb of that size, in the source's own format; ThumbFailed when there cannot be one.

    The first frame of what is animated, upright, in sRGB and without metadata. Formats are told apart by the
    bytes alone, so that the answer's content type is true.
    """
    options = options or Options()
    if len(data) > options.max_source_bytes:
        raise ThumbFailed("too-many-bytes")
    task = plan(header.read(data), size, options.max_pixels, options.max_output_pixels)
    try:
        return _make(data, task, options)
    except MemoryError as error:
        raise ThumbFailed("out-of-memory") from error
    except Exception as error:  # Pillow's plugins raise nearly anything on broken data
        raise ThumbFailed("truncated" if "truncated" in str(error) else "corrupt") from error


def _make(data: bytes, task: Task, options: Options) -> Thumb:
    with decoded(data, task) as (picture, part, profile):
        image, box = _reduced(picture, part, task)
    image = _resampled(image, box, task)
    if task.header.orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[task.header.orientation])
    if profile:
        image = _to_srgb(image, profile)
    body = encoded(image, task.header.format, options)
    return Thumb(body, f"image/{task.header.format.lower()}", *image.size)


def _resampled(image: Image.Image, box: FloatBox, task: Task) -> Image.Image:
    """``box`` as pixels of L, LA, RGB, RGBA or CMYK, by a triangle filter (pocketbase.md §4.5)."""
    if box == (0, 0, *image.size) and image.size == task.target:
        pass
    elif image.mode in {"RGBa", "La", "RGBA", "LA"}:
        image = _resize_alpha(image, box, task.target)
    else:
        image = image.resize(task.target, Image.Resampling.BILINEAR, box)
    plain = {"RGBX": "RGB", "RGBa": "RGBA", "La": "LA"}.get(image.mode)
    return image.convert(plain) if plain else image


def _reduced(picture: Picture, box: FloatBox, task: Task) -> tuple[Image.Image, FloatBox]:
    """The needed part in a mode that can be averaged; and averaged, down to 1.5 to 2.5 times the target."""
    left, top, right, bottom = needed = task.needed(box, picture.size)
    box = box[0] - left, box[1] - top, box[2] - left, box[3] - top

    left_to_do = ratios(box, task.target)
    across, down = (max(1, int((ratio + 1) / 2)) for ratio in left_to_do)
    if (across, down) == (1, 1):
        is_whole = isinstance(picture, Image.Image) and needed == (0, 0, *picture.size)
        part = cast("Image.Image", picture) if is_whole else picture.crop(needed)
        return _averageable(
            part, premultiply=left_to_do != (1, 1) and task.shrink >= _EXACT_BELOW
        ), box
    rows = max(1, STRIP_PIXELS // (right - left) // down) * down
    strips = (
        picture.crop((left, row, right, min(row + rows, bottom)))
        for row in range(top, bottom, rows)
    )
    reduced = [_averageable(strip, premultiply=True).reduce((across, down)) for strip in strips]
    whole = Image.new(reduced[0].mode, (reduced[0].width, sum(strip.height for strip in reduced)))
    for number, strip in enumerate(reduced):
        whole.paste(strip, (0, number * (rows // down)))
    return whole, (box[0] / across, box[1] / down, box[2] / across, box[3] / down)


def _averageable(image: Image.Image, *, premultiply: bool) -> Image.Image:
    """The same picture in a mode whose numbers may be averaged."""
    if image.mode == "I;16":
        image = _eight_bits(image)
    elif image.mode in {"1", "L", "P", "RGB"} and "transparency" in image.info:
        image = image.convert("LA" if image.mode in {"1", "L"} else "RGBA")
    elif image.mode in {"1", "P"}:
        image = image.convert("L" if image.mode == "1" else "RGB")
    if premultiply and image.mode in {"RGBA", "LA"}:
        image = image.convert(image.mode[:-1] + "a")
    return image


def _eight_bits(image: Image.Image) -> Image.Image:
    grey = image.point(lambda value: value / 256).convert("L")
    if "transparency" not in image.info:
        return grey
    alpha = [255 * (value != image.info["transparency"]) for value in range(65_536)]
    return Image.merge("LA", (grey, image.convert("I").point(alpha, "L")))


def _resize_alpha(image: Image.Image, box: FloatBox, target: tuple[int, int]) -> Image.Image:
    """Resized with more than eight bits a channel: Pillow's own way loses the colours of faint pixels."""
    premultiplied = image.mode.endswith("a")
    *colours, alpha = image.split()

    def resized(band: Image.Image) -> Image.Image:
        return band.convert("F").resize(target, Image.Resampling.BILINEAR, box)

    weight, full, bands = resized(alpha), 255.0 if premultiplied else 1.0, []
    for colour in colours:
        total = resized(
            colour if premultiplied else _computed(lambda of: of["a"] * of["b"], colour, alpha)
        )
        bands.append(_computed(lambda of: of["a"] * full / of["b"], total, weight))
    bands = [band.point(lambda value: value + 0.5).convert("L") for band in (*bands, weight)]
    return Image.merge(image.mode[:-1] + "A", bands)


def _computed(
    formula: Callable[[dict[str, Any]], Any], a: Image.Image, b: Image.Image
) -> Image.Image:
    """A formula of the pixels of two bands, in wider numbers than theirs; x / 0 is 0."""
    return cast("Image.Image", ImageMath.lambda_eval(formula, a=a, b=b))


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """What an ICC profile means by its colours, in sRGB; a broken or unfit profile means nothing."""
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    colours = image.convert(image.mode[:-1]) if alpha else image
    try:
        source = ImageCms.getOpenProfile(io.BytesIO(profile))
        if "sRGB" in (source.profile.profile_description or ""):
            return image
        to_srgb = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), colours.mode, "RGB"
        )
        converted = to_srgb.apply(colours)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if alpha:
        converted.putalpha(alpha)
    return converted.convert(image.mode) if image.mode in {"L", "LA"} else converted
