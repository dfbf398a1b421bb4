"""A thumb's pixels as a file of the source's own format, with nothing in it but the picture."""

import io
import math

from PIL import Image, ImageChops

from pocketfiles.thumbs import png
from pocketfiles.thumbs.header import Format
from pocketfiles.thumbs.task import Options

_SMALL = 1 << 14  # pixels up to which Pillow's own PNG is the smaller one, and as quick


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
        _indexed(image).save(out, "GIF")
    elif image.width * image.height > _SMALL:
        return _png(image)
    else:
        image.save(out, "PNG")
    return out.getvalue()


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode in {"LA", "RGBA"} and image.getchannel("A").getextrema()[0] == 255:
        return image.convert(image.mode[:-1])
    return image


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
