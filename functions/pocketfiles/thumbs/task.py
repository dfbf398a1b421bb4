"""What to decode of a picture for a thumb, and whether that is within the limits: all from the header."""

import math
from dataclasses import dataclass

from pocketfiles.config import ThumbOptions
from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import geometry
from pocketfiles.thumbs.geometry import Box, FloatBox
from pocketfiles.thumbs.header import Header
from pocketfiles.thumbs.size import ThumbSize

_HEADROOM = 1.25
"""Decode at least this many times the thumb's size, so that enough is left for the triangle filter to do."""

_JPEG_SHRINK = 4
"""How many times ``max_pixels`` a JPEG decoded at reduced scale may have: every block of it is still read."""

_JPEG_WALKS = 16
"""Scans × pixels of a progressive JPEG, in ``max_pixels``."""

_OFF = 0.3
"""Of a thumb's pixel: how far the edge of a crop may lie from its place, where a JPEG is decoded smaller."""

_LITTLE = 4
"""Times. libvips repeats the pixels at the edge where there are none; with a wider filter that would show."""

_MAX_SIDE = 65_535
"""What JPEG and GIF can say at most; a decoder takes memory for each row besides that for pixels."""


Options = ThumbOptions


@dataclass(frozen=True)
class Task:
    """Take ``box`` of the stored, not yet upright picture and make it ``target`` pixels large.

    ``is_crop``: the box runs along pixel borders, and nothing outside it may shine in.
    """

    header: Header
    box: FloatBox
    target: tuple[int, int]
    is_crop: bool

    @property
    def shrink(self) -> float:
        """Source pixels per thumb pixel, of the less reduced side."""
        return min(ratios(self.box, self.target))

    @property
    def decoder_shrink(self) -> int:
        """How many times smaller a decoder may make the picture with no loss to be seen in the thumb."""
        return max(1, int(self.shrink / _HEADROOM))

    @property
    def scale(self) -> int:
        """The same for libjpeg, which has one to 1, 2, 4 and 8; 1 for any other format."""
        scales = (1, 2, 4, 8) if self.header.format == "JPEG" else (1,)
        return max(scale for scale in scales if scale <= self.decoder_shrink)

    @property
    def scaled_box(self) -> FloatBox:
        """``box`` at that scale."""
        left, top, right, bottom = (edge / self.scale for edge in self.box)
        return left, top, right, bottom

    def whole_box(self, size: tuple[int, int]) -> Box | None:
        """The whole pixels of a picture of ``size`` that are as good as ``scaled_box``, to be shrunk a bit.

        None otherwise, and when neighbours may shine in.
        """
        left, top, right, bottom = box = self.scaled_box
        left, top = round(left), round(top)
        right, bottom = min(round(right), size[0]), min(round(bottom), size[1])
        whole, per_pixel = (left, top, right, bottom), ratios(box, self.target)
        off = max(abs(a - b) / ratio for a, b, ratio in zip(box, whole, per_pixel * 2, strict=True))
        fits = right - left >= self.target[0] and bottom - top >= self.target[1]
        return (
            whole if self.is_crop and fits and off <= _OFF and max(per_pixel) <= _LITTLE else None
        )

    def needed(self, box: FloatBox, size: tuple[int, int]) -> Box:
        """The whole pixels of a picture of ``size`` that contribute to ``box``, which is this task's, perhaps
        scaled: with the neighbours the filter reaches, unless it is a crop."""
        across, down = (
            0 if self.is_crop else math.ceil(max(1.0, ratio)) for ratio in ratios(box, self.target)
        )
        left, top = max(0, math.floor(box[0]) - across), max(0, math.floor(box[1]) - down)
        return (
            left,
            top,
            min(size[0], math.ceil(box[2]) + across),
            min(size[1], math.ceil(box[3]) + down),
        )


def ratios(box: FloatBox, target: tuple[int, int]) -> tuple[float, float]:
    """How many pixels of ``box`` make one of ``target``, across and down."""
    left, top, right, bottom = box
    return (right - left) / target[0], (bottom - top) / target[1]


def plan(head: Header, size: ThumbSize, max_pixels: int, max_output_pixels: int) -> Task:
    """The task for a thumb of ``size``; ThumbFailed ``thumb-too-large`` or ``too-many-pixels``."""
    turned = head.orientation in geometry.TRANSPOSED
    upright = (head.height, head.width) if turned else (head.width, head.height)
    steps = geometry.plan(*upright, size)
    width, height = geometry.result_size(*upright, steps)
    if width * height > max_output_pixels:
        raise ThumbFailed("thumb-too-large")
    box = geometry.stored_box(
        geometry.source_box(*upright, steps), head.width, head.height, head.orientation
    )
    task = Task(
        head, box, (height, width) if turned else (width, height), is_crop=steps.trim is None
    )
    if not _within(task, max_pixels):
        raise ThumbFailed("too-many-pixels")
    return task


def _within(task: Task, limit: int) -> bool:
    head = task.header
    pixels = head.width * head.height
    if max(head.width, head.height) > _MAX_SIDE:
        return False
    if head.format == "JPEG" and head.scans == 1:
        return pixels <= limit * min(_JPEG_SHRINK, task.scale**2)
    # A progressive JPEG keeps all its coefficients in memory, whatever the scale.
    return pixels <= limit and pixels * head.scans <= limit * _JPEG_WALKS
