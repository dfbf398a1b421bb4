"""Writes a thumb's pixels as a file that has nothing in it but the picture."""

import io
from dataclasses import dataclass
from itertools import chain
from typing import cast

from PIL import Image

from pocketfiles.config import ThumbOptions
from pocketfiles.thumbs import content, png_writer
from pocketfiles.thumbs.content import Content
from pocketfiles.thumbs.formats.header import Format
from pocketfiles.thumbs.raster import Raster

_OPAQUE = 255

_ROWS_AT_A_TIME = 32
"""Rows whose alpha is looked at before that of more rows."""

_WEBP_METHOD = 4
"""libwebp's effort for lossy pictures, 0 to 6."""

_LOSSLESS_METHOD = 2
_LOSSLESS_EFFORT = 30
"""libwebp's effort for lossless pictures: method 0 to 6, and quality 0 to 100, which means
effort."""

_MIN_BITS_OF_NOISE = 1.5
"""Bits of a byte after the best filter, from which smooth shapes are a photograph. Photographs out
of focus have 2.3 and more, drawn patterns and gradients up to 0.6."""

_AVIF_SPEED = 9
"""libaom's speed, 0 to 10. 8 saves a tenth of the bytes and takes four times as long
(docs/performance.md)."""

_AOM_OPTIONS = {"disable-trellis-quant": "1"}
"""Without trellis quantization, libaom takes a tenth less time for a picture of the same size and
quality (docs/performance.md)."""

_MAX_AVIF_PIXELS = 2_000_000
"""Most pixels of an AVIF thumb. libaom takes some 40 bytes for each."""

_MAX_AVIF_SIDE = 32_768
"""Longest side of an AVIF thumb. Chromium shows no larger ones."""

_MAX_WEBP_PIXELS = 4_000_000
"""Most pixels of a WebP thumb of another format. libwebp takes up to 60 bytes for each."""

_MAX_TRANSLUCENT = 0.1
"""Largest share of translucent pixels in an AVIF thumb. Chromium 156 takes the alpha of AVIF for
limited range: edges look the same, but faint shadows vanish."""

_MAX_EXACT_COLOURS = 255
_DITHERED_COLOURS = 128
"""Colours of a GIF with more of them. Dithered, 128 look better than 255 that are not, and take
no more bytes (docs/performance.md)."""

_GIF_TRANSPARENT = 255
"""The palette's last entry, which no colour uses."""

_HALF_OPAQUE = 128
"""The alpha from which a GIF's pixel is opaque."""

_Colours = list[tuple[int, tuple[int, int, int]]]
"""What Pillow counts: how many pixels have a colour, and the colour."""


@dataclass(frozen=True)
class Traits:
    """What a thumb should keep of its source.

    ``full_chroma``: a JPEG whose chroma is not subsampled, as coloured text needs it.
    ``lossless``: a WebP that is lossless; so is its thumb, if it is a drawing.
    ``drawn``: a drawing; None if the thumb's look decides.
    ``exact``: the pixels are the source's own, not resized ones.
    """

    full_chroma: bool = False
    lossless: bool = False
    drawn: bool | None = None
    exact: bool = False


_NO_TRAITS = Traits()


def encode(
    raster: Raster,
    format: Format,
    options: ThumbOptions,
    traits: Traits = _NO_TRAITS,
) -> bytes:
    """The file of these pixels, as that format writes them."""
    if format == "JPEG":
        return _jpeg(raster.image, options.jpeg_quality, traits)
    if format == "WEBP":
        return _webp(raster.image, options.webp_quality, traits)
    if format == "GIF":
        return _gif(raster.image)
    tolerance = 0 if traits.exact else options.png_tolerance
    return png_writer.png(raster, tolerance)


def without_idle_alpha(raster: Raster) -> Raster:
    """The same pixels, without alpha if all of it says opaque."""
    if not raster.has_alpha or not _is_opaque(raster):
        return raster
    return Raster.of(raster.image.convert(raster.mode[:-1]))


