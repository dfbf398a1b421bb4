"""Bytes of a picture in, bytes of its thumb out; the only module that knows Pillow.

Every limit is checked on the header, before a pixel is decoded or memory is taken by a number found in the file.
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
from dataclasses import dataclass
from functools import cache

from PIL import (
    GifImagePlugin,
    Image,
    ImageCms,
    ImageFile,
    ImageMath,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
    _webp,
)

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import geometry, header, webp
from pocketfiles.thumbs.geometry import Box, FloatBox
from pocketfiles.thumbs.header import Header
from pocketfiles.thumbs.size import ThumbSize

_REDUCING_GAP = 2.0  # shrink by averaging whole pixels down to this many times the thumb, then by the filter
_STRIP_PIXELS = 1 << 18  # converted and averaged at a time: what fits the processor's cache
_JPEG_SHRINK = 4  # a JPEG decoded at reduced scale may have this many times ``max_pixels``: entropy coding costs too
_JPEG_WALKS = 16  # scans × pixels of a progressive JPEG, in ``max_pixels``
_PNG = dict(compress_level=6)

Image.MAX_IMAGE_PIXELS = None  # our budgets come first, and know what will be decoded; Pillow's would only warn


@dataclass(frozen=True)
class Options:
    """Qualities 1-100; limits in bytes and pixels. The defaults are measured: docs/performance.md."""

    jpeg_quality: int = 85
    webp_quality: int = 80
    max_source_bytes: int = 52_428_800
    max_pixels: int = 60_000_000
    max_output_pixels: int = 16_777_216


@dataclass(frozen=True)
class Thumb:
    """An encoded picture of ``width`` × ``height`` pixels."""

    body: bytes
    content_type: str
    width: int
    height: int


@dataclass(frozen=True)
class _Task:
    """Take ``box`` of the stored, not yet upright picture and make it ``target`` pixels large."""

    header: Header
    box: FloatBox
    target: tuple[int, int]
    whole_pixels: bool  # box is a crop along pixel borders: nothing outside it may shine in

    @property
    def ratio(self) -> float:
        """Source pixels per thumb pixel, of the less reduced side."""
        return min(_ratios(self.box, self.target))


def _ratios(box: FloatBox, target: tuple[int, int]) -> tuple[float, float]:
    left, top, right, bottom = box
    return (right - left) / target[0], (bottom - top) / target[1]


def render(data: bytes, size: ThumbSize, options: Options | None = None) -> Thumb:
    """The thumb of that size, in the source's own format; ThumbFailed when there cannot be one.

    The first frame of what is animated, upright, in sRGB and without metadata. Formats are told apart by the
    bytes alone, so the content type of the answer is true whatever the source was stored as.
    """
    options = options or Options()
    if len(data) > options.max_source_bytes:
        raise ThumbFailed("too-many-bytes")
    task = _plan(header.read(data), size, options)
    try:
        return _make(data, task, options)
    except MemoryError as error:
        raise ThumbFailed("out-of-memory") from error
    except Exception as error:  # Pillow's plugins raise nearly anything on broken data
        raise ThumbFailed("truncated" if "truncated" in str(error) else "corrupt") from error


def _plan(head: Header, size: ThumbSize, options: Options) -> _Task:
    turned = head.orientation in geometry.TRANSPOSED
    upright = (head.height, head.width) if turned else (head.width, head.height)
    steps = geometry.plan(*upright, size)
    width, height = geometry.result_size(*upright, steps)
    if width * height > options.max_output_pixels:
        raise ThumbFailed("thumb-too-large")
    box = geometry.stored_box(geometry.source_box(*upright, steps), head.width, head.height, head.orientation)
    task = _Task(head, box, (height, width) if turned else (width, height), steps.trim is None)
    _check_pixels(task, options.max_pixels)
    return task


def _check_pixels(task: _Task, limit: int) -> None:
    head = task.header
    pixels = head.width * head.height
    if head.format == "JPEG" and head.scans == 1:
        scale = _jpeg_scale(task)
        allowed = pixels <= limit * _JPEG_SHRINK and pixels <= limit * scale * scale
    else:  # a progressive JPEG keeps all its coefficients in memory, whatever it puts out
        allowed = pixels <= limit and head.scans * pixels <= limit * _JPEG_WALKS
    if not allowed:
        raise ThumbFailed("too-many-pixels")


def _make(data: bytes, task: _Task, options: Options) -> Thumb:
    image, box, profile = _decode(data, task)
    image = _resample(image, box, task)
    if task.header.orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[task.header.orientation])
    if profile:
        image = _to_srgb(image, profile)
    body, content_type = _encode(image, task.header.format, options)
    return Thumb(body, content_type, *image.size)


_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


# Decoding: the picture, or what is needed of it, and the box in the pixels of that

_Decoded = tuple[Image.Image, FloatBox, bytes | None]


class _JpegFile(JpegImagePlugin.JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Nobody asks for the resolution, and Pillow's EXIF reader warns about broken data."""


