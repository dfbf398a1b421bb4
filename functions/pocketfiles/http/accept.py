"""``Accept``: which media types a client asks for by name (RFC 9110 §12.5.1)."""

import re
from collections.abc import Iterable

_BLANKS = " \t"
_ZERO_WEIGHT = re.compile(r"[ \t]*q[ \t]*=[ \t]*0(\.0*)?[ \t]*")
"""A weight that refuses the type; edge/request.js has the same pattern."""


def names(accept: str, media_type: str) -> bool:
    """Whether the header names the media type itself, with a weight above 0.

    Wildcards do not count: scripts and apps send ``*/*`` without knowing what they can show.
    """
    return any(_matches(media_range, media_type) for media_range in accept.lower().split(","))


def first_named(accept: str, media_types: Iterable[str]) -> str:
    """The first of the media types that the header names; empty if it names none."""
    return next((each for each in media_types if names(accept, each)), "")


def _matches(media_range: str, media_type: str) -> bool:
    named, *parameters = media_range.split(";")
    is_refused = any(map(_ZERO_WEIGHT.fullmatch, parameters))
    return named.strip(_BLANKS) == media_type and not is_refused
