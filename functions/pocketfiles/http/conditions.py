"""HTTP's conditional requests (RFC 9110 §13), in the order of §13.2.2 that PocketBase keeps too (§5.3)."""

import re
import time
from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime

_TAGS = re.compile(r'\s*(?:(W/)?("[\x21\x23-\x7e\x80-\U0010ffff]*"))?\s*(?:,|$)')
_DATE_FORMATS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


def http_date(moment: datetime) -> str:
    """A date as HTTP writes it, in whole seconds (IMF-fixdate, RFC 9110 §5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def parse_date(text: str) -> int | None:
    """Seconds since the epoch of any of HTTP's three date forms, or ``None``."""
    for form in _DATE_FORMATS:
        try:
            return timegm(time.strptime(text, form))
        except ValueError:
            continue
    return None


def outcome(headers: Mapping[str, str], etag: str, modified: datetime | None) -> int:
    """412, 304, or 200 to go on. ``headers`` have lower-case names; ``etag`` is strong, quotes included.

    A header that is empty or cannot be parsed counts as absent, except an unparsable ``If-Match``, which
    matches nothing.
    """
    seconds = None if modified is None else int(modified.timestamp())
    if headers.get("if-match"):
        if not _matches(headers["if-match"], etag, weak=False):
            return 412
    elif not _unmodified(headers.get("if-unmodified-since"), seconds):
        return 412
    if headers.get("if-none-match"):
        return 304 if _matches(headers["if-none-match"], etag, weak=True) else 200
    return 304 if _not_modified(headers.get("if-modified-since"), seconds) else 200


def honours_range(if_range: str | None, etag: str, modified: datetime | None) -> bool:
    """Whether ``If-Range`` lets a ``Range`` count (RFC 9110 §13.1.5): the very tag, or the very date."""
    if not if_range:
        return True
    if if_range.startswith(('"', "W/")):
        return if_range == etag
    date = parse_date(if_range)
    return date is not None and modified is not None and date == int(modified.timestamp())


def _matches(listed: str, etag: str, *, weak: bool) -> bool:
    if listed.strip() == "*":
        return True
    return any(tag == etag and (weak or not is_weak) for is_weak, tag in _tags(listed))


def _tags(listed: str) -> list[tuple[bool, str]]:
    """The entity tags up to the first that is malformed."""
    found = []
    position = 0
    while position < len(listed):
        match = _TAGS.match(listed, position)
        if match is None:
            break
        if match[2]:
            found.append((bool(match[1]), match[2]))
        position = match.end()
    return found


def _unmodified(since: str | None, modified: int | None) -> bool:
    date = parse_date(since) if since is not None else None
    return date is None or modified is None or modified <= date


def _not_modified(since: str | None, modified: int | None) -> bool:
    date = parse_date(since) if since is not None else None
    return date is not None and modified is not None and modified <= date
