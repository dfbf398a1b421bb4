"""Finds the shared library of an installed module, to be called by ``ctypes``."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TypeVar

Opened = TypeVar("Opened")


def opened(package: str, opening: Callable[[str], Opened]) -> Opened | None:
    """What ``opening`` makes of the library's path.

    ``None`` if the module is not installed, or if its library is another than is expected.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return None
    try:
        return opening(spec.origin)
    except (OSError, AttributeError):
        return None
