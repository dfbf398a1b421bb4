"""Decodes a JPEG, no more of it than a task needs, and resizes it.

libjpeg fills in missing data, and then only warns. libvips keeps the warning, Pillow does not.
"""

import io
from contextlib import suppress

from PIL import Image, ImageChops, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from pocketfiles.thumbs import libvips, libvips_task
from pocketfiles.thumbs.formats import jpeg
from pocketfiles.thumbs.raster import Raster
from pocketfiles.thumbs.resample import Reduced, reduce
from pocketfiles.thumbs.task import Task

_GREY_OR_RGB = frozenset({1, 3})

_MIN_PIXELS_FOR_LIBVIPS = 1_000_000
"""Decoded pixels from which libvips is quicker than Pillow's libjpeg."""

_MAX_PIXELS_DECODED_TWICE = 600_000_000
"""Most pixels × scans of a JPEG that is decoded once more to see whether it is complete."""

_LIBJPEG_FILLING = frozenset({127, 128})
"""The levels of the grey that libjpeg puts where data are missing."""

_TRUNCATED = "truncated: the data end before the picture does"


class _JpegFile(JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Skip the resolution: Pillow's reader warns about broken EXIF blocks."""


def decode(task: Task) -> Reduced | Raster:
    """The thumb's pixels, or the pixels it needs, averaged.

    ValueError if data are missing, or what Pillow raises on broken data.
    """
    header = task.header
    if header.is_cut and header.lacks_scans:
        raise ValueError(_TRUNCATED)
    decoder = libvips.load() if _is_for_libvips(task) else None
    return _by_libvips(decoder, task) if decoder else _by_pillow(task)


def _is_for_libvips(task: Task) -> bool:
    """Whether libvips is quicker than Pillow's libjpeg.

    It is not where little is left to resize, and where several scans are read at a reduced scale.
    But Pillow does not tell whether data are missing, and must decode a file without its end twice.
    """
    header = task.header
    if header.channels not in _GREY_OR_RGB:
        return False
    if header.slow_coding:
        return True  # Pillow reads 64 kB at a time, after which such data cannot be continued
    pixels = header.width * header.height
    if header.is_cut:
        return pixels >= _MIN_PIXELS_FOR_LIBVIPS
    has_one_pass = header.scans == 1 or task.scale == 1
    return has_one_pass and pixels / task.scale**2 >= _MIN_PIXELS_FOR_LIBVIPS


def _by_libvips(decoder: libvips.Decoder, task: Task) -> Reduced | Raster:
    """Read twice if there is a flaw: many lose no pixel, and then the last one is no filling."""
    header = task.header
    if header.slow_coding:
        return _arithmetic_by_libvips(decoder, task)
    if header.is_cut:
        return _by_libvips_without_end(decoder, task)
    with suppress(ValueError), decoder.opened(task, flawless=True) as rows:
        found = libvips_task.read(rows, task)
        # libvips does not fail where the last rows alone lack data.
        if not rows.lacks_data:
            return found
    with decoder.opened(task) as rows:
        reduced = libvips_task.read_reduced(rows, task)
        if _may_be_filling(rows.last_pixel(), task) and rows.lacks_data:
            raise ValueError(_TRUNCATED)
        return reduced


def _arithmetic_by_libvips(decoder: libvips.Decoder, task: Task) -> Reduced:
    """An arithmetic-coded JPEG. libjpeg does not warn where it lacks data."""
    with decoder.opened(task) as rows:
        reduced = libvips_task.read_reduced(rows, task)
        if _may_be_filling(rows.last_pixel(), task):
            _check_is_complete(task)
        return reduced


def _by_libvips_without_end(decoder: libvips.Decoder, task: Task) -> Reduced | Raster:
    """A JPEG without its end, if it lacks nothing else."""
    with decoder.opened(task) as rows:
        found = libvips_task.read(rows, task)
        if rows.lacks_data:
            raise ValueError(_TRUNCATED)
        return found


def _by_pillow(task: Task) -> Reduced | Raster:
    image = _at_scale(task, task.header.stream)
    width, height = image.size
    last_pixel = image.crop((width - 1, height - 1, width, height)).tobytes()
    if _may_be_filling(last_pixel, task):
        _check_is_complete(task, image)
    box = task.whole_box(image.size)
    is_large = width * height >= _MIN_PIXELS_FOR_LIBVIPS
    decoder = libvips.load() if is_large and image.mode in libvips_task.OPAQUE_MODES else None
    if box and decoder:
        bands = len(image.mode)
        with decoder.holding(image.tobytes(), image.size, bands) as rows:
            return libvips_task.read_resized(rows, box, task)
    return reduce(image, task.scaled_box, task)


def _at_scale(task: Task, stream: bytes) -> Image.Image:
    """The whole JPEG, decoded at the task's scale."""
    file: ImageFile.ImageFile = _JpegFile(io.BytesIO(stream))
    file.draft(None, (task.header.width // task.scale, task.header.height // task.scale))
    file.load()
    return file


def _may_be_filling(
    last_pixel: bytes | memoryview,
    task: Task,
) -> bool:
    return task.header.is_cut or _LIBJPEG_FILLING.issuperset(last_pixel)


def _check_is_complete(
    task: Task,
    decoded: Image.Image | None = None,
) -> None:
    """Raise ValueError if libjpeg filled in missing data, which is no error to it.

    The JPEG is decoded once more with longer data. ``decoded`` is the JPEG at the task's scale.
    """
    header = task.header
    if header.width * header.height * header.scans > _MAX_PIXELS_DECODED_TWICE:
        if header.is_cut:
            raise ValueError(_TRUNCATED)
        return
    lengthened = _at_scale(task, jpeg.lengthened(header.stream))
    decoded = decoded or _at_scale(task, header.stream)
    if ImageChops.difference(decoded, lengthened).getbbox():
        raise ValueError(_TRUNCATED)