def _decode(data: bytes, task: _Task) -> _Decoded:
    """The decoder is chosen by the header alone; Pillow's own guessing would try dozens of formats."""
    head = task.header
    if head.format == "JPEG":
        return _decode_jpeg(data, task)
    if head.format == "WEBP" and not head.animated and (decoder := _libwebp()):
        return _decode_webp(data, task, decoder)
    plugins = {
        "PNG": PngImagePlugin.PngImageFile,
        "GIF": GifImagePlugin.GifImageFile,
        "WEBP": WebPImagePlugin.WebPImageFile,
    }
    image = plugins[head.format](io.BytesIO(data))
    if getattr(image, "default_image", False):  # an animated PNG whose first picture is not a frame
        image.seek(1)
    return _loaded(image, head), task.box, image.info.get("icc_profile")


def _loaded(image: ImageFile.ImageFile, head: Header) -> Image.Image:
    image.load()
    if image.size != (head.width, head.height):
        raise ValueError("the data are of another size than the header says")
    if head.frame:  # the canvas around the first frame is empty, whatever the background colour says
        canvas = Image.new("RGBA", image.size)
        canvas.paste(image.convert("RGBA").crop(head.frame), head.frame)
        return canvas
    return image


def _jpeg_scale(task: _Task) -> int:
    return max(scale for scale in (1, 2, 4, 8) if scale <= max(1.0, task.ratio))


