"""Finds the differences between two answers, and the deviation that explains each.

A difference is explained by a row of docs/compatibility.md, whose name it then bears, or it is a
finding. Headers that only proxies and gateways add are not compared.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from . import pictures
from .cases import Case
from .client import Answer
from .deviations import SECURITY_HEADERS, Deviation, explained

INLINE_LIMIT_BYTES = 4 * 1024 * 1024
THUMB_MAX_SOURCE_BYTES = 50 * 1024 * 1024
THUMB_MAX_PIXELS = 60_000_000

_OK = 200
_NOT_FOUND = 404
_FIRST_ERROR = 400
_COMPARED = (
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-range",
    "content-security-policy",
    "content-type",
    "etag",
    "last-modified",
    "server-timing",
    "vary",
    *SECURITY_HEADERS,
)
_ALIKE_DECIBELS = 24.0
"""From here on two thumbs show the same; below it, colours are visibly off."""
_RECOGNISABLE_DECIBELS = 12.0
"""For thumbs whose colours PocketBase itself changes: below it they show different things."""


@dataclass(frozen=True)
class Difference:
    """One point in which two answers differ."""

    what: str
    """A header's name, ``status``, ``redirect``, ``length``, ``body`` or ``picture``."""
    pocketbase: str
    files: str
    deviation: str = ""
    """The row of docs/compatibility.md that explains it; empty for a finding."""


Original = Callable[[], bytes | None]
"""Gives the bytes of the case's original, or ``None`` where they are not to be had."""


def judge(case: Case, pocketbase: Answer, files: Answer, original: Original) -> list[Difference]:
    """The differences between the two services' answers to a request; empty when there are none."""
    if pocketbase.status != files.status:
        return [_status(case, pocketbase, files)]
    if case.method == "POST":
        return [*_token(pocketbase, files)]
    if pocketbase.status >= _FIRST_ERROR:
        return [*_headers(case, pocketbase, files), *_error(pocketbase, files)]
    found = [*_redirect(pocketbase, files)]
    theirs_is_thumb = _serves_thumb(case, pocketbase)
    ours_is_thumb = _serves_thumb(case, files)
    if theirs_is_thumb != ours_is_thumb:
        return [*found, _one_thumb(case, pocketbase, files, original)]
    found += _headers(case, pocketbase, files)
    if ours_is_thumb:
        found += _thumbs(case, pocketbase, files, original)
    else:
        found += _bytes(case, pocketbase, files)
    return found


def _status(case: Case, pocketbase: Answer, files: Answer) -> Difference:
    is_only_here = pocketbase.status == _NOT_FOUND and files.status == _OK
    deviation = ""
    if case.thumb and is_only_here:
        deviation = Deviation.THUMBS_OF_A_LOST_ORIGINAL
    return Difference("status", str(pocketbase.status), str(files.status), deviation)


def _redirect(pocketbase: Answer, files: Answer) -> Iterator[Difference]:
    if files.redirect_headers is not None:
        large = pocketbase.length > INLINE_LIMIT_BYTES
        deviation = Deviation.LARGE_FILES if large else ""
        yield Difference("redirect", "none", "to another address", deviation)


def _headers(case: Case, pocketbase: Answer, files: Answer) -> Iterator[Difference]:
    if files.redirect_headers is not None:
        # The storage's own answer has the headers of a file, but not those for browsers' security.
        names: tuple[str, ...] = ("content-disposition", "content-range", "content-type")
    else:
        names = _COMPARED
    for name in names:
        theirs = _normal(name, pocketbase.headers.get(name))
        ours = _normal(name, files.headers.get(name))
        if theirs != ours:
            deviation = explained(name, case, pocketbase, files)
            yield Difference(name, theirs or "none", ours or "none", deviation)


def _normal(name: str, value: str | None) -> str:
    if value is None:
        return ""
    if name == "last-modified":
        return "a date"  # PocketBase's is that of its file, ours that of the copy in the bucket
    if name == "vary":
        names = {each.strip() for each in value.split(",")}
        return ", ".join(sorted(names, key=str.lower))
    return value


def _token(pocketbase: Answer, files: Answer) -> Iterator[Difference]:
    """Tokens differ by their time; both bodies must have one, and no more."""
    theirs = _json_keys(pocketbase)
    ours = _json_keys(files)
    if theirs != ours:
        yield Difference("body", f"JSON with {theirs}", f"JSON with {ours}")


def _json_keys(answer: Answer) -> list[str]:
    """The keys of a body that is a JSON object; none for any other body."""
    try:
        return sorted(json.loads(answer.body))
    except (ValueError, TypeError, RecursionError):
        return []