def alternative(
    raster: Raster,
    format_name: str,
    source: Format,
    options: ThumbOptions,
    traits: Traits = _NO_TRAITS,
) -> bytes | None:
    """The file of these pixels as ``avif`` or ``webp``, for a client that asks for it.

    None where the source's own format is as good: for a WebP as WebP, for a GIF, whose few colours
    a lossy format blurs, for thumbs whose encoder would need too much memory, and as AVIF where
    much is translucent. A drawing of a lossless source is lossless as WebP, which has no 4:4:4,
    and in 4:4:4 as AVIF: subsampled chroma would blur coloured lines.
    """
    if source == "GIF" or format_name.upper() == source:
        return None
    is_lossless = source == "PNG" or traits.lossless
    max_pixels = _MAX_WEBP_PIXELS if format_name == "webp" else _MAX_AVIF_PIXELS
    if raster.pixels > max_pixels:
        return None
    image = raster.image
    if image.mode == "CMYK":
        image = image.convert("RGB")
    if format_name == "webp":
        traits = Traits(lossless=is_lossless, drawn=traits.drawn)
        return _webp(image, options.webp_quality, traits)
    if max(image.size) > _MAX_AVIF_SIDE or _is_translucent(image):
        return None
    return _avif(image, options.avif_quality, full_chroma=is_lossless or traits.full_chroma)


def _is_opaque(raster: Raster) -> bool:
    """Whether all alpha says so. Where it does not, it rarely does in the first rows."""
    image = raster.image
    width, height = raster.size
    for top in range(0, height, _ROWS_AT_A_TIME):
        rows = image.crop((0, top, width, min(top + _ROWS_AT_A_TIME, height)))
        lowest, _ = rows.getchannel("A").getextrema()
        if lowest != _OPAQUE:
            return False
    return True


def _is_translucent(image: Image.Image) -> bool:
    """Whether more than a few pixels are neither opaque nor invisible."""
    if image.mode not in {"LA", "RGBA"}:
        return False
    translucent = sum(image.getchannel("A").histogram()[1:_OPAQUE])
    return translucent > _MAX_TRANSLUCENT * image.width * image.height


def _jpeg(
    image: Image.Image,
    quality: int,
    traits: Traits,
) -> bytes:
    if image.mode == "CMYK":
        image = image.convert("RGB")
    subsampling = "4:4:4" if traits.full_chroma else "4:2:0"
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality, optimize=True, subsampling=subsampling)
    return file.getvalue()


def _webp(
    image: Image.Image,
    quality: int,
    traits: Traits,
) -> bytes:
    file = io.BytesIO()
    if traits.lossless and _is_drawn(image, traits):
        image.save(
            file,
            "WEBP",
            lossless=True,
            quality=_LOSSLESS_EFFORT,
            method=_LOSSLESS_METHOD,
        )
    else:
        image.save(file, "WEBP", quality=quality, method=_WEBP_METHOD)
    return file.getvalue()


def _is_drawn(image: Image.Image, traits: Traits) -> bool:
    """Whether the image is a drawing, or smooth shapes without the noise of a camera."""
    if traits.drawn is not None:
        return traits.drawn
    measured = content.measure(content.sample(Raster.of(image)))
    if measured.content == Content.SMOOTH:
        return measured.bits < _MIN_BITS_OF_NOISE
    return measured.content == Content.DRAWING


def _avif(
    image: Image.Image,
    quality: int,
    *,
    full_chroma: bool,
) -> bytes:
    # Only now: libaom is large, and Pillow would load every plugin it has to find this one.
    from PIL import AvifImagePlugin  # noqa: F401, PLC0415

    file = io.BytesIO()
    image.save(
        file,
        "AVIF",
        quality=quality,
        speed=_AVIF_SPEED,
        subsampling="4:4:4" if full_chroma else "4:2:0",
        max_threads=1,
        advanced=_AOM_OPTIONS,
    )
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
    """The image in its own colours if it has few, else in those of an octree, dithered.

    An octree keeps small vivid areas, which median cut would average away (docs/performance.md).
    """
    colours = cast("_Colours | None", image.getcolors(_MAX_EXACT_COLOURS))
    if colours is None:
        palette = image.quantize(_DITHERED_COLOURS, method=Image.Quantize.FASTOCTREE)
        return image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    palette = Image.new("P", (1, 1))
    palette.putpalette(list(chain.from_iterable(colour for _, colour in colours)))
    return image.quantize(palette=palette, dither=Image.Dither.NONE)
