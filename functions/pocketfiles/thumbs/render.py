"""Makes a thumb: the bytes of a picture in, the bytes of its thumb out.

Every limit is checked on the header, before a pixel is decoded and before memory is taken by a
number found in the file. ThumbFailed has one of these reasons:

    too-many-bytes     the source is longer than ``max_source_bytes``
    too-many-pixels    more pixels would be decoded than ``max_pixels``
    too-many-chunks    more segments, chunks, blocks or scans than an honest file has
    thumb-too-large    the thumb would have more pixels than ``max_output_pixels``
    unsupported        not a JPEG, PNG, GIF or WebP, or a rare kind of JPEG
    truncated          the file ends too early
    corrupt            its structure or its data are broken
    out-of-memory      the process has not enough memory
"""

from dataclasses import dataclass, replace

from PIL import Image

from pocketfiles.config import ThumbOptions
from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import colour, identify, resample
from pocketfiles.thumbs.decode import decode
from pocketfiles.thumbs.encode import alternative, bare, encode
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
    task = plan(identify.read(data), size, options.max_pixels, options.max_output_pixels)
    try:
        return _make(data, task, options, format_name)
    except MemoryError as error:
        raise ThumbFailed("out-of-memory") from error
    except Exception as error:  # Pillow's plugins raise nearly anything on broken data
        raise ThumbFailed("truncated" if "truncated" in str(error) else "corrupt") from error


def _make(
    data: bytes,
    task: Task,
    options: ThumbOptions,
    format_name: str,
) -> Thumb:
    decoded = decode(data, task)
    image = resample.resize(decoded.image, decoded.box, task.target)
    image = _upright(image, task.header.orientation)
    image = bare(colour.to_srgb(image, decoded.icc_profile))
    format = task.header.format
    thumb = Thumb(
        encode(image, format, options), f"image/{format.lower()}", image.width, image.height
    )
    if not format_name:
        return thumb
    body = alternative(image, format_name, format, options)
    if body is None or len(body) >= len(thumb.body):
        return thumb
    return replace(thumb, body=body, content_type=f"image/{format_name}")


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    transpose = TRANSPOSE_FOR_ORIENTATION.get(orientation)
    return image if transpose is None else image.transpose(transpose)