def _error(pocketbase: Answer, files: Answer) -> Iterator[Difference]:
    if (pocketbase.length, pocketbase.sha256) != (files.length, files.sha256):
        yield Difference("body", _text(pocketbase), _text(files))


def _text(answer: Answer) -> str:
    return answer.body[:200].decode("utf-8", "replace")


def _bytes(case: Case, pocketbase: Answer, files: Answer) -> Iterator[Difference]:
    """An original, or a part of one: every byte counts."""
    if case.method == "HEAD":
        theirs = pocketbase.headers.get("content-length", "none")
        ours = files.headers.get("content-length", "none")
        if theirs != ours:
            yield Difference("length", theirs, ours, Deviation.LENGTH_OF_A_HEAD)
    elif pocketbase.headers.get("content-type", "").startswith("multipart/byteranges"):
        return  # the boundary is another one each time
    elif pocketbase.sha256 != files.sha256:
        yield Difference("body", _content(pocketbase), _content(files))


def _content(answer: Answer) -> str:
    return f"{answer.length} bytes, SHA-256 {answer.sha256}"


def _serves_thumb(case: Case, answer: Answer) -> bool:
    """Whether the answer is the thumb that was asked for; its name then begins with its size."""
    if not case.thumb:
        return False
    disposition = answer.headers.get("content-disposition", "")
    _, _, name = disposition.partition("filename")
    return f"{case.thumb}_" in name


def _one_thumb(case: Case, pocketbase: Answer, files: Answer, original: Original) -> Difference:
    """One service made a thumb, the other sent the original."""
    data = original()
    facts = pictures.facts(data) if data else None
    deviation = ""
    if _serves_thumb(case, files):
        if facts and facts.animated and facts.format in {"PNG", "WEBP"}:
            deviation = Deviation.ANIMATED
        elif facts and pictures.open_picture(files.body):
            deviation = Deviation.UNREADABLE_THERE
        return Difference("picture", "the original", f"the thumb {case.thumb}", deviation)
    has_many_bytes = data is not None and len(data) > THUMB_MAX_SOURCE_BYTES
    has_many_pixels = facts is not None and facts.pixels > THUMB_MAX_PIXELS
    if has_many_bytes or has_many_pixels:
        deviation = Deviation.BUDGETS_OF_THUMBS
    return Difference("picture", f"the thumb {case.thumb}", "the original", deviation)


def _thumbs(
    case: Case, pocketbase: Answer, files: Answer, original: Original
) -> Iterator[Difference]:
    """Two thumbs: the same size and the same picture, whatever the compression."""
    if case.method == "HEAD" or pocketbase.sha256 == files.sha256:
        return
    theirs = pictures.open_picture(pocketbase.body)
    ours = pictures.open_picture(files.body)
    if theirs is None or ours is None:
        yield Difference("picture", _readable(theirs), _readable(ours))
        return
    data = original()
    facts = pictures.facts(data) if data else None
    # PocketBase turns pictures by the EXIF data of a JPEG alone, and ignores colour profiles.
    changed = facts and (facts.profile or (facts.rotated and facts.format != "JPEG"))
    if theirs.size != ours.size:
        deviation = Deviation.UPRIGHT_AND_SRGB if changed else ""
        yield Difference("picture", _size(theirs.size), _size(ours.size), deviation)
        return
    like = pictures.likeness(theirs, ours)
    shown = f"{like.decibels:.1f} dB alike, {like.alpha_decibels:.1f} dB in transparency"
    yield Difference(
        "picture",
        f"{pocketbase.length} bytes",
        f"{files.length} bytes, {shown}",
        _thumb_deviation(theirs.format or "", facts, like, changed=bool(changed)),
    )


def _thumb_deviation(
    format_: str, facts: pictures.Facts | None, like: pictures.Likeness, *, changed: bool
) -> str:
    if format_ == "GIF" and like.decibels >= _RECOGNISABLE_DECIBELS:
        return Deviation.GIF_THUMBS
    if facts and facts.format == "WEBP" and like.decibels >= _RECOGNISABLE_DECIBELS:
        return Deviation.WEBP_THUMBS
    if min(like.decibels, like.alpha_decibels) >= _ALIKE_DECIBELS:
        return Deviation.SMALLER_THUMBS
    if changed:
        return Deviation.UPRIGHT_AND_SRGB
    return ""


def _readable(picture: object) -> str:
    return "a picture" if picture else "no picture that can be read"


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} × {size[1]} pixels"
