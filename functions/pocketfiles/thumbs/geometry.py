"""Which part of a picture becomes the thumb, and how large it is (pocketbase.md §4.2-§4.4).

A plan is about the upright picture, after its EXIF orientation is applied. Where PocketBase
computes with floats, so does this module, because the rounding depends on it.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

from pocketfiles.thumbs.size import ThumbSize

Size = tuple[int, int]
"""Width and height in pixels."""


class Box(NamedTuple):
    """Edges in pixels. ``right`` and ``bottom`` are the first pixels outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> Size:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    def moved(self, across: int, down: int) -> "Box":
        """The box so many pixels further right and down."""
        return Box(
            self.left + across,
            self.top + down,
            self.right + across,
            self.bottom + down,
        )


class FloatBox(NamedTuple):
    """Edges that may lie between pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def moved(self, across: float, down: float) -> "FloatBox":
        """The box so many pixels further right and down."""
        return FloatBox(
            self.left + across,
            self.top + down,
            self.right + across,
            self.bottom + down,
        )

    def divided(self, across: float, down: float) -> "FloatBox":
        """The box in pixels that are so many times wider and higher."""
        return FloatBox(
            self.left / across,
            self.top / down,
            self.right / across,
            self.bottom / down,
        )

    def ratios(self, target: Size) -> tuple[float, float]:
        """How many pixels of the box make one pixel of ``target``, across and down."""
        width, height = target
        across = (self.right - self.left) / width
        down = (self.bottom - self.top) / height
        return across, down


def whole(size: Size) -> Box:
    """The box of a whole picture."""
    width, height = size
    return Box(0, 0, width, height)


TRANSPOSED = frozenset({5, 6, 7, 8})
"""The EXIF orientations that exchange width and height."""

_MIRRORED_ACROSS = frozenset({2, 3, 7, 8})
_MIRRORED_DOWN = frozenset({3, 4, 6, 7})

_MIN_SIDE_TO_CROP_FIRST = 100
"""A picture with both sides at least this long is cropped, then resized (§4.4)."""


@dataclass(frozen=True)
class Plan:
    """Crop to ``crop``, resize to ``resize``, crop the result to ``trim``; None skips a step."""

    crop: Box | None = None
    resize: Size | None = None
    trim: Box | None = None


def plan(
    width: int,
    height: int,
    size: ThumbSize,
) -> Plan:
    """The steps from a picture of ``width`` × ``height`` pixels to its thumb."""
    picture = (width, height)
    wanted = (size.width, size.height)
    if not (size.width and size.height):
        target = _keep_ratio(picture, wanted)
        return Plan(resize=_unless_same(picture, target))
    if size.mode == "f":
        target = _fit(picture, wanted)
        return Plan(resize=_unless_same(picture, target))
    if picture == wanted:
        return Plan()
    if min(picture) >= _MIN_SIDE_TO_CROP_FIRST:
        return _crop_then_resize(picture, size)
    return _resize_then_crop(picture, size)


def result_size(
    width: int,
    height: int,
    steps: Plan,
) -> Size:
    """The size of what ``steps`` make of a picture of ``width`` × ``height`` pixels."""
    if steps.trim:
        return steps.trim.size
    if steps.resize:
        return steps.resize
    if steps.crop:
        return steps.crop.size
    return width, height


def source_box(
    width: int,
    height: int,
    steps: Plan,
) -> FloatBox:
    """The part of the picture that becomes the thumb, in pixels of the picture."""
    if steps.trim is None:
        return FloatBox(*(steps.crop or whole((width, height))))
    resized_width, resized_height = steps.resize or (width, height)
    across = width / resized_width
    down = height / resized_height
    left, top, right, bottom = steps.trim
    return FloatBox(left * across, top * down, right * across, bottom * down)


def stored_box(
    box: FloatBox,
    width: int,
    height: int,
    orientation: int,
) -> FloatBox:
    """``box`` of the upright picture as a box of the stored one of ``width`` × ``height``
    pixels."""
    left, top, right, bottom = box
    if orientation in TRANSPOSED:
        left, top, right, bottom = top, left, bottom, right
    if orientation in _MIRRORED_ACROSS:
        left, right = width - right, width - left
    if orientation in _MIRRORED_DOWN:
        top, bottom = height - bottom, height - top
    return FloatBox(left, top, right, bottom)


def _unless_same(picture: Size, target: Size) -> Size | None:
    return None if target == picture else target


def _unless_whole(box: Box, picture: Size) -> Box | None:
    return None if box == whole(picture) else box


def _rounded(value: float) -> int:
    return math.floor(value + 0.5)


def _keep_ratio(picture: Size, wanted: Size) -> Size:
    """The wanted size, whose side of 0 follows from the other (§4.2)."""
    width, height = picture
    wanted_width, wanted_height = wanted
    if wanted_width:
        return wanted_width, max(1, _rounded(wanted_width * height / width))
    return max(1, _rounded(wanted_height * width / height)), wanted_height


def _fit(picture: Size, wanted: Size) -> Size:
    width, height = picture
    wanted_width, wanted_height = wanted
    if width <= wanted_width and height <= wanted_height:
        return picture
    ratio = width / height
    if ratio > wanted_width / wanted_height:
        return wanted_width, max(1, int(wanted_width / ratio))
    return max(1, int(wanted_height * ratio)), wanted_height


def _crop_then_resize(picture: Size, size: ThumbSize) -> Plan:
    width, height = picture
    if width / height < size.width / size.height:
        part_height = max(1.0, width * size.height / size.width)
        part = (width, _rounded(part_height))
    else:
        part_width = max(1.0, height * size.width / size.height)
        part = (_rounded(part_width), height)
    target = (size.width, size.height)
    crop = _anchored(picture, part, size)
    return Plan(
        crop=_unless_whole(crop, picture),
        resize=_unless_same(part, target),
    )


def _resize_then_crop(picture: Size, size: ThumbSize) -> Plan:
    width, height = picture
    if width / height < size.width / size.height:
        resized = _keep_ratio(picture, (size.width, 0))
    else:
        resized = _keep_ratio(picture, (0, size.height))
    target = (size.width, size.height)
    trim = _anchored(resized, target, size)
    return Plan(
        resize=_unless_same(picture, resized),
        trim=_unless_whole(trim, resized),
    )


def _anchored(
    picture: Size,
    part: Size,
    size: ThumbSize,
) -> Box:
    """Where a part of that size lies in the picture (§4.4)."""
    width, height = picture
    part_width, part_height = part
    left = (width - part_width) // 2
    top = (height - part_height) // 2
    if size.mode == "t":
        top = 0
    elif size.mode == "b":
        top = height - part_height
    return Box(left, top, left + part_width, top + part_height)
