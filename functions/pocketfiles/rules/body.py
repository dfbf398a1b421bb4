"""A request's body as rules see it (pocketbase.md §3.4)."""

import json
import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from pocketfiles.errors import RuleError
from pocketfiles.http.query import is_well_escaped
from pocketfiles.rules.values import inferred, well_formed

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_BLANKS = " \t\r\n"
_JSON_PAYLOAD = "@jsonPayload"


def parse_body(body: bytes, content_type: str, raw_query: str) -> Mapping[str, Any]:
    """The values of a body; none when there is no body.

    A form's values are those of the query: Go reads no form from the body of a GET. What follows
    the first JSON value is ignored, and ``null`` is no value. Raises ``RuleError`` when PocketBase
    could not read the body; multipart forms and XML, which it could, are refused too.
    """
    if not body:
        return {}
    if content_type.startswith(_JSON):
        return _object(body.decode(errors="replace"), whole=False)
    if content_type.startswith(_FORM):
        return _form(raw_query)
    raise RuleError("the request has a body of an unknown type")


def _object(written: str, *, whole: bool) -> dict[str, Any]:
    """A JSON object; when ``whole``, nothing may follow it."""
    start = len(written) - len(written.lstrip(_BLANKS))
    try:
        found, end = _DECODER.raw_decode(written, start)
    except (ValueError, RecursionError):
        raise RuleError("the request has a body that is no JSON") from None
    if whole and written[end:].strip(_BLANKS):
        raise RuleError("the request has a body that is no JSON")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise RuleError("the request has a body that is no JSON object")
    return found


def _form(raw_query: str) -> dict[str, Any]:
    values: dict[str, list[str]] = {}
    for pair in raw_query.split("&"):
        if ";" in pair:
            raise RuleError("the request has a query with a semicolon")
        if pair:
            name, _, value = pair.partition("=")
            values.setdefault(_unescaped(name), []).append(_unescaped(value))
    payloads = values.pop(_JSON_PAYLOAD, [])
    found: dict[str, Any] = {}
    for name, sent in values.items():
        items = [inferred(value) for value in sent]
        found[name] = items[0] if len(items) == 1 else items
    for payload in payloads:
        found |= _object(payload, whole=True)
    return found


def _unescaped(written: str) -> str:
    if not is_well_escaped(written):
        raise RuleError("the request has a query with a bad escape")
    with_blanks = written.replace("+", " ")
    return unquote_to_bytes(with_blanks).decode(errors="replace")


def _number(written: str) -> float:
    value = float(written)
    if math.isinf(value):
        raise ValueError(written)
    return value


def _no_number(written: str) -> float:
    raise ValueError(written)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {well_formed(name): _well_formed(value) for name, value in pairs}


def _well_formed(value: Any) -> Any:
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, list):
        return [_well_formed(item) for item in value]
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=_number, parse_int=_number, parse_constant=_no_number
)
