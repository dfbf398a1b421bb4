"""Which part of a picture becomes the thumb, and how large (pocketbase.md §4.2-§4.4).

A plan speaks of the upright picture, its orientation already applied. Arithmetic is done on floats where
PocketBase does so, because its rounding depends on it.
"""

import math
from dataclasses import dataclass

from pocketfiles.thumbs.size import ThumbSize

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are the first ones outside."""

FloatBox = tuple[float, float, float, float]
"""The same between pixels."""

TRANSPOSED = frozenset({5, 6, 7, 8})
"""EXIF orientations whose stored width is the upright height."""

_MIRRORED_ACROSS = frozenset({2, 3, 7, 8})
_MIRRORED_DOWN = frozenset({3, 4, 6, 7})

_CROP_FIRST = 100  # both sides at least this long: crop, then resize


@dataclass(frozen=True)
class Plan:
    """Crop to ``crop``, resize that to ``resize``, crop the result to ``trim``; None skips a step."""

    crop: Box | None = None
    resize: tuple[int, int] | None = None
    trim: Box | None = None


def plan(width: int, height: int, size: ThumbSize) -> Plan:
    """The steps from a picture of ``width`` × ``height`` pixels to its thumb."""
    if not (size.width and size.height):
        return Plan(
            resize=_unless_same(width, height, _keep_ratio(width, height, size.width, size.height))
        )
    if size.mode == "f":
        return Plan(
            resize=_unless_same(width, height, _fit(width, height, size.width, size.height))
        )
    if (width, height) == (size.width, size.height):
        return Plan()
    if width >= _CROP_FIRST and height >= _CROP_FIRST:
        return _crop_then_resize(width, height, size)
    return _resize_then_crop(width, height, size)


def result_size(width: int, height: int, steps: Plan) -> tuple[int, int]:
    """Width and height of what ``steps`` make of a picture of ``width`` × ``height`` pixels."""
    if steps.trim:
        left, top, right, bottom = steps.trim
        return right - left, bottom - top
    if steps.resize:
        return steps.resize
    left, top, right, bottom = steps.crop or (0, 0, width, height)
    return right - left, bottom - top


def _unless_same(width: int, height: int, target: tuple[int, int]) -> tuple[int, int] | None:
    return None if target == (width, height) else target


def _rounded(value: float) -> int:
    return math.floor(value + 0.5)


def _keep_ratio(width: int, height: int, to_width: int, to_height: int) -> tuple[int, int]:
    """Exactly one of the targets is 0 and follows from the other (§4.2)."""
    if to_width:
        return to_width, max(1, _rounded(to_width * height / width))
    return max(1, _rounded(to_height * width / height)), to_height


def _fit(width: int, height: int, to_width: int, to_height: int) -> tuple[int, int]:
    if width <= to_width and height <= to_height:
        return width, height
    ratio = width / height
    if ratio > to_width / to_height:
        return to_width, max(1, int(to_width / ratio))
    return max(1, int(to_height * ratio)), to_height


def _crop_then_resize(width: int, height: int, size: ThumbSize) -> Plan:
    if width / height < size.width / size.height:
        part = width, _rounded(max(1.0, width * size.height / size.width))
    else:
        part = _rounded(max(1.0, height * size.width / size.height)), height
    crop = _anchored(width, height, part, size)
    return Plan(
        crop=None if crop == (0, 0, width, height) else crop,
        resize=_unless_same(*part, (size.width, size.height)),
    )


def _resize_then_crop(width: int, height: int, size: ThumbSize) -> Plan:
    if width / height < size.width / size.height:
        whole = _keep_ratio(width, height, size.width, 0)
    else:
        whole = _keep_ratio(width, height, 0, size.height)
    trim = _anchored(*whole, (size.width, size.height), size)
    return Plan(
        resize=_unless_same(width, height, whole), trim=None if trim == (0, 0, *whole) else trim
    )


def _anchored(width: int, height: int, part: tuple[int, int], size: ThumbSize) -> Box:
    """Where a part of that size lies in the picture (§4.4)."""
    part_width, part_height = part
    left = (width - part_width) // 2
    top = {"t": 0, "b": height - part_height}.get(size.mode, (height - part_height) // 2)
    return left, top, left + part_width, top + part_height


def source_box(width: int, height: int, steps: Plan) -> FloatBox:
    """The part of the picture that ends up in the thumb, in pixels of the picture."""
    if steps.trim is None:
        return steps.crop or (0, 0, width, height)
    whole_width, whole_height = steps.resize or (width, height)
    across, down = width / whole_width, height / whole_height
    left, top, right, bottom = steps.trim
    return left * across, top * down, right * across, bottom * down


def stored_box(box: FloatBox, width: int, height: int, orientation: int) -> FloatBox:
    """``box`` of the upright picture as a box of the stored one, which is ``width`` × ``height`` pixels."""
    left, top, right, bottom = box
    if orientation in TRANSPOSED:
        left, top, right, bottom = top, left, bottom, right
    if orientation in _MIRRORED_ACROSS:
        left, right = width - right, width - left
    if orientation in _MIRRORED_DOWN:
        top, bottom = height - bottom, height - top
    return left, top, right, bottom
