"""The name under which an uploaded file is stored (pocketbase.md §6.5)."""

import re
import secrets
from collections.abc import Callable

_LONGEST_ORIGINAL = 300  # bytes
_LONGEST_EXTENSION = 20
_LONGEST_BASE = 100
_SHORTEST_BASE = 3
_RANDOM = 10
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"

_NOT_IN_EXTENSION = re.compile(r"[^A-Za-z0-9_.*\-+=#]")
_WORD_START = re.compile(r"(?<=[^A-Z])(?=[A-Z])")
_NOT_IN_WORD = re.compile(r"[^A-Za-z0-9]+")

Letters = Callable[[str, int], str]
"""Gives so many random characters of an alphabet."""


def random_letters(alphabet: str, count: int) -> str:
    """Characters that nobody can guess."""
    return "".join(secrets.choice(alphabet) for _ in range(count))


def stored_name(original: str, sniffed_extension: str, letters: Letters) -> str:
    """Make a safe and unguessable name: ``<base>_<10 random characters><extension>``.

    ``sniffed_extension`` is used for a name without an extension.
    """
    original = original.encode()[-_LONGEST_ORIGINAL:].decode("utf-8", "ignore")
    base, extension = _split(original)
    extension = _NOT_IN_EXTENSION.sub("", extension).strip(".")
    extension = f".{extension}" if extension else sniffed_extension
    if len(extension) > _LONGEST_EXTENSION:
        extension = f".{extension[-_LONGEST_EXTENSION:]}"
    base = _snake(base.strip("."))
    if len(base) < _SHORTEST_BASE:
        base += letters(LETTERS, _RANDOM)
    return f"{base[:_LONGEST_BASE]}_{letters(LETTERS, _RANDOM)}{extension}"


def _split(name: str) -> tuple[str, str]:
    """Split at the last dot but one, so that ``archive.tar.gz`` has the extension ``.tar.gz``."""
    last_dot = name.rfind(".")
    if last_dot < 0:
        return name, ""
    dot_before = name.rfind(".", 0, last_dot)
    at = dot_before if dot_before >= 0 else last_dot
    return name[:at], name[at:]


def _snake(text: str) -> str:
    words = _NOT_IN_WORD.split(_WORD_START.sub(" ", text))
    return "_".join(filter(None, words)).lower()
