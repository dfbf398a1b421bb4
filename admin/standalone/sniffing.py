"""Recognises a file's content type by its first bytes, as PocketBase does (pocketbase.md §6.3)."""

import codecs
import csv
import json
import mimetypes
import re

import filetype  # type: ignore[import-untyped]

from pocketfiles.objects import UNKNOWN_TYPE

HEAD_BYTES = 3072
"""How many bytes at the beginning of a file are looked at."""

# The same formats under the names PocketBase gives them.
_NAMES = {
    "audio/mp4": "audio/x-m4a",
    "audio/ogg": "application/ogg",
    "audio/x-flac": "audio/flac",
    "audio/x-wav": "audio/wav",
    "image/apng": "image/vnd.mozilla.apng",
}
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
_LONGEST_WORD = 5  # `false`: what may be cut at the end of a head
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)


def content_type(head: bytes) -> str:
    """Return the content type of a file that begins with ``head``; for text, with its charset."""
    head = head[:HEAD_BYTES]
    kind = filetype.guess(head)
    if kind:
        return _NAMES.get(kind.mime, str(kind.mime))
    for mark, charset in _MARKS:
        if head.startswith(mark):
            return f"text/plain; charset={charset}"
    return UNKNOWN_TYPE if _BINARY.search(head) else _text(head)


def extension(media_type: str) -> str:
    """Return the usual extension of a content type, with its dot; empty for unknown bytes."""
    plain = media_type.partition(";")[0]
    if plain in _EXTENSIONS:
        return _EXTENSIONS[plain]
    return mimetypes.guess_extension(plain) or ""


def _text(head: bytes) -> str:
    begin = head.lstrip()
    if _HTML.match(begin):
        return f"text/html; charset={_charset(head)}"
    if begin.startswith((b"<svg", b"<?xml")):
        return "image/svg+xml" if b"<svg" in begin else "text/xml; charset=utf-8"
    if _is_json(begin):
        return "application/json"
    return "text/csv" if _is_csv(head) else f"text/plain; charset={_charset(head)}"


def _charset(head: bytes) -> str:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the last character may be cut
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def _is_json(text: bytes) -> bool:
    if not text.startswith((b"{", b"[")):
        return False
    decoded = text.decode("utf-8", "ignore")
    try:
        json.loads(decoded)
    except json.JSONDecodeError as error:
        cut = (
            error.msg.startswith("Unterminated string") or error.pos >= len(decoded) - _LONGEST_WORD
        )
        return cut and len(text) > HEAD_BYTES // 2
    except RecursionError:
        return False
    return True


def _is_csv(head: bytes) -> bool:
    """Whether there are at least two lines with the same number of fields, two or more.

    The last line does not count when it may be cut off.
    """
    lines = head.decode("utf-8", "replace").splitlines()
    try:
        widths = [len(row) for row in csv.reader(lines, strict=True) if row]
    except csv.Error:
        return False
    whole = widths[:-1] if len(head) >= HEAD_BYTES else widths
    return len(whole) > 1 and whole[0] > 1 and len(set(whole)) == 1
