"""Bytes of a picture in, bytes of its thumb out; the only module that knows Pillow.

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
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from PIL import Image, ImageChops, ImageCms, ImageFile, ImageMath, _webp
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import header, png, webp
from pocketfiles.thumbs.geometry import FloatBox
from pocketfiles.thumbs.size import ThumbSize
from pocketfiles.thumbs.task import Options, Task, plan, ratios

_GAP, _ALPHA_GAP = 2.0, 1.5  # first average whole pixels down to this many times the thumb, then filter
_STRIP_PIXELS = 1 << 18  # converted and averaged at a time: what a processor's cache holds
_SMALL = 1 << 14  # pixels up to which Pillow's own PNG is the smaller one, and as quick
_EXACT_BELOW = 1.5  # shrinking less than this averages too few pixels to hide the rounding of eight bits

_ENDS_EARLY = "truncated: the data end before the picture does"
_T = Image.Transpose
_FLIPS = (_T.FLIP_LEFT_RIGHT, _T.ROTATE_180, _T.FLIP_TOP_BOTTOM)
_TURNS = (_T.TRANSPOSE, _T.ROTATE_270, _T.TRANSVERSE, _T.ROTATE_90)
_UPRIGHT = dict(enumerate((*_FLIPS, *_TURNS), 2))  # what each EXIF orientation asks for; 1 is upright


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
    image, box, profile = _decode(data, task)
    image = _resample(image, box, task)
    if task.header.orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[task.header.orientation])
    if profile:
        image = _to_srgb(image, profile)
    body = _encode(_opaque(image), task.header.format, options)
    return Thumb(body, f"image/{task.header.format.lower()}", *image.size)


# What is needed of the picture, the task's box in the pixels of that, and the ICC profile
_Decoded = tuple[Image.Image, FloatBox, bytes | None]


class _JpegFile(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Nobody asks for the resolution, and Pillow's reader warns about broken EXIF data."""


_FILES: dict[str, Any] = {"JPEG": _JpegFile, "PNG": PngImageFile, "GIF": GifImageFile, "WEBP": WebPImageFile}


def _decode(data: bytes, task: Task) -> _Decoded:
    """By the decoder the header calls for; Pillow's own guessing would try dozens."""
    head = task.header
    if head.format == "WEBP" and not head.animated and (decoder := _libwebp()):
        part = decoder.part(data, task)
        whole = Image.frombuffer(part.mode, part.size, part.pixels, "raw", part.mode, 0, 1)
        return whole, part.box, header.webp_profile(data)
    image: ImageFile.ImageFile = _FILES[head.format](io.BytesIO(data))
    if image.size != (head.width, head.height):
        raise ValueError("the decoder sees another size than the header says")
    if head.format != "JPEG":
        frame = _first_frame(image, task)
        if head.format == "PNG" and not any(_last_row(frame)) and not header.png_is_complete(data):
            raise ValueError(_ENDS_EARLY)
        return frame, task.box, image.info.get("icc_profile")
    scale = task.jpeg_scale
    reduced = head.width // scale, head.height // scale
    image.draft(None, reduced)
    image.load()
    if head.scans == 1 and {127, 128}.issuperset(_last_row(image)[-3:]):  # as libjpeg fills what is missing
        again = _JpegFile(io.BytesIO(header.longer(data)))
        again.draft(None, reduced)
        if ImageChops.difference(image, again).getbbox():
            raise ValueError(_ENDS_EARLY)
    left, top, right, bottom = (edge / scale for edge in task.box)
    return image, (left, top, right, bottom), image.info.get("icc_profile")


def _last_row(image: Image.Image) -> bytes:
    return image.crop((0, image.height - 1, *image.size)).tobytes()


def _first_frame(image: ImageFile.ImageFile, task: Task) -> Image.Image:
    if getattr(image, "default_image", False):  # an animated PNG whose first picture is not a frame
        image.seek(1)
    image.load()
    if task.header.frame is None:
        return image
    canvas = Image.new("RGBA", image.size)  # empty around the frame, whatever the background colour says
    canvas.paste(image.convert("RGBA").crop(task.header.frame), task.header.frame)
    return canvas


@cache
def _libwebp() -> webp.Decoder | None:
    """Pillow's own libwebp, if it can be reached; if not, Pillow's slower way is there."""
    try:
        return webp.Decoder(_webp.__file__)
    except (OSError, AttributeError):
        return None


