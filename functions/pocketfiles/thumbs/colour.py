"""Converts colours to sRGB, as the picture's ICC profile describes them."""

import io
from functools import lru_cache

from PIL import Image, ImageChops, ImageCms

from pocketfiles.thumbs import code_points, icc_reader

_MODES_WITH_ALPHA = frozenset({"LA", "RGBA"})

_COLOUR_SPACES = frozenset({"GRAY", "RGB", "CMYK"})
"""The colour spaces of pictures. Others, such as Lab, have as many channels as one of them."""

_MAJOR_VERSION_AT = 8
"""In the header of every profile (ICC.1:2022 §7.2.4)."""

_VERSION_2 = 2

_CODE_POINTS = b"cicp"
_TYPE_LENGTH = 8
"""A tag with code points, and the bytes of its type before them (ICC.1:2022 §9.2.17, §10.3)."""

_MAX_TINT = 2
"""Levels that the channels of grey may differ, by rounding."""

_PROBE_LEVELS = range(0, 256, 15)
_MAX_DIFFERENCE_FROM_SRGB = 1
"""Levels that the colours of a profile may be off sRGB's, at most, to count as sRGB."""


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """The image in sRGB. A profile that is broken, or of other channels than the image's, is
    ignored."""
    profile = _described(profile)
    if not profile:
        return image
    if image.mode not in _MODES_WITH_ALPHA:
        return _converted(image, profile)
    converted = _converted(image.convert(image.mode[:-1]), profile)
    converted.putalpha(image.getchannel("A"))
    return converted


def _converted(colours: Image.Image, profile: bytes) -> Image.Image:
    is_grey = colours.mode == "L"
    transform = _transform(profile, colours.mode)
    if transform is None and is_grey:
        # Browsers see grey pixels as RGB, to which most profiles apply.
        colours = colours.convert("RGB")
        transform = _transform(profile, colours.mode)
    if transform:
        colours = transform.apply(_without_black_ink(colours))
    return _in_grey(colours) if is_grey else colours


def _described(profile: bytes) -> bytes:
    """The profile of the code points that a profile names, if it names any that are supported."""
    contents = icc_reader.tags(profile).get(_CODE_POINTS, memoryview(b""))
    described = code_points.icc_profile(bytes(contents[_TYPE_LENGTH:]))
    return profile if described is None else described


def _in_grey(colours: Image.Image) -> Image.Image:
    """The same in L, unless the profile gave grey a tint."""
    red, green, blue = colours.split()
    from_green = ImageChops.difference(red, green)
    from_blue = ImageChops.difference(red, blue)
    tint = ImageChops.lighter(from_green, from_blue).point(lambda level: level > _MAX_TINT)
    return colours if tint.getbbox() else colours.convert("L")


def _without_black_ink(colours: Image.Image) -> Image.Image:
    """CMYK with equal parts of the other inks in place of black.

    So Chromium has it before it applies the profile, which makes shadows lighter than in print.
    """
    if colours.mode != "CMYK":
        return colours
    cyan, magenta, yellow = ImageChops.invert(colours.convert("RGB")).split()
    no_black = Image.new("L", colours.size)
    return Image.merge("CMYK", (cyan, magenta, yellow, no_black))


@lru_cache(maxsize=4)
def _transform(
    profile: bytes,
    mode: str,
) -> ImageCms.ImageCmsTransform | None:
    """The transformation to sRGB; None if it changes nothing, or if the profile does not fit."""
    if not icc_reader.is_valid(profile):
        return None
    try:
        used = icc_reader.with_used_tags(profile)
        source = ImageCms.getOpenProfile(io.BytesIO(used))
        if source.profile.xcolor_space.strip() not in _COLOUR_SPACES:
            return None
        transform = ImageCms.buildTransform(source, _srgb(), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return None if mode == "RGB" and _changes_nothing(transform) else transform


def _srgb() -> ImageCms.ImageCmsProfile:
    """sRGB as a profile of version 2.

    To one of version 4, Little CMS compensates black points, which no browser does.
    """
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[_MAJOR_VERSION_AT] = _VERSION_2
    return ImageCms.getOpenProfile(io.BytesIO(profile))


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    probe = _probe()
    difference = ImageChops.difference(probe, transform.apply(probe))
    return max(difference.tobytes()) <= _MAX_DIFFERENCE_FROM_SRGB


def _probe() -> Image.Image:
    """Colours from all over the RGB cube."""
    levels = bytes(_PROBE_LEVELS)
    pixels = bytes(level for r in levels for g in levels for b in levels for level in (r, g, b))
    return Image.frombytes("RGB", (len(levels) ** 2, len(levels)), pixels)
