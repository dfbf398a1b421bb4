"""The header values of an answer: type, disposition, caching, security (pocketbase.md §5.1)."""

import re
from urllib.parse import quote

SECURITY = {"x-xss-protection": "1; mode=block", "x-content-type-options": "nosniff"}
"""On every answer but a preflight; ``FRAMES`` joins them on all but files."""

FRAMES = {"x-frame-options": "SAMEORIGIN"}

CONTENT_SECURITY_POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"

PUBLIC_SECONDS = 2_592_000
NO_STORE = "no-store"

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
_INLINE = frozenset(
    f"{kind}/{name}"
    for kind, names in {
        "image": ("png", "jpg", "jpeg", "gif", "webp", "x-icon", "bmp"),
        "video": ("webm", "mp4", "3gpp", "quicktime", "x-ms-wmv"),
        "audio": (
            "basic",
            "aiff",
            "mpeg",
            "midi",
            "mp3",
            "wave",
            "wav",
            "x-wav",
            "x-mpeg",
            "x-m4a",
            "aac",
        ),
        "application": ("pdf", "x-pdf"),
    }.items()
    for name in names
)
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def content_type(name: str, stored: str) -> str:
    """The type to send: the stored one, unless the name's last extension, in lower case, forces another."""
    dot = name.rfind(".")
    forced = _TYPE_BY_EXTENSION.get(name[dot:]) if dot >= 0 else None
    return forced or _UNPRINTABLE.sub("", stored)


def is_true(value: str) -> bool:
    """``download``'s value as Go parses a boolean (pocketbase.md §5.2)."""
    return value in {"1", "t", "T", "true", "TRUE", "True"}


def disposition(name: str, stored_type: str, *, download: bool) -> str:
    """``Content-Disposition`` of a file by its stored type.

    A name that is an RFC 9110 token stands bare, as PocketBase writes every name. Others are quoted, and
    what is not ASCII travels in ``filename*`` (RFC 6266 §4.3) beside a plain fallback.
    """
    kind = "inline" if stored_type in _INLINE and not download else "attachment"
    if _TOKEN.fullmatch(name):
        return f"{kind}; filename={name}"
    plain = _UNPRINTABLE.sub("_", name).replace("\\", "\\\\").replace('"', '\\"')
    written = f'{kind}; filename="{plain}"'
    if _UNPRINTABLE.search(name) or "%" in name:
        written += f"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"
    return written


def cache_control(
    *, guarded: bool, fallback: bool = False, seconds_left: float | None = None
) -> str:
    """How long a file may be kept, and by whom.

    * ``fallback``: the original in place of a thumb that failed: nobody, so that a later try is seen.
    * ``guarded``: a token or a rule opened it: the client alone, until the token ends (``seconds_left``);
      without a token it must ask again each time, because the rule may change.
    * else PocketBase's 30 days, for everybody.
    """
    if fallback:
        return NO_STORE if not guarded else f"private, {NO_STORE}"
    if not guarded:
        return f"max-age={PUBLIC_SECONDS}, stale-while-revalidate=86400"
    if seconds_left is None:
        return "private, no-cache"
    return f"private, max-age={max(0, min(int(seconds_left), PUBLIC_SECONDS))}"


def redirect_cache_control(*, guarded: bool, fallback: bool, seconds: int) -> str:
    """The same for a redirect to a URL that lives ``seconds``: half of that, so that no kept one is dead."""
    if guarded or fallback:
        return f"private, {NO_STORE}"
    return f"public, max-age={seconds // 2}"
