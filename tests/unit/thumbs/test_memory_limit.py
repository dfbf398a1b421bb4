from pathlib import Path

import pytest

from pocketfiles.thumbs import memory_limit

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="without /proc")

MEGABYTE = 1 << 20


def address_space() -> tuple[int, int]:
    return resource.getrlimit(resource.RLIMIT_AS)  # type: ignore[no-any-return]


def test_more_memory_than_that_is_refused() -> None:
    with memory_limit.at_most(64 * MEGABYTE):
        assert bytearray(16 * MEGABYTE)
        with pytest.raises(MemoryError):
            bytearray(512 * MEGABYTE)
    assert bytearray(512 * MEGABYTE)


def test_the_limit_ends_with_an_error() -> None:
    before = address_space()
    with pytest.raises(ValueError, match="broken"), memory_limit.at_most(64 * MEGABYTE):
        assert address_space() != before
        raise ValueError("broken")
    assert address_space() == before
