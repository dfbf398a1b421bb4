"""Writes a thumb's pixels as a file that has nothing in it but the picture."""

import io
import math

from PIL import Image

from pocketfiles.config import ThumbOptions
from pocketfiles.thumbs import png_writer
from pocketfiles.thumbs.formats.header import Format

_OPAQUE = 255

_WEBP_METHOD = 4
"""libwebp's effort, 0 to 6."""

_GIF_COLOURS = 255
_GIF_TRANSPARENT = 255
"""The palette's last entry, which no colour uses."""

_HALF_OPAQUE = 128
"""The alpha from which a GIF's pixel is opaque."""

_MAX_PALETTE_SAMPLE = 1 << 16
"""Most pixels from which a GIF's palette is chosen. All of a large thumb's would take seven times
as long and gain little (docs/performance.md)."""


def encode(
    image: Image.Image,
    format: Format,
    options: ThumbOptions,
) -> bytes:
    """The file of an image in L, LA, RGB, RGBA or CMYK."""
    if _is_opaque(image):
        image = image.convert(image.mode[:-1])
    image.info = {}  # no profile, no comment, no EXIF
    if format == "JPEG":
        return _jpeg(image, options.jpeg_quality)
    if format == "WEBP":
        return _webp(image, options.webp_quality)
    if format == "GIF":
        return _gif(image)
    return png_writer.png(image, options.png_tolerance)


def _is_opaque(image: Image.Image) -> bool:
    """Whether the image has alpha, and all of it says opaque."""
    if image.mode not in {"LA", "RGBA"}:
        return False
    lowest, _ = image.getchannel("A").getextrema()
    return lowest == _OPAQUE


def _jpeg(image: Image.Image, quality: int) -> bytes:
    if image.mode == "CMYK":
        image = image.convert("RGB")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, optimize=True, subsampling="4:2:0")
    return file.getvalue()


def _webp(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=quality, method=_WEBP_METHOD)
    return file.getvalue()


def _gif(image: Image.Image) -> bytes:
    file = io.BytesIO()
    _with_palette(image).save(file, "GIF", interlace=False)
    return file.getvalue()


def _with_palette(image: Image.Image) -> Image.Image:
    """The image in a palette; grey stays as it is."""
    if image.mode == "L":
        return image
    indexed = _quantized(image.convert("RGB"))
    if image.mode in {"LA", "RGBA"}:
        alpha = image.getchannel("A")
        transparent = alpha.point(lambda level: 0 if level >= _HALF_OPAQUE else _OPAQUE)
        indexed.paste(_GIF_TRANSPARENT, mask=transparent)
        indexed.info["transparency"] = _GIF_TRANSPARENT
    return indexed


def _quantized(image: Image.Image) -> Image.Image:
    """The image in its 255 most fitting colours, found in a sample of the pixels if it is large."""
    step = math.ceil(math.sqrt(image.width * image.height / _MAX_PALETTE_SAMPLE))
    if step <= 1:
        return image.quantize(_GIF_COLOURS)
    sample_size = (max(1, image.width // step), max(1, image.height // step))
    sample = image.resize(sample_size, Image.Resampling.NEAREST)
    palette = sample.quantize(_GIF_COLOURS)
    return image.quantize(palette=palette, dither=Image.Dither.NONE)
