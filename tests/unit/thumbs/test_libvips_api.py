import ctypes.util
from importlib.util import find_spec

import pytest

from pocketfiles.thumbs.libvips_api import MIN_VERSION, opened


def test_a_library_without_libvips_is_refused() -> None:
    with pytest.raises(AttributeError):
        opened(ctypes.util.find_library("c") or "", MIN_VERSION)


def test_a_libvips_that_is_too_old_is_refused() -> None:
    spec = find_spec("_libvips")
    assert spec
    assert spec.origin
    with pytest.raises(OSError, match="old"):
        opened(spec.origin, (99, 0))
