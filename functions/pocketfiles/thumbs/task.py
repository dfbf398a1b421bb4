"""What to decode of a picture for a thumb, from its header alone."""

import math
from dataclasses import dataclass, replace

from pocketfiles.thumbs import geometry
from pocketfiles.thumbs.formats.header import Header
from pocketfiles.thumbs.geometry import Box, FloatBox, Size
from pocketfiles.thumbs.size import ThumbSize

_MIN_RATIO_LEFT_TO_RESIZE = 1.25
"""Source pixels per thumb pixel that a decoder must leave, so that the triangle filter does the
last step. Less blurs small thumbs of detailed pictures (docs/performance.md)."""

_LIBJPEG_SCALES = (1, 2, 4, 8)
"""How many times smaller libjpeg can decode."""

_MAX_CROP_ERROR = 0.3
"""Largest acceptable shift of a crop's edge, in thumb pixels, where a JPEG is decoded at reduced
scale. It can be seen in no thumb."""

_MIN_BITS_OF_A_PHOTOGRAPH = 6.5
"""Bits per pixel from which a lossless WebP is taken for a photograph, if its thumb looks like one.
Most photographs have more. With fewer, it is decoded in full, for a sample of its pixels."""

_MAX_PIXELS_SAMPLED = 9_000_000
"""Most pixels of a picture that is decoded in full for a sample."""

_MIN_SIDE_BY_LIBVIPS = 8
"""Smallest side of a thumb that libvips resizes. It repeats the pixels at a picture's edge, which
count for too much where a thumb has few others; Pillow does not."""

_MAX_PIXELS_HELD = 1 << 22
_MAX_SHRINK_HELD = 2
"""Largest PNG, and its largest shrink factor, that takes less time if libvips decodes all of it
first: a tenth less than row by row. With more to shrink, it takes more time (docs/performance.md).
"""


@dataclass(frozen=True)
class Task:
    """Take ``box`` of the stored, not yet upright picture and resize it to ``target``.

    ``is_crop``: the box has whole pixels as edges, and pixels outside it must not contribute.
    """

    header: Header
    box: FloatBox
    target: Size
    is_crop: bool

    @property
    def shrink(self) -> float:
        """Source pixels per thumb pixel, along the side that is reduced less."""
        return min(self.box.ratios(self.target))

    @property
    def decoder_shrink(self) -> int:
        """How many times smaller a decoder may make the picture with no visible loss."""
        return max(1, int(self.shrink / _MIN_RATIO_LEFT_TO_RESIZE))

    @property
    def scale(self) -> int:
        """How many times smaller libjpeg decodes; 1 for any format but JPEG."""
        if self.header.format != "JPEG":
            return 1
        return max(scale for scale in _LIBJPEG_SCALES if scale <= self.decoder_shrink)

    @property
    def is_held_whole(self) -> bool:
        """Whether libvips decodes the whole picture before it resizes it, or row by row."""
        header = self.header
        is_small = header.width * header.height <= _MAX_PIXELS_HELD
        return header.format == "PNG" and is_small and self.shrink <= _MAX_SHRINK_HELD

    @property
    def is_sampled(self) -> bool:
        """Whether pixels of the source have to tell if it is a drawing."""
        header = self.header
        if header.is_surely_drawn or not header.lossless:
            return False
        if header.has_alpha:  # decoded in full anyway
            return True
        is_small = header.width * header.height <= _MAX_PIXELS_SAMPLED
        return is_small and header.bits_per_pixel < _MIN_BITS_OF_A_PHOTOGRAPH

    @property
    def libwebp_shrink(self) -> int:
        """How many times smaller libwebp decodes. It averages colours regardless of their alpha."""
        return 1 if self.header.has_alpha or self.is_sampled else self.decoder_shrink

    @property
    def scaled_box(self) -> FloatBox:
        """``box`` in pixels of the picture at that scale."""
        return self.box.divided(self.scale, self.scale)

    def for_frame(self) -> "Task":
        """The task that decodes the whole first frame, which does not cover the picture."""
        width, height = self.header.frame_size
        header = replace(self.header, width=width, height=height, frame=None)
        box = FloatBox(0, 0, width, height)
        return Task(header, box, (width, height), is_crop=True)

    def whole_box(self, size: Size) -> Box | None:
        """``scaled_box`` with whole pixels as edges, for libvips, in a picture of ``size``.

        None if that is not exact enough, if the thumb would be larger than the box or has very few
        pixels, and if neighbouring pixels must contribute.
        """
        box = self.scaled_box
        per_pixel = box.ratios(self.target)
        if not self.is_crop or min(self.target) < _MIN_SIDE_BY_LIBVIPS:
            return None
        whole = _rounded(box, size)
        if min(FloatBox(*whole).ratios(self.target)) < 1:
            return None
        shift = _largest_shift(box, whole, per_pixel)
        return whole if shift <= _MAX_CROP_ERROR else None

    def needed(self, box: FloatBox, size: Size) -> Box:
        """The whole pixels of a picture of ``size`` that contribute to ``box``.

        ``box`` is this task's, perhaps scaled. Unless the task is a crop, neighbours that the
        triangle filter reaches are included.
        """
        width, height = size
        across, down = self._filter_reach(box)
        left = math.floor(box.left) - across
        top = math.floor(box.top) - down
        right = math.ceil(box.right) + across
        bottom = math.ceil(box.bottom) + down
        return Box(
            max(0, left),
            max(0, top),
            min(width, right),
            min(height, bottom),
        )

    def _filter_reach(self, box: FloatBox) -> tuple[int, int]:
        """How many pixels beyond ``box`` contribute, across and down."""
        if self.is_crop:
            return 0, 0
        across, down = box.ratios(self.target)
        return math.ceil(max(1.0, across)), math.ceil(max(1.0, down))


def plan(header: Header, size: ThumbSize) -> Task:
    """The task for a thumb of ``size``."""
    is_transposed = header.orientation in geometry.TRANSPOSED
    upright = (header.width, header.height)
    if is_transposed:
        upright = (header.height, header.width)
    steps = geometry.plan(*upright, size)
    width, height = geometry.result_size(*upright, steps)
    upright_box = geometry.source_box(*upright, steps)
    return Task(
        header=header,
        box=geometry.stored_box(upright_box, header.width, header.height, header.orientation),
        target=(height, width) if is_transposed else (width, height),
        is_crop=steps.trim is None,
    )


def _rounded(box: FloatBox, size: Size) -> Box:
    """The box with whole pixels as edges, inside a picture of ``size``."""
    width, height = size
    return Box(
        round(box.left),
        round(box.top),
        min(round(box.right), width),
        min(round(box.bottom), height),
    )


def _largest_shift(
    box: FloatBox,
    whole: Box,
    per_pixel: tuple[float, float],
) -> float:
    """How far an edge of ``whole`` is from that of ``box`` at most, in thumb pixels."""
    across, down = per_pixel
    return max(
        abs(box.left - whole.left) / across,
        abs(box.top - whole.top) / down,
        abs(box.right - whole.right) / across,
        abs(box.bottom - whole.bottom) / down,
    )