def _decode_jpeg(data: bytes, task: _Task) -> _Decoded:
    scale, head = _jpeg_scale(task), task.header
    image = _JpegFile(io.BytesIO(data))
    if image.size != (head.width, head.height):
        raise ValueError("the data are of another size than the header says")
    if scale > 1:
        image.draft(None, (head.width // scale, head.height // scale))
    image.load()
    left, top, right, bottom = (edge / scale for edge in task.box)
    return image, (left, top, right, bottom), image.info.get("icc_profile")


@cache
def _libwebp() -> webp.Decoder | None:
    try:
        return webp.Decoder(_webp.__file__)
    except (OSError, AttributeError):
        return None


def _decode_webp(data: bytes, task: _Task, decoder: webp.Decoder) -> _Decoded:
    left, top, right, bottom = _needed(task.box, task, (task.header.width, task.header.height))
    left, top = left & ~1, top & ~1  # chroma has half the resolution
    alpha = decoder.has_alpha(data)
    scale = 1 if alpha else max(1, int(task.ratio))  # libwebp scales colours without regard to their alpha
    width, height = math.ceil((right - left) / scale), math.ceil((bottom - top) / scale)
    pixels = decoder.decode(data, (left, top, right, bottom), (width, height))
    image = Image.frombuffer("RGBA" if alpha else "RGBX", (width, height), pixels, "raw", "RGBA" if alpha else "RGBX", 0, 1)
    across, down = width / (right - left), height / (bottom - top)
    box = task.box
    box = (box[0] - left) * across, (box[1] - top) * down, (box[2] - left) * across, (box[3] - top) * down
    return image, box, header.webp_profile(data)


def _needed(box: FloatBox, task: _Task, size: tuple[int, int]) -> Box:
    """The whole pixels of a picture of ``size`` that contribute to ``box``, its neighbours included where they do."""
    across, down = (0, 0) if task.whole_pixels else (math.ceil(max(1.0, ratio)) for ratio in _ratios(box, task.target))
    left, top = max(0, math.floor(box[0]) - across), max(0, math.floor(box[1]) - down)
    return left, top, min(size[0], math.ceil(box[2]) + across), min(size[1], math.ceil(box[3]) + down)


# Resampling: triangle filter on premultiplied colours (pocketbase.md §4.5)


def _resample(image: Image.Image, box: FloatBox, task: _Task) -> Image.Image:
    """``box`` of ``image`` as ``task.target`` pixels of mode L, LA, RGB, RGBA or CMYK."""
    image, box = _prepared(image, box, task)
    if image.mode in {"RGBa", "La", "RGBA", "LA"}:
        return _resize_alpha(image, box, task.target)
    image = image if box == (0, 0, *task.target) == (0, 0, *image.size) else image.resize(task.target, Image.Resampling.BILINEAR, box)
    return image.convert("RGB") if image.mode == "RGBX" else image


def _prepared(image: Image.Image, box: FloatBox, task: _Task) -> tuple[Image.Image, FloatBox]:
    """Cropped to ``box``, in a mode that can be averaged, and averaged by whole pixels towards the target."""
    left, top, right, bottom = _needed(box, task, image.size)
    box = box[0] - left, box[1] - top, min(box[2], image.width) - left, min(box[3], image.height) - top
    across, down = (max(1, int(ratio / _REDUCING_GAP)) for ratio in _ratios(box, task.target))
    if (across, down) == (1, 1):
        whole = (left, top, right, bottom) == (0, 0, *image.size)
        return _averageable(image if whole else image.crop((left, top, right, bottom)), premultiply=False), box
    rows = max(1, _STRIP_PIXELS // (right - left) // down) * down
    result = None
    for row in range(top, bottom, rows):
        strip = image.crop((left, row, right, min(row + rows, bottom)))
        strip = _averageable(strip, premultiply=True).reduce((across, down))
        if result is None:
            result = Image.new(strip.mode, (strip.width, math.ceil((bottom - top) / down)))
        result.paste(strip, (0, (row - top) // down))
    return result, (box[0] / across, box[1] / down, box[2] / across, box[3] / down)


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
    wide = image.convert("I")
    grey = wide.point([value >> 8 for value in range(65_536)], "L")
    transparent = image.info.get("transparency")
    if transparent is None:
        return grey
    alpha = wide.point([0 if value == transparent else 255 for value in range(65_536)], "L")
    return Image.merge("LA", (grey, alpha))


def _resize_alpha(image: Image.Image, box: FloatBox, target: tuple[int, int]) -> Image.Image:
    """Resize with more than eight bits a channel: Pillow's own way loses the colours of faint pixels."""
    premultiplied = image.mode.endswith("a")
    *colours, alpha = image.split()

    def resized(band: Image.Image) -> Image.Image:
        return band.convert("F").resize(target, Image.Resampling.BILINEAR, box)

    weight = resized(alpha)
    bands = []
    for colour in colours:
        product = colour if premultiplied else ImageMath.lambda_eval(lambda args: args["c"] * args["a"], c=colour, a=alpha)
        total = resized(product)
        bands.append(_rounded(lambda args: args["t"] / args["w"], total, weight, 255.0 if premultiplied else 1.0))
    bands.append(_rounded(lambda args: args["w"], weight, weight, 1.0))
    return Image.merge(image.mode[:-1].upper() + "A", bands)


def _rounded(expression, total, weight, factor):
    return ImageMath.lambda_eval(lambda args: args["convert"](args["min"](expression(args) * factor + 0.5, 255), "L"), t=total, w=weight)


# Colour and encoding


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Colours meant by an ICC profile as the same colours in sRGB; a profile that is broken or of another kind of
    picture means nothing."""
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    colours = image.convert(image.mode[:-1]) if alpha else image
    try:
        source = ImageCms.getOpenProfile(io.BytesIO(profile))
        if "sRGB" in (source.profile.profile_description or ""):
            return image
        to_srgb = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), colours.mode, "RGB")
        converted = ImageCms.applyTransform(colours, to_srgb)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if colours.mode == "L":
        converted = converted.convert("L")
    if alpha:
        converted.putalpha(alpha)
    return converted


def _encode(image: Image.Image, format: str, options: Options) -> tuple[bytes, str]:
    out = io.BytesIO()
    image.info = {}  # no profile, no comment, no EXIF
    if format == "JPEG":
        image = image.convert("RGB") if image.mode == "CMYK" else image
        image.save(out, "JPEG", quality=options.jpeg_quality, optimize=True, subsampling="4:2:0")
    elif format == "PNG":
        _opaque(image).save(out, "PNG", **_PNG)
    elif format == "WEBP":
        _opaque(image).save(out, "WEBP", quality=options.webp_quality, method=4)
    else:
        _indexed(image).save(out, "GIF")
    return out.getvalue(), f"image/{format.lower()}"


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode in {"LA", "RGBA"} and image.getchannel("A").getextrema()[0] == 255:
        return image.convert(image.mode[:-1])
    return image


def _indexed(image: Image.Image) -> Image.Image:
    image = _opaque(image)
    if image.mode == "L":
        return image
    indexed = image.convert("RGB").quantize(255)
    if image.mode in {"LA", "RGBA"}:
        hidden = image.getchannel("A").point([255] * 128 + [0] * 128)
        indexed.paste(255, mask=hidden)
        indexed.info["transparency"] = 255
    return indexed
