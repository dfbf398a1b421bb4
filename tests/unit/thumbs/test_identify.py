import pytest

from pocketfiles.thumbs.identify import read
from tests.unit.thumbs.formats.samples import SIZE, reason, written


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP"])
def test_the_first_bytes_tell_the_format(format: str) -> None:
    header = read(written(format) + b"trailing")
    assert (header.format, header.width, header.height) == (format, *SIZE)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "unsupported"),
        (b"<svg/>", "unsupported"),
        (b"BM" + bytes(60), "unsupported"),
        (b"II*\0" + bytes(60), "unsupported"),
        (b"RIFF\0\0\0\0WAVE", "unsupported"),
    ],
)
def test_anything_else_is_unsupported(data: bytes, why: str) -> None:
    assert reason(data) == why
