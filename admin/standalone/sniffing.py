"""Recognises a file's content type by its first bytes, as PocketBase does (pocketbase.md §6.3).

Binary formats are found by ``signatures`` and the package filetype, texts by the rules here.
"""

import codecs
import csv
import json
import mimetypes
import re

import filetype  # type: ignore[import-untyped]

from pocketfiles.objects import UNKNOWN_TYPE

from . import signatures

HEAD_BYTES = 3072
"""How many bytes at the beginning of a file are looked at."""

_EXTENSIONS = {
    "image/vnd.mozilla.apng": ".png",
    "image/jpeg": ".jpg",
    "audio/x-m4a": ".m4a",
    UNKNOWN_TYPE: "",
}
# Bytes no text has: WHATWG MIME Sniffing §3, binary data byte.
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_HTML = re.compile(
    rb"<(!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|!--)"
    rb"[\s>]",
    re.I,
)
_RTF = "application/rtf"
_BEGINNINGS = (
    (re.compile(rb"<svg"), "image/svg+xml"),
    (re.compile(rb"<\?php|#!/usr/bin/(env )?php"), "text/x-php"),
    (re.compile(rb"#!.*/(env )?node"), "text/javascript"),
    (re.compile(rb"#!.*/(env )?lua"), "text/x-lua"),
    (re.compile(rb"#!.*/(env )?perl"), "text/x-perl"),
    (re.compile(rb"#!.*/(env )?python"), "text/x-python"),
    (re.compile(rb"#!.*/(env )?ruby"), "text/x-ruby"),
    (re.compile(rb"#!.*/(env )?(ba|da|k|z)?sh\b"), "text/x-shellscript"),
    (re.compile(rb"\{\\rtf"), "text/rtf"),
    (re.compile(rb"WEBVTT\b"), "text/vtt"),
    (re.compile(rb"BEGIN:VCALENDAR\r?\n"), "text/calendar"),
    (re.compile(rb"BEGIN:VCARD\r?\n"), "text/vcard"),
    (re.compile(rb"1\r?\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}"), "application/x-subrip"),
    (
        re.compile(rb"(From|To|Subject|Received|Return-Path|Date): .*\r?\n[A-Z][A-Za-z-]*: "),
        "message/rfc822",
    ),
)
"""Content types of texts by how they begin."""

_XML = (
    (b"<svg", "image/svg+xml"),
    (b"<rss", "application/rss+xml"),
    (b"<html", "application/xhtml+xml"),
)
_JSON = (
    (
        re.compile(rb'"type"\s*:\s*"(Feature|FeatureCollection|Point|Polygon|LineString)"'),
        "application/geo+json",
    ),
    (re.compile(rb'"asset"\s*:\s*\{[^}]*"version"'), "model/gltf+json"),
)
_WINDOWS_1252 = re.compile(rb"[\x80-\x9f]")
_FEWEST_LINES = 2
_LONGEST_WORD = 5  # `false`: what may be cut at the end of a head
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)


def content_type(head: bytes) -> str:
    """Return the content type of a file that begins with ``head``; for text, with its charset."""
    head = head[:HEAD_BYTES]
    if not head:
        return "text/plain"
    return _binary(head) or _text(head)


def _binary(head: bytes) -> str:
    recognised = signatures.recognise(head)
    if recognised:
        return recognised
    kind = filetype.guess(head)
    if kind and kind.mime not in signatures.NOT_RECOGNISED and kind.mime != _RTF:
        return signatures.RENAMED.get(kind.mime, str(kind.mime))
    if signatures.is_ole(head):
        return "application/x-ole-storage"
    is_text = head.startswith(tuple(mark for mark, _ in _MARKS)) or not _BINARY.search(head)
    return "" if is_text else UNKNOWN_TYPE


def extension(media_type: str) -> str:
    """Return the usual extension of a content type, with its dot; empty for unknown bytes."""
    plain = media_type.partition(";")[0]
    if plain in _EXTENSIONS:
        return _EXTENSIONS[plain]
    return mimetypes.guess_extension(plain) or ""


def _text(head: bytes) -> str:
    """The content type of a text: by its beginning, by its structure, else plain."""
    for mark, charset in _MARKS:
        if head.startswith(mark):
            return f"text/plain; charset={charset}"
    if _HTML.match(head.lstrip()):
        return f"text/html; charset={_charset(head)}"
    for pattern, kind in _BEGINNINGS:
        if pattern.match(head):
            return kind
    return _structured(head) or f"text/plain; charset={_charset(head)}"


def _structured(head: bytes) -> str:
    begin = head.lstrip()
    if begin.startswith(b"<?xml"):
        return next((kind for tag, kind in _XML if tag in begin), "text/xml; charset=utf-8")
    if is_json(begin):
        return next((kind for mark, kind in _JSON if mark.search(begin)), "application/json")
    if _is_json_lines(head):
        return "application/x-ndjson"
    for delimiter, kind in ((",", "text/csv"), ("\t", "text/tab-separated-values")):
        if _is_table(head, delimiter):
            return kind
    return ""


def _charset(head: bytes) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return "windows-1252" if _WINDOWS_1252.search(head) else "iso-8859-1"
    return "utf-8"


def is_json(text: bytes) -> bool:
    """Whether a text is JSON, or the beginning of a long JSON text."""
    if not text.startswith((b"{", b"[")):
        return False
    decoded = text.decode("utf-8", "ignore")
    try:
        json.loads(decoded)
    except json.JSONDecodeError as error:
        in_string = error.msg.startswith("Unterminated string")
        at_end = error.pos >= len(decoded) - _LONGEST_WORD
        return (in_string or at_end) and len(text) > HEAD_BYTES // 2
    except RecursionError:
        return False
    return True


def _is_json_lines(head: bytes) -> bool:
    """Whether there are at least two lines, each a JSON object; the last one may be cut off."""
    lines = head.split(b"\n")
    if len(head) >= HEAD_BYTES:
        del lines[-1]
    written = [line for line in lines if line.strip()]
    if len(written) < _FEWEST_LINES:
        return False
    return all(line.startswith(b"{") and is_json(line) for line in written)


def _is_table(head: bytes, delimiter: str) -> bool:
    """Whether there are at least two lines with the same number of fields, two or more.

    The last line does not count when it may be cut off.
    """
    lines = head.decode("utf-8", "replace").splitlines()
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter, strict=True) if row]
    except csv.Error:
        return False
    if len(head) >= HEAD_BYTES:
        del widths[-1:]
    if len(widths) < _FEWEST_LINES:
        return False
    return widths[0] > 1 and len(set(widths)) == 1
