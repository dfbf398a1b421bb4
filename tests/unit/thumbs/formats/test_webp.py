import io
import struct

import pytest
from PIL import Image

from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header
from pocketfiles.thumbs.formats.webp import read
from tests.unit.thumbs.drawings import DRAWINGS, PHOTOGRAPHS
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
from tests.unit.thumbs.pictures import written as saved

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


def framed_with_alpha() -> tuple[bytes, bytes]:
    kind, contents = framed(0, 0)
    place_and_sides = contents[:16]
    return kind, place_and_sides + translucent()[30:]


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (WEBP, Header("WEBP", *SIZE)),
        (LOSSLESS, Header("WEBP", *SIZE, lossless=True)),
        (translucent(), Header("WEBP", *SIZE, has_alpha=True)),
        (
            translucent(lossless=True),
            Header("WEBP", *SIZE, has_alpha=True, lossless=True),
        ),
        (written("WEBP", exif=TURNED), Header("WEBP", *SIZE)),  # browsers do not turn it
        (
            written("WEBP", save_all=True, append_images=[Image.new("RGB", SIZE)]),
            Header("WEBP", *SIZE),
        ),
        (
            riff(extended(*SIZE, 2), framed_with_alpha()),  # no flag says so
            Header("WEBP", *SIZE, has_alpha=True),
        ),
        (
            riff(extended(80, 60, 2), framed(20, 10)),
            Header("WEBP", 80, 60, frame=(20, 10, 60, 40)),  # type: ignore[arg-type]
        ),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


@pytest.mark.parametrize("data", [WEBP, LOSSLESS, translucent(), translucent(lossless=True)])
def test_data_that_end_early_are_truncated(data: bytes) -> None:
    for share in range(10, 100, 10):
        assert thumb(data[: len(data) * share // 100]) in {b"[truncated]", b"[corrupt]"}


LONGER = WEBP[:4] + struct.pack("<I", len(WEBP) + 1000) + WEBP[8:]
FRAME = framed(0, 0, LOSSLESS[20:], b"VP8L")


@pytest.mark.parametrize(
    ("damaged", "whole"),
    [
        (LONGER, WEBP),
        (LONGER + b"EXIF\xff\xff\0\0", WEBP),
        (
            riff(extended(*SIZE, 2), (FRAME[0], FRAME[1].rstrip(b"\0"))),
            riff(extended(*SIZE, 2), FRAME),
        ),
    ],
)
def test_damage_that_loses_no_pixel_is_no_damage(damaged: bytes, whole: bytes) -> None:
    assert thumb(damaged) == thumb(whole)


@pytest.mark.parametrize(("flags", "is_opaque"), [(0x10, False), (0, True)])
@pytest.mark.parametrize("options", [{}, {"lossless": True}])
def test_the_extended_header_says_whether_there_is_alpha(
    flags: int, is_opaque: bool, options: dict[str, bool]
) -> None:
    """As in browsers."""
    whole = translucent(**options, exif=b"none")
    flagged = whole[:20] + bytes((flags,)) + whole[21:]
    assert (pixels(flagged).getextrema()[3] == (255, 255)) is is_opaque


@pytest.mark.parametrize(
    ("chunks", "profile"),
    [
        ((extended(*SIZE, 0x20), (b"ICCP", b"profile"), (b"VP8 ", VP8)), b"profile"),
        (
            (extended(*SIZE, 0x20), (b"VP8 ", VP8), (b"EXIF", b""), (b"ICCP", b"profile")),
            b"profile",
        ),
        ((extended(*SIZE, 0x22), framed(0, 0), (b"ICCP", b"profile")), b"profile"),
        ((extended(*SIZE), (b"ICCP", b"profile"), (b"VP8 ", VP8)), b""),
        (((b"VP8 ", VP8), (b"ICCP", b"profile")), b""),
    ],
)
def test_a_profile_counts_where_the_extended_header_announces_it(
    chunks: tuple[tuple[bytes, bytes], ...], profile: bytes
) -> None:
    assert read(riff(*chunks)).icc_profile == profile


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


@pytest.mark.parametrize(
    ("kind", "options", "drawn"),
    [
        ("text", {}, True),  # without predictions
        ("cells", {}, True),
        ("gradient", {}, True),  # in few bits
        ("smooth map", {}, False),  # its pixels have to tell
        ("text", {"method": 0}, False),
        ("cells", {"lossless": False}, False),
    ],
)
def test_a_lossless_bitstream_may_tell_that_it_is_of_a_drawing(
    kind: str,
    options: dict[str, object],
    drawn: bool,
) -> None:
    data = saved(DRAWINGS[kind](), "WEBP", **{"lossless": True} | options)
    assert read(data).is_surely_drawn is drawn


def test_a_palette_is_that_of_a_drawing() -> None:
    dithered = PHOTOGRAPHS["soft"]().quantize(250).convert("RGB")
    assert read(saved(dithered, "WEBP", lossless=True)).is_surely_drawn


@pytest.mark.parametrize("kind", PHOTOGRAPHS)
def test_a_bitstream_of_a_photograph_tells_nothing(kind: str) -> None:
    assert not read(saved(PHOTOGRAPHS[kind](), "WEBP", lossless=True)).is_surely_drawn
