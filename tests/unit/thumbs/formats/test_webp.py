import pytest
from PIL import Image

from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header
from pocketfiles.thumbs.formats.webp import icc_profile, read
from tests.unit.thumbs.formats.samples import SIZE, TURNED, reason, written

WEBP = written("WEBP")


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (WEBP, Header("WEBP", *SIZE)),
        (written("WEBP", lossless=True), Header("WEBP", *SIZE)),
        (written("WEBP", exif=TURNED), Header("WEBP", *SIZE, orientation=6)),
        (
            written("WEBP", save_all=True, append_images=[Image.new("RGB", SIZE)]),
            Header("WEBP", *SIZE, animated=True),
        ),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


def test_an_icc_profile_is_found_in_a_webp() -> None:
    assert icc_profile(written("WEBP", icc_profile=b"profile")) == b"profile"
    assert icc_profile(WEBP) == b""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (WEBP[:-1], "truncated"),
        (WEBP[:14], "truncated"),
        (WEBP[:23] + b"???" + WEBP[26:], "corrupt"),
        (WEBP[:12] + b"VP9 " + WEBP[16:], "corrupt"),
        (WEBP[:4] + b"\0\0\x0a\0" + WEBP[8:] + b"abcd\0\0\0\0" * MAX_CHUNKS * 2, "too-many-chunks"),
    ],
)
def test_a_broken_header_has_its_reason(data: bytes, why: str) -> None:
    assert reason(data) == why
