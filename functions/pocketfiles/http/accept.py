"""``Accept``: which media types a client asks for by name (RFC 9110 §12.5.1)."""

from collections.abc import Iterable


def names(accept: str, media_type: str) -> bool:
    """Whether the header names the media type itself, with a weight above 0.

    Wildcards do not count: scripts and apps send ``*/*`` without knowing what they can show.
    """
    return any(_matches(media_range, media_type) for media_range in accept.lower().split(","))


def first_named(accept: str, media_types: Iterable[str]) -> str:
    """The first of the media types that the header names; empty if it names none."""
    return next((each for each in media_types if names(accept, each)), "")


def _matches(media_range: str, media_type: str) -> bool:
    named, *parameters = (piece.strip() for piece in media_range.split(";"))
    is_refused = any(map(_is_zero_weight, parameters))
    return named == media_type and not is_refused


def _is_zero_weight(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    if name.strip() != "q":
        return False
    digits = value.strip().replace(".", "")
    return bool(digits) and not digits.strip("0")
