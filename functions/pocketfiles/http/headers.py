"""Header values of a response: content type, disposition, security headers (pocketbase.md §5.1)."""

import re
from urllib.parse import quote

SECURITY = {"x-xss-protection": "1; mode=block", "x-content-type-options": "nosniff"}
"""Sent with every response except preflights."""

FRAMES = {"x-frame-options": "SAMEORIGIN"}
"""Sent with every response except preflights and files."""

CONTENT_SECURITY_POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
"""Sent with every file: a document opened by its URL can neither run scripts nor load anything."""

_OFFICE = "application/vnd.openxmlformats-officedocument."
_TYPE_BY_EXTENSION = {
    ".svg": "image/svg+xml",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".xlsx": _OFFICE + "spreadsheetml.sheet",
    ".docx": _OFFICE + "wordprocessingml.document",
    ".pptx": _OFFICE + "presentationml.presentation",
}
"""Types that PocketBase decides by the file name's extension, whatever type is stored."""

INLINE = frozenset(
    {
        "image/png",
        "image/jpg",
        "image/jpeg",
        "image/gif",
        "image/webp",
        "image/x-icon",
        "image/bmp",
        "video/webm",
        "video/mp4",
        "video/3gpp",
        "video/quicktime",
        "video/x-ms-wmv",
        "audio/basic",
        "audio/aiff",
        "audio/mpeg",
        "audio/midi",
        "audio/mp3",
        "audio/wave",
        "audio/wav",
        "audio/x-wav",
        "audio/x-mpeg",
        "audio/x-m4a",
        "audio/aac",
        "application/pdf",
        "application/x-pdf",
    }
)
"""Types that browsers show; all others are downloaded (pocketbase.md §5.2). None of them can run
scripts."""

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 §5.6.2
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def content_type(name: str, stored: str) -> str:
    """The type to send: the stored type, unless the extension of ``name`` decides it.

    Extensions count in lower case only, as in PocketBase. Control characters are removed from the
    stored type, so that it cannot break the header.
    """
    _, dot, extension = name.rpartition(".")
    by_extension = _TYPE_BY_EXTENSION.get(f"{dot}{extension}")
    return by_extension or _UNPRINTABLE.sub("", stored)


def is_true(value: str) -> bool:
    """The value of ``download``, parsed as Go parses a boolean (pocketbase.md §5.2)."""
    return value in {"1", "t", "T", "true", "TRUE", "True"}


def disposition(name: str, sent_type: str, *, download: bool) -> str:
    """``Content-Disposition`` of a file (RFC 6266), by the type that is sent with it.

    Types that can run scripts, such as SVG, HTML and XML, are never shown inline.

    A name that is an RFC 9110 token is sent unquoted, as PocketBase sends every name. Any other
    name is quoted. If it contains non-ASCII characters, ``filename*`` has the name itself and
    ``filename`` a plain fallback (RFC 6266 §4.3).
    """
    kind = "inline" if sent_type in INLINE and not download else "attachment"
    if _TOKEN.fullmatch(name):
        return f"{kind}; filename={name}"
    plain = _UNPRINTABLE.sub("_", name).replace("\\", "\\\\").replace('"', '\\"')
    quoted_name = f'{kind}; filename="{plain}"'
    if not (_UNPRINTABLE.search(name) or "%" in name):
        return quoted_name
    return f"{quoted_name}; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
