"""The rows of docs/compatibility.md, and which of them explains a difference of two headers."""

from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum
from urllib.parse import unquote

from .cases import Case
from .client import Answer

SECURITY_HEADERS = ("x-content-type-options", "x-frame-options", "x-xss-protection")
"""Headers that browsers obey, which errors and files have in PocketBase's own mixture."""

_FIRST_ERROR = 400


class Deviation(StrEnum):
    """The rows of docs/compatibility.md that can explain a difference."""

    ANIMATED = "animated WebP and PNG"
    BUDGETS_OF_THUMBS = "budgets of thumbs"
    ENTITY_TAGS = "entity tags"
    ERRORS_ARE_NOT_KEPT = "errors are not kept"
    FAILED_THUMBS_ARE_NOT_KEPT = "failed thumbs are not kept"
    LARGE_FILES = "files above 4 MiB"
    GIF_THUMBS = "GIF thumbs"
    LENGTH_OF_A_HEAD = "length of a HEAD"
    ONE_SHAPE_OF_ERRORS = "one shape of errors"
    UPRIGHT_AND_SRGB = "orientation and colour profiles"
    UNREADABLE_THERE = "pictures PocketBase cannot read"
    PROTECTED_FILES_ARE_PRIVATE = "protected files are private"
    SMALLER_THUMBS = "smaller thumbs"
    THUMBS_OF_A_LOST_ORIGINAL = "thumbs of a lost original"
    THUMBS_BY_ACCEPT = "thumbs by `Accept`"
    TIMING = "timing"
    UNUSUAL_NAMES = "unusual names in Content-Disposition"
    WEBP_THUMBS = "WebP thumbs"


def explained(name: str, case: Case, pocketbase: Answer, files: Answer) -> str:
    """The deviation that explains a header's difference; empty when none does."""
    for explanation in _EXPLANATIONS:
        if name in explanation.headers and explanation.applies(case, pocketbase, files):
            return explanation.deviation
    return ""


def _disposition(answer: Answer) -> tuple[str, str]:
    """The type and the file name of a Content-Disposition, however the name is written."""
    value = answer.headers.get("content-disposition", "")
    kind, _, rest = value.partition(";")
    message = Message()
    message["content-disposition"] = value
    name = message.get_filename() or ""
    is_encoded = '"' in rest or "*" in rest
    if not is_encoded:
        name = unquote(rest.strip().removeprefix("filename="))
    return kind.strip(), name


def _is_no_store(answer: Answer) -> bool:
    return answer.headers.get("cache-control") == "no-store"


def _varies(answer: Answer) -> set[str]:
    names = answer.headers.get("vary", "").lower().split(",")
    return {name.strip() for name in names} - {""}


def _is_error(answer: Answer) -> bool:
    return answer.status >= _FIRST_ERROR


@dataclass(frozen=True)
class _Explanation:
    """A deviation that explains a difference in one of some headers, if it applies."""

    deviation: str
    headers: tuple[str, ...]
    applies: Callable[[Case, Answer, Answer], bool] = lambda _case, _pocketbase, _files: True


_EXPLANATIONS = (
    _Explanation(Deviation.ENTITY_TAGS, ("etag",)),
    _Explanation(Deviation.TIMING, ("server-timing",)),
    _Explanation(
        Deviation.ERRORS_ARE_NOT_KEPT,
        ("cache-control",),
        lambda _case, _pocketbase, files: _is_error(files) and _is_no_store(files),
    ),
    _Explanation(
        Deviation.PROTECTED_FILES_ARE_PRIVATE,
        ("cache-control",),
        lambda case, _pocketbase, files: (
            case.protected and files.headers.get("cache-control", "").startswith("private")
        ),
    ),
    _Explanation(
        Deviation.FAILED_THUMBS_ARE_NOT_KEPT,
        ("cache-control",),
        lambda case, _pocketbase, files: bool(case.thumb) and _is_no_store(files),
    ),
    _Explanation(
        Deviation.THUMBS_BY_ACCEPT,
        ("vary",),
        lambda case, pocketbase, files: (
            bool(case.thumb) and _varies(files) - _varies(pocketbase) == {"accept"}
        ),
    ),
    _Explanation(
        Deviation.WEBP_THUMBS,
        ("content-type",),
        lambda case, _pocketbase, files: (
            bool(case.thumb) and files.headers.get("content-type") == "image/webp"
        ),
    ),
    _Explanation(
        Deviation.UNUSUAL_NAMES,
        ("content-disposition",),
        lambda _case, pocketbase, files: _disposition(pocketbase) == _disposition(files),
    ),
    _Explanation(
        Deviation.ONE_SHAPE_OF_ERRORS,
        SECURITY_HEADERS,
        lambda _case, pocketbase, files: (
            _is_error(files) and any(name not in pocketbase.headers for name in SECURITY_HEADERS)
        ),
    ),
)
