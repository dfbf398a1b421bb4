"""Reads a task's pixels by libvips, which resizes them while it reads if they shrink little."""

from PIL import Image

from pocketfiles.thumbs.geometry import Box, FloatBox, Size
from pocketfiles.thumbs.libvips_rows import Rows
from pocketfiles.thumbs.raster import Raster
from pocketfiles.thumbs.resample import Reduced, reduce
from pocketfiles.thumbs.task import Task

OPAQUE_MODES = frozenset({"L", "RGB"})

_ROWS_AT_A_TIME = 64
"""Rows that libvips is asked for at once."""


class _RowsAsPicture:
    """What libvips reads, as a ``resample.Picture``.

    libvips holds all the rows of a part at once, in the whole width of the source. Few are read at
    a time therefore.
    """

    def __init__(self, rows: Rows) -> None:
        self.size = rows.size
        self._rows = rows

    def crop(self, box: Box) -> Image.Image:
        mode = self._rows.mode
        part = Image.new(mode, box.size)
        for top in range(box.top, box.bottom, _ROWS_AT_A_TIME):
            rows = Box(box.left, top, box.right, min(top + _ROWS_AT_A_TIME, box.bottom))
            strip = Image.frombytes(mode, rows.size, self._rows.part(rows))
            part.paste(strip, (0, top - box.top))
        return part


def read(rows: Rows, task: Task) -> Reduced | Raster:
    """The thumb's pixels, or where libvips does not suit, those that it needs.

    All rows are read. ValueError if the data are broken.
    """
    box = task.whole_box(rows.size)
    if box:
        return read_resized(rows, box, task)
    reduced = read_reduced(rows, task)
    rows.last_pixel()  # reads the rows below the box, which may be broken
    return reduced


def read_reduced(rows: Rows, task: Task) -> Reduced:
    """The pixels that the thumb needs, averaged. ValueError if the data are broken."""
    box = _inside(task.scaled_box, rows.size)
    return reduce(_RowsAsPicture(rows), box, task)


def read_resized(
    rows: Rows,
    box: Box,
    task: Task,
) -> Raster:
    """``box`` as the thumb's pixels. ValueError if the data are broken, in whatever row."""
    size = task.target
    mode, pixels = rows.resized(box, size)
    if mode in OPAQUE_MODES:
        return Raster(mode, size, bytes(pixels))
    if mode == "RGBa":  # divides by alpha on the way
        return Raster.of(Image.frombytes("RGBA", size, pixels, "raw", mode))
    image = Image.frombytes(mode, size, pixels)
    return Raster.of(image.convert("LA") if mode == "La" else image)


def _inside(box: FloatBox, size: Size) -> FloatBox:
    width, height = size
    right = min(box.right, width)
    bottom = min(box.bottom, height)
    return FloatBox(box.left, box.top, right, bottom)
