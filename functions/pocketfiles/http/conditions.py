"""Conditional requests (RFC 9110 §13), evaluated in the order of §13.2.2, which PocketBase follows
too (pocketbase.md §5.3)."""

import re
import time
from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

# The next element of a list of entity tags: a star, or a tag. Commas may be missing, as to Go.
# Possessive quantifiers never give a character back, so the time is linear in the length. A tag is
# \x21, \x23 to \x7e and all from \x80 on; named by what it is not, it compiles in a tenth of the
# time, which counts at each cold start.
_ELEMENT = re.compile(r'[\s,]*+(?:(\*)|(W/)?("[^\x00-\x20\x22\x7f]*+"))')
_TIME = r"([0-9]{1,2}:[0-9]{2}:[0-5][0-9])(?:[.,][0-9]+)?"
_DATE_FORMATS = (
    (
        re.compile(rf"([A-Za-z]{{3}}, +[0-9]{{2}} +[A-Za-z]{{3}} +[0-9]{{4}} +){_TIME}( GMT)"),
        "%a, %d %b %Y %H:%M:%S GMT",
    ),
    (
        re.compile(rf"([A-Za-z]+, [0-9]{{2}}-[A-Za-z]{{3}}-[0-9]{{2}} ){_TIME}( GMT)"),
        "%A, %d-%b-%y %H:%M:%S GMT",
    ),
    (
        re.compile(rf"([A-Za-z]{{3}} [A-Za-z]{{3}} [ 0-9]?[0-9] ){_TIME}( [0-9]{{4}})"),
        "%a %b %d %H:%M:%S %Y",
    ),
)
"""HTTP's three formats, as strict as Go parses them. A fraction of a second does not count."""


def http_date(moment: datetime) -> str:
    """A date as HTTP writes it, in whole seconds (IMF-fixdate, RFC 9110 §5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def parse_date(text: str) -> int | None:
    """Seconds since the epoch of a date in one of HTTP's three formats; ``None`` for other text."""
    for pattern, form in _DATE_FORMATS:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        try:
            return timegm(time.strptime("".join(found.groups()), form))
        except ValueError:
            continue
    return None


def outcome(headers: Mapping[str, str], etag: str, modified: datetime | None) -> int:
    """The status that the preconditions lead to: 412, 304, or 200 if the request proceeds.

    ``headers`` have lower-case names. ``etag`` is strong and includes its quotes. A header that is
    empty or malformed counts as absent, except a malformed ``If-Match``, which matches nothing.
    """
    seconds = None if modified is None else int(modified.timestamp())
    if_match = headers.get("if-match")
    if if_match:
        may_proceed = _matches(if_match, etag, weak=False)
    else:
        may_proceed = _is_unmodified(headers.get("if-unmodified-since"), seconds)
    if not may_proceed:
        return 412
    if_none_match = headers.get("if-none-match")
    if if_none_match:
        has_copy = _matches(if_none_match, etag, weak=True)
    else:
        has_copy = _is_not_modified(headers.get("if-modified-since"), seconds)
    return 304 if has_copy else 200


def honours_range(if_range: str | None, etag: str, modified: datetime | None) -> bool:
    """Whether ``If-Range`` allows ``Range`` (RFC 9110 §13.1.5): the same tag, or the same date."""
    if not if_range:
        return True
    if if_range.startswith(('"', "W/")):
        return if_range == etag
    date = parse_date(if_range)
    return date is not None and modified is not None and date == int(modified.timestamp())


def _matches(tag_list: str, etag: str, *, weak: bool) -> bool:
    """Whether the list names ``etag``, by weak or by strong comparison (RFC 9110 §8.8.3.2), or
    holds a star. What comes after a malformed element does not count."""
    position = 0
    while element := _ELEMENT.match(tag_list, position):
        star, is_weak, tag = element.groups()
        counts = weak or not is_weak
        if star or (counts and tag == etag):
            return True
        position = element.end()
    return False


def _is_unmodified(since: str | None, modified: int | None) -> bool:
    date = parse_date(since) if since is not None else None
    return date is None or modified is None or modified <= date


def _is_not_modified(since: str | None, modified: int | None) -> bool:
    date = parse_date(since) if since is not None else None
    return date is not None and modified is not None and modified <= date
