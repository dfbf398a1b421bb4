import io
import struct

import pytest
from PIL import Image

from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header
from pocketfiles.thumbs.formats.webp import read
from tests.unit.thumbs.formats.samples import (
    SIZE,
    TURNED,
    picture,
    pixels,
    reason,
    riff,
    thumb,
    written,
)

WEBP = written("WEBP")
LOSSLESS = written("WEBP", lossless=True)
VP8 = WEBP[20:]


def translucent(**options: object) -> bytes:
    image = picture().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(SIZE))
    out = io.BytesIO()
    image.save(out, "WEBP", **options)
    return out.getvalue()


def extended(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return b"VP8X", struct.pack("<I", flags) + sides


def framed(left: int, top: int, data: bytes = VP8, kind: bytes = b"VP8 ") -> tuple[bytes, bytes]:
    """The picture as a frame of an animation."""
    place = struct.pack("<I", left // 2)[:3] + struct.pack("<I", top // 2)[:3]
    sides = struct.pack("<I", SIZE[0] - 1)[:3] + struct.pack("<I", SIZE[1] - 1)[:3]
    return b"ANMF", place + sides + bytes(4) + kind + struct.pack("<I", len(data)) + data


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (WEBP, Header("WEBP", *SIZE)),
        (LOSSLESS, Header("WEBP", *SIZE, lossless=True)),
        (translucent(), Header("WEBP", *SIZE, has_alpha=True)),
        (translucent(lossless=True), Header("WEBP", *SIZE, has_alpha=True, lossless=True)),
        (written("WEBP", exif=TURNED), Header("WEBP", *SIZE)),  # browsers do not turn it
        (
            written("WEBP", save_all=True, append_images=[Image.new("RGB", SIZE)]),
            Header("WEBP", *SIZE),
        ),
        (
            riff(extended(80, 60, 2), framed(20, 10)),
            Header("WEBP", 80, 60, frame=(20, 10, 60, 40)),  # type: ignore[arg-type]
        ),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


def test_a_profile_is_found() -> None:
    assert read(written("WEBP", icc_profile=b"profile")).icc_profile == b"profile"
    assert read(WEBP).icc_profile == b""


def test_a_frame_lies_on_an_empty_canvas() -> None:
    image = pixels(riff(extended(80, 60, 2), framed(20, 10)))
    assert image.size == (80, 60)
    assert image.getchannel("A").getbbox() == (20, 10, 60, 40)


@pytest.mark.parametrize("options", [{}, {"lossless": True}])
def test_a_decoder_sees_a_still_picture_without_metadata(options: dict[str, bool]) -> None:
    plain = translucent(**options)
    data = translucent(**options, exif=TURNED, xmp=b"secret", icc_profile=b"none")
    assert read(data).stream == read(plain).stream
    assert thumb(data) == thumb(plain)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (WEBP[:-1], "truncated"),
        (WEBP[:14], "truncated"),
        (WEBP[:23] + b"???" + WEBP[26:], "corrupt"),
        (WEBP[:12] + b"VP9 " + WEBP[16:], "corrupt"),
        (LOSSLESS[:20] + b"?" + LOSSLESS[21:], "corrupt"),
        (riff(extended(80, 60), (b"VP8 ", VP8)), "corrupt"),  # a still picture fills its canvas
        (riff(extended(50, 60, 2), framed(20, 10)), "corrupt"),
        (riff(extended(80, 60, 2)), "truncated"),
        (riff((b"VP8 ", b"")), "corrupt"),
        (riff(*[(b"abcd", b"")] * 2 * MAX_CHUNKS), "too-many-chunks"),
        (WEBP[:4] + struct.pack("<I", 20) + WEBP[8:], "truncated"),
    ],
)
def test_a_broken_header_has_its_reason(data: bytes, why: str) -> None:
    assert reason(data) == why
