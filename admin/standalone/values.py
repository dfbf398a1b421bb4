"""Values of fields given as texts: checked as PocketBase checks them, and stored as it does."""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pocketfiles.catalogue.model import Field, Value

from ..errors import AdminError

_BOOLEANS = {"true": 1, "false": 0}
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s.<>,;]+(\.[^@\s.<>,;]+)+")
_LARGEST_LONGITUDE = 180
_LARGEST_LATITUDE = 90
_MILLISECOND = 1000  # microseconds

_EMPTY: Mapping[str, tuple[Value, ...]] = {
    "bool": (0,),
    "file": ("", "[]"),
    "geoPoint": ('{"lon":0,"lat":0}',),
    "json": (None, "null", '""', "[]", "{}"),
    "number": (0,),
    "password": (),  # nobody can set one here
    "relation": ("", "[]"),
    "select": ("", "[]"),
}
"""The values that count as none in a required field, by its type."""


class _Refused(Exception):
    """A value that the field does not take; the message says what it takes."""


def typed(field: Field, text: str) -> Value:
    """A value as PocketBase's column would hold it. Raises ``AdminError``."""
    read = _READERS.get(field.type)
    try:
        if field.type in {"select", "relation"}:
            return _listed(field, text)
        return read(field, text) if read else text
    except _Refused as reason:
        raise AdminError(
            f"{text!r} is no value for the {field.type} field {field.name}: {reason}"
        ) from reason


def is_missing(field: Field, value: Value) -> bool:
    """Whether a required field has no value, as PocketBase sees it."""
    if not field.limits.get("required"):
        return False
    return value in _EMPTY.get(field.type, ("", None))


def json_array(values: Iterable[str]) -> str:
    """The JSON text of an array as PocketBase's columns hold it: without blanks (pocketbase.md
    §8.2).
    """
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))


def _text(field: Field, text: str) -> Value:
    """Its length counts characters; an empty text has none that could be wrong."""
    if not text:
        return ""
    least = field.limits.get("min", 0)
    most = field.limits.get("max", math.inf)
    if len(text) < least:
        raise _Refused(f"it has at least {least} characters")
    if len(text) > most:
        raise _Refused(f"it has at most {most} characters")
    return text


def _editor(field: Field, text: str) -> Value:
    _require_size(field, text)
    return text


def _require_size(field: Field, text: str) -> None:
    largest = field.limits.get("maxSize", math.inf)
    if len(text.encode()) > largest:
        raise _Refused(f"it has at most {largest} bytes")


def _bool(_field: Field, text: str) -> Value:
    if text not in _BOOLEANS:
        raise _Refused("it is true or false")
    return _BOOLEANS[text]


def _number(field: Field, text: str) -> Value:
    try:
        number = float(text)
    except ValueError:
        raise _Refused("a number is expected") from None
    if not math.isfinite(number):
        raise _Refused("a number is expected")
    least = field.limits.get("min")
    most = field.limits.get("max")
    if least is not None and number < least:
        raise _Refused(f"it is at least {least}")
    if most is not None and number > most:
        raise _Refused(f"it is at most {most}")
    if number.is_integer():
        return int(number)
    if field.limits.get("onlyInt"):
        raise _Refused("a whole number is expected")
    return number


def _autodate(_field: Field, text: str) -> Value:
    return _moment(text) if text else ""


def _date(field: Field, text: str) -> Value:
    if not text:
        return ""
    moment = _moment(text)
    earliest = _bound(field, "min")
    latest = _bound(field, "max")
    if earliest and moment < earliest:
        raise _Refused(f"it is {earliest} at the earliest")
    if latest and moment > latest:
        raise _Refused(f"it is {latest} at the latest")
    return moment


def _moment(text: str) -> str:
    """A moment as PocketBase stores it: in UTC, to the millisecond (pocketbase.md §7.10). Two of
    them compare as texts do."""
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise _Refused("a date such as 2026-01-31 or 2026-01-31 12:30:00Z is expected") from None
    seconds = moment.replace(tzinfo=None, microsecond=0).isoformat(" ")
    milliseconds = moment.microsecond // _MILLISECOND
    return f"{seconds}.{milliseconds:03}Z"


def _bound(field: Field, name: str) -> str:
    """A bound of a date field; empty if it has none, or one that is no date."""
    text = field.limits.get(name, "")
    try:
        return _moment(text) if text else ""
    except _Refused:
        return ""


def _email(field: Field, text: str) -> Value:
    if not text:
        return ""
    if not _EMAIL.fullmatch(text):
        raise _Refused("an e-mail address is expected")
    _require_domain(field, text.rpartition("@")[2])
    return text


def _url(field: Field, text: str) -> Value:
    if not text:
        return ""
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        host = ""
    is_host = "." in host.strip(".") or host == "localhost" or ":" in host
    if not is_host or re.search(r"\s", text):
        raise _Refused("a URL such as https://example.com/page is expected")
    _require_domain(field, host)
    return text


def _require_domain(field: Field, domain: str) -> None:
    only = field.limits.get("onlyDomains")
    if only and domain not in only:
        raise _Refused(f"its domain is one of {', '.join(only)}")
    if domain in field.limits.get("exceptDomains", ()):
        raise _Refused(f"the domain {domain} is not allowed")


def _json(field: Field, text: str) -> Value:
    if not text:
        return None
    _parsed(text)
    _require_size(field, text.strip())
    return text.strip()


def _geo_point(_field: Field, text: str) -> Value:
    point = _parsed(text)
    if not isinstance(point, dict) or point.keys() != {"lon", "lat"}:
        raise _Refused('an object such as {"lon":12.5,"lat":41.9} is expected')
    for name, largest in (("lon", _LARGEST_LONGITUDE), ("lat", _LARGEST_LATITUDE)):
        value = point[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or abs(value) > largest:
            raise _Refused(f"{name} is a number from -{largest} to {largest}")
    return json.dumps({"lon": point["lon"], "lat": point["lat"]}, separators=(",", ":"))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _Refused('JSON is expected; a text has quotes: "text"') from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _password(_field: Field, _text: str) -> Value:
    raise _Refused("nobody signs in here with a password; `token` makes tokens")


def _listed(field: Field, text: str) -> Value:
    """The values of a select or relation field, with commas between those of a multiple one."""
    if not field.multiple:
        _require_allowed(field, text)
        return text
    names = [*dict.fromkeys(filter(None, text.split(",")))]
    if len(names) > field.max_select:
        raise _Refused(f"it holds {field.max_select} at most")
    least = field.limits.get("minSelect", 0)
    if names and len(names) < least:
        raise _Refused(f"it holds {least} at least")
    for name in names:
        _require_allowed(field, name)
    return json_array(names)


def _require_allowed(field: Field, name: str) -> None:
    allowed = field.limits.get("values")
    if name and allowed and name not in allowed:
        raise _Refused(f"there are {', '.join(allowed)}")


_READERS: Mapping[str, Callable[[Field, str], Value]] = {
    "autodate": _autodate,
    "bool": _bool,
    "date": _date,
    "editor": _editor,
    "email": _email,
    "geoPoint": _geo_point,
    "json": _json,
    "number": _number,
    "password": _password,
    "text": _text,
    "url": _url,
}
