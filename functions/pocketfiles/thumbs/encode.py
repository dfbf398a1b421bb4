"""A thumb's pixels as a file of the source's own format, with nothing in it but the picture."""

import io
import math

from PIL import Image, ImageChops

from pocketfiles.thumbs import png_writer
from pocketfiles.thumbs.header import Format
from pocketfiles.thumbs.task import Options

_SMALL = 1 << 12  # pixels up to which Pillow's own PNG is the smaller one, and as quick
_QUANTIZED = 1 << 16  # pixels that are looked at for a palette
_LARGE = 1 << 21  # pixels from which trying several filters takes too long
_TILE = 32  # pixels, the side of each of the nine parts that are looked at
_NOISY = 4  # bits a filtered byte; below it, what gives matches to deflate should stay as it is
_SECOND = [min(255, (level + 1) // 2 * 2) for level in range(256)]


def encoded(image: Image.Image, to: Format, options: Options) -> bytes:
    """The file of an image in L, LA, RGB, RGBA or CMYK."""
    image, out = _opaque(image), io.BytesIO()
    image.info = {}  # no profile, no comment, no EXIF
    if to == "JPEG":
        image = image.convert("RGB") if image.mode == "CMYK" else image
        image.save(out, "JPEG", quality=options.jpeg_quality, optimize=True, subsampling="4:2:0")
    elif to == "WEBP":
        image.save(out, "WEBP", quality=options.webp_quality, method=4)
    elif to == "GIF":
        _indexed(image).save(out, "GIF", interlace=False)
    else:
        out.write(_png(image, options.png_tolerance))
    return out.getvalue()


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode in {"LA", "RGBA"} and image.getchannel("A").getextrema()[0] == 255:
        return image.convert(image.mode[:-1])
    return image


def _indexed(image: Image.Image) -> Image.Image:
    if image.mode == "L":
        return image
    indexed = _quantized(image.convert("RGB"))
    if image.mode in {"LA", "RGBA"}:
        indexed.paste(255, mask=image.getchannel("A").point([255] * 128 + [0] * 128))
        indexed.info["transparency"] = 255
    return indexed


def _quantized(image: Image.Image) -> Image.Image:
    """In its 255 most fitting colours; those of a large one are found in a part of its pixels."""
    step = math.ceil(math.sqrt(image.width * image.height / _QUANTIZED))
    if step <= 1:
        return image.quantize(255)
    few = image.resize(
        (image.width // step or 1, image.height // step or 1), Image.Resampling.NEAREST
    )
    return image.quantize(palette=few.quantize(255), dither=Image.Dither.NONE)


def _png(image: Image.Image, tolerance: int) -> bytes:
    sample = _sample(image)
    likely, bits = _likely(sample)
    is_noisy = tolerance and bits > _NOISY
    if is_noisy:
        image = _rounded(image)
    if image.width * image.height <= _SMALL:
        out = io.BytesIO()
        image.save(out, "PNG")
        return out.getvalue()
    if is_noisy:
        sample = _rounded(sample)
        likely, _ = _likely(sample)
    strategy = png_writer.strategy(_scanlines(sample, likely))
    kinds = (
        (png_writer.NONE, png_writer.SUB, png_writer.UP)
        if image.width * image.height <= _LARGE
        else ()
    )
    others = (_scanlines(image, kind) for kind in kinds if kind != likely)
    return png_writer.file(
        image.size, image.mode, png_writer.deflate(strategy, _scanlines(image, likely), others)
    )


def _rounded(image: Image.Image) -> Image.Image:
    """To every second level: noise takes a bit less in each channel, and nothing is off by more than one."""
    return image.point(_SECOND * len(image.mode))


def _sample(image: Image.Image) -> Image.Image:
    """Nine tiles from all over a picture, or all of a small one."""
    side = min(_TILE, *image.size)
    if image.width * image.height <= 9 * side**2:
        return image
    tiles = Image.new(image.mode, (side, 9 * side))
    for number in range(9):
        left, top = (
            (image.width - side) * (number % 3) // 2,
            (image.height - side) * (number // 3) // 2,
        )
        tiles.paste(image.crop((left, top, left + side, top + side)), (0, number * side))
    return tiles


def _likely(image: Image.Image) -> tuple[int, float]:
    """The filter that leaves the least to be written, and how many bits a byte that is."""
    bits = {
        kind: _filtered(image, kind).entropy()
        for kind in (png_writer.SUB, png_writer.UP, png_writer.AVERAGE)
    }
    likely = min(bits, key=lambda kind: bits[kind])
    return likely, bits[likely]


def _filtered(image: Image.Image, kind: int) -> Image.Image:
    """Each byte's difference from what the PNG filter predicts (PNG third edition §9.2)."""
    if kind == png_writer.NONE:
        return image
    left, up = Image.new(image.mode, image.size), Image.new(image.mode, image.size)
    left.paste(image, (1, 0))
    up.paste(image, (0, 1))
    predicted = {png_writer.SUB: left, png_writer.UP: up}.get(kind) or ImageChops.add(left, up, 2)
    return ImageChops.subtract_modulo(image, predicted)


def _scanlines(image: Image.Image, kind: int) -> memoryview:
    stride = image.width * len(image.getbands()) + 1
    return png_writer.scanlines(
        kind, _filtered(image, kind).tobytes("raw", image.mode, stride, 1), stride
    )
