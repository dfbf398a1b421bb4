"""Makes a thumb: the bytes of a picture in, the bytes of its thumb out.

Every limit is checked on the header, before a pixel is decoded and before memory is taken by a
number found in the file. ThumbFailed has one of these reasons:

    too-many-bytes     the source is longer than ``max_source_bytes``
    too-many-pixels    decoding would read more pixels than ``max_pixels``, or take more memory
    too-many-chunks    more segments, chunks, blocks or scans than an honest file has
    thumb-too-large    the thumb would be larger than ``max_output_pixels`` or its format allows
    unsupported        not a JPEG, PNG, GIF or WebP, or a rare kind of JPEG
    truncated          the file ends too early
    corrupt            its structure or its data are broken
    out-of-memory      the process has not enough memory
"""

from dataclasses import dataclass, replace

from PIL import Image

from pocketfiles.config import ThumbOptions
from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import (
    budget,
    colour,
    identify,
)
from pocketfiles.thumbs.decode import Decoded, decode
from pocketfiles.thumbs.drawing import is_drawing
from pocketfiles.thumbs.encode import (
    Traits,
    alternative,
    encode,
    without_idle_alpha,
)
from pocketfiles.thumbs.formats.header import Format, Header
from pocketfiles.thumbs.raster import Raster
from pocketfiles.thumbs.size import ThumbSize
from pocketfiles.thumbs.task import Task, plan

TRANSPOSE_FOR_ORIENTATION = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition that makes an image upright, by EXIF orientation (TIFF tag 0x0112)."""

_DEFAULTS = ThumbOptions()


@dataclass(frozen=True)
class Thumb:
    """An encoded picture of ``width`` × ``height`` pixels."""

    body: bytes
    content_type: str
    width: int
    height: int


def render(
    data: bytes,
    size: ThumbSize,
    options: ThumbOptions = _DEFAULTS,
    format_name: str = "",
) -> Thumb:
    """The thumb of that size, in the source's own format, or in ``format_name`` if that is smaller.

    ``format_name`` is ``avif``, ``webp`` or empty. The thumb shows the first frame, upright, in
    sRGB and without metadata. The format follows from the bytes alone, so that the content type is
    true. Raises ThumbFailed.
    """
    if len(data) > options.max_source_bytes:
        raise ThumbFailed("too-many-bytes")
    header = identify.read(data)
    task = plan(header, size)
    budget.check(task, options)
    try:
        return _make(task, options, format_name)
    except MemoryError as error:
        raise ThumbFailed("out-of-memory") from error
    except Exception as error:  # Pillow's plugins raise nearly anything on broken data
        is_truncated = header.is_cut or "truncated" in str(error)
        raise ThumbFailed("truncated" if is_truncated else "corrupt") from error


def _make(
    task: Task,
    options: ThumbOptions,
    format_name: str,
) -> Thumb:
    header = task.header
    decoded = decode(task)
    raster = _as_shown(decoded.raster, header)
    traits = Traits(
        full_chroma=header.full_chroma,
        lossless=header.lossless,
        drawn=_is_drawn(decoded, header),
        exact=task.shrink == 1,
    )
    plain = encode(raster, header.format, options, traits)
    content_type = f"image/{header.format.lower()}"
    thumb = Thumb(plain, content_type, *raster.size)
    if not format_name:
        return thumb
    body = _alternative(raster, format_name, header.format, options, traits)
    if body is None or len(body) >= len(plain):
        return thumb
    return replace(thumb, body=body, content_type=f"image/{format_name}")


def pixels(task: Task) -> Raster:
    """The thumb's pixels: upright, in sRGB, and without alpha if it is opaque."""
    return _as_shown(decode(task).raster, task.header)


def _as_shown(raster: Raster, header: Header) -> Raster:
    transpose = TRANSPOSE_FOR_ORIENTATION.get(header.orientation)
    if transpose is not None:
        raster = Raster.of(raster.image.transpose(transpose))
    if header.icc_profile:
        raster = Raster.of(colour.to_srgb(raster.image, header.icc_profile))
    return without_idle_alpha(raster)


def _is_drawn(decoded: Decoded, header: Header) -> bool | None:
    """Whether the source is a drawing; None if only the thumb can tell."""
    if header.is_surely_drawn:
        return True
    return is_drawing(decoded.sample) if decoded.sample else None


def _alternative(
    raster: Raster,
    format_name: str,
    source: Format,
    options: ThumbOptions,
    traits: Traits,
) -> bytes | None:
    """The thumb in another format. None also if that encoder fails: the plain thumb serves."""
    try:
        return alternative(raster, format_name, source, options, traits)
    except MemoryError:
        raise
    except Exception:
        return None