def _resample(image: Image.Image, box: FloatBox, task: Task) -> Image.Image:
    """``box`` as pixels of L, LA, RGB, RGBA or CMYK, by a triangle filter (pocketbase.md §4.5)."""
    image, box = _reduced(image, box, task)
    if box == (0, 0, *image.size) and image.size == task.target:
        pass
    elif image.mode in {"RGBa", "La", "RGBA", "LA"}:
        image = _resize_alpha(image, box, task.target)
    else:
        image = image.resize(task.target, Image.Resampling.BILINEAR, box)
    plain = {"RGBX": "RGB", "RGBa": "RGBA", "La": "LA"}.get(image.mode)
    return image.convert(plain) if plain else image


def _reduced(image: Image.Image, box: FloatBox, task: Task) -> tuple[Image.Image, FloatBox]:
    """The needed part in a mode that can be averaged, and averaged by whole pixels towards the target."""
    left, top, right, bottom = needed = task.needed(box, image.size)
    box = box[0] - left, box[1] - top, box[2] - left, box[3] - top
    gap = _ALPHA_GAP if image.has_transparency_data else _GAP
    across, down = (max(1, int(ratio / gap)) for ratio in ratios(box, task.target))
    if (across, down) == (1, 1):
        part = image if needed == (0, 0, *image.size) else image.crop(needed)
        return _averageable(part, premultiply=task.shrink >= _EXACT_BELOW), box
    reduced, rows = None, max(1, _STRIP_PIXELS // (right - left) // down) * down
    for row in range(top, bottom, rows):
        strip = image.crop((left, row, right, min(row + rows, bottom)))
        strip = _averageable(strip, premultiply=True).reduce((across, down))
        reduced = reduced or Image.new(strip.mode, (strip.width, math.ceil((bottom - top) / down)))
        reduced.paste(strip, (0, (row - top) // down))
    return reduced or image, (box[0] / across, box[1] / down, box[2] / across, box[3] / down)


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
        total = resized(colour if premultiplied else _computed(lambda of: of["a"] * of["b"], colour, alpha))
        bands.append(_computed(lambda of: of["a"] * full / of["b"], total, weight))
    bands = [band.point(lambda value: value + 0.5).convert("L") for band in (*bands, weight)]
    return Image.merge(image.mode[:-1] + "A", bands)


def _computed(formula: Callable[[dict[str, Any]], Any], a: Image.Image, b: Image.Image) -> Image.Image:
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
        to_srgb = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), colours.mode, "RGB")
        converted = to_srgb.apply(colours)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if alpha:
        converted.putalpha(alpha)
    return converted.convert(image.mode) if image.mode in {"L", "LA"} else converted


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode in {"LA", "RGBA"} and image.getchannel("A").getextrema()[0] == 255:
        return image.convert(image.mode[:-1])
    return image


def _encode(image: Image.Image, to: header.Format, options: Options) -> bytes:
    out, image.info = io.BytesIO(), {}  # no profile, no comment, no EXIF
    if to == "JPEG":
        image = image.convert("RGB") if image.mode == "CMYK" else image
        image.save(out, "JPEG", quality=options.jpeg_quality, optimize=True, subsampling="4:2:0")
    elif to == "WEBP":
        image.save(out, "WEBP", quality=options.webp_quality, method=4)
    elif to == "GIF":
        _indexed(image).save(out, "GIF")
    elif image.width * image.height > _SMALL:
        return _png(image)
    else:
        image.save(out, "PNG")
    return out.getvalue()


def _indexed(image: Image.Image) -> Image.Image:
    if image.mode == "L":
        return image
    indexed = image.convert("RGB").quantize(255)
    if image.mode in {"LA", "RGBA"}:
        indexed.paste(255, mask=image.getchannel("A").point([255] * 128 + [0] * 128))
        indexed.info["transparency"] = 255
    return indexed


def _png(image: Image.Image) -> bytes:
    middle = image.crop((0, image.height * 3 // 8, image.width, math.ceil(image.height * 5 / 8)))
    likely = min((png.SUB, png.UP, png.AVERAGE), key=lambda kind: _filtered(middle, kind).entropy())
    others = (_scanlines(image, kind) for kind in (png.NONE, png.SUB, png.UP) if kind != likely)
    return png.file(image.size, image.mode, png.deflate(_scanlines(image, likely), others))


def _filtered(image: Image.Image, kind: int) -> Image.Image:
    """Each byte's difference from what the PNG filter predicts (PNG third edition §9.2)."""
    if kind == png.NONE:
        return image
    left, up = Image.new(image.mode, image.size), Image.new(image.mode, image.size)
    left.paste(image, (1, 0))
    up.paste(image, (0, 1))
    predicted = {png.SUB: left, png.UP: up}.get(kind) or ImageChops.add(left, up, 2)
    return ImageChops.subtract_modulo(image, predicted)


def _scanlines(image: Image.Image, kind: int) -> bytes:
    stride = image.width * len(image.getbands()) + 1
    return png.scanlines(kind, _filtered(image, kind).tobytes("raw", image.mode, stride, 1), stride)
