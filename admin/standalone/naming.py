"""The name an uploaded file is stored under (pocketbase.md §6.5)."""

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
    """A safe, unguessable name that still tells the original: ``<base>_<10 random><extension>``."""
    original = original.encode()[-_LONGEST_ORIGINAL:].decode("utf-8", "ignore")
    base, extension = _split(original)
    extension = _NOT_IN_EXTENSION.sub("", extension).strip(".")
    extension = f".{extension}" if extension else sniffed_extension
    base = _snake(base.strip("."))
    if len(base) < _SHORTEST_BASE:
        base += letters(LETTERS, _RANDOM)
    return f"{base[:_LONGEST_BASE]}_{letters(LETTERS, _RANDOM)}{extension[-_LONGEST_EXTENSION:]}"


def _split(name: str) -> tuple[str, str]:
    """Base and extension: from the last dot but one, or from the only one."""
    dots = [index for index, letter in enumerate(name) if letter == "."]
    at = dots[-2:][0] if dots else len(name)
    return name[:at], name[at:]


def _snake(text: str) -> str:
    words = _NOT_IN_WORD.split(_WORD_START.sub(" ", text))
    return "_".join(filter(None, words)).lower()
