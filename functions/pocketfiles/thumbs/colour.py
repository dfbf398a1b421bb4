"""Converts colours to sRGB, as the picture's ICC profile describes them."""

import io

from PIL import Image, ImageCms

_MODES_WITH_ALPHA = frozenset({"LA", "RGBA"})
_GREY_MODES = frozenset({"L", "LA"})


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image in sRGB. A profile that is broken, or of other channels than the image's, is
    ignored."""
    if not profile:
        return image
    if image.mode not in _MODES_WITH_ALPHA:
        return _converted(image, profile) or image
    converted = _converted(image.convert(image.mode[:-1]), profile)
    if converted is None:
        return image
    converted.putalpha(image.getchannel("A"))
    return converted


def _converted(colours: Image.Image, profile: bytes) -> Image.Image | None:
    """The colours in sRGB; None if they are already, or if the profile does not fit."""
    try:
        source = ImageCms.getOpenProfile(io.BytesIO(profile))
        if "sRGB" in (source.profile.profile_description or ""):
            return None
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, srgb, colours.mode, "RGB")
        converted = transform.apply(colours)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return converted.convert("L") if colours.mode in _GREY_MODES else converted
