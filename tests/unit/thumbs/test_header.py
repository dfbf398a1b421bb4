import io
import struct
import zlib

import pytest
from PIL import Image

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.header import (
    MAX_CHUNKS,
    MAX_SCANS,
    Header,
    longer,
    png_is_complete,
    read,
    webp_profile,
)

SIZE = (40, 30)
ORIENTED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"


def written(to: str, *, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize(SIZE).convert(mode).save(out, to, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def reason(data: bytes) -> str:
    with pytest.raises(ThumbFailed) as failed:
        read(data)
    return failed.value.reason


JPEG, PROGRESSIVE = written("JPEG"), written("JPEG", progressive=True)
PNG, GIF, WEBP = written("PNG"), written("GIF", mode="L"), written("WEBP")
LAST_SCAN = PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2]
FRAME = GIF.index(b"\x2c\0\0\0\0\x28\0\x1e\0")


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (JPEG, Header("JPEG", *SIZE)),
        (written("JPEG", mode="L"), Header("JPEG", *SIZE)),
        (written("JPEG", mode="CMYK"), Header("JPEG", *SIZE)),
        (JPEG + b"trailing", Header("JPEG", *SIZE)),
        (JPEG[:2] + b"\xff\xff\xff" + JPEG[2:], Header("JPEG", *SIZE)),
        (PROGRESSIVE, Header("JPEG", *SIZE, scans=1 + PROGRESSIVE.count(b"\xff\xda"))),
        (written("JPEG", exif=ORIENTED), Header("JPEG", *SIZE, orientation=6)),
        (PNG, Header("PNG", *SIZE)),
        (written("PNG", exif=ORIENTED), Header("PNG", *SIZE, orientation=6)),
        (PNG + b"trailing", Header("PNG", *SIZE)),
        (
            written("PNG", save_all=True, append_images=[Image.new("RGB", SIZE)]),
            Header("PNG", *SIZE, animated=True),
        ),
        (GIF, Header("GIF", *SIZE)),
        (WEBP, Header("WEBP", *SIZE)),
        (written("WEBP", lossless=True), Header("WEBP", *SIZE)),
        (written("WEBP", exif=ORIENTED), Header("WEBP", *SIZE, orientation=6)),
        (
            written("WEBP", save_all=True, append_images=[Image.new("RGB", SIZE)]),
            Header("WEBP", *SIZE, animated=True),
        ),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


def test_the_orientation_of_a_jpeg_is_found_behind_other_segments() -> None:
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x/>"
    segment = b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp
    oriented = written("JPEG", exif=ORIENTED)
    assert read(oriented[:2] + segment * 3 + oriented[2:]).orientation == 6


def test_an_orientation_behind_the_pixels_of_a_png_counts() -> None:
    assert read(PNG[:-12] + chunk(b"eXIf", ORIENTED[6:]) + PNG[-12:]).orientation == 6


def test_a_first_frame_smaller_than_its_canvas_is_told() -> None:
    smaller = GIF[:FRAME] + b"\x2c\x02\0\x03\0\x0a\0\x05\0" + GIF[FRAME + 9 :]
    assert read(smaller).frame == (2, 3, 12, 8)


def test_an_icc_profile_is_found_in_a_webp() -> None:
    assert webp_profile(written("WEBP", icc_profile=b"profile")) == b"profile"
    assert webp_profile(WEBP) == b""


def test_a_complete_jpeg_stays_the_same_picture_when_its_data_grow() -> None:
    with Image.open(io.BytesIO(JPEG)) as one, Image.open(io.BytesIO(longer(JPEG))) as two:
        assert len(longer(JPEG)) > len(JPEG)
        assert one.tobytes() == two.tobytes()


def raw_png(depth: int, colour: int, *, interlace: int, missing: int) -> bytes:
    """Black, 5 × 3 pixels, in two IDAT chunks, of which ``missing`` bytes of pixels are left out."""
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    passes = ((1, 1), (1, 1), (1, 1), (3, 1), (2, 2), (5, 1)) if interlace else ((5, 3),)
    length = sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in passes)
    stream = zlib.compress(bytes(length - missing))
    header = struct.pack(">IIBBBBB", 5, 3, depth, colour, 0, 0, interlace)
    return PNG[:8] + b"".join(
        chunk(kind, data)
        for kind, data in (
            (b"IHDR", header),
            (b"IDAT", stream[:5]),
            (b"IDAT", stream[5:]),
            (b"IEND", b""),
        )
    )


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(
    ("depth", "colour"), [(1, 0), (8, 0), (16, 0), (8, 2), (16, 2), (2, 3), (8, 4), (8, 6), (16, 6)]
)
def test_a_png_is_complete_when_there_are_pixels_for_every_row(
    depth: int, colour: int, interlace: int
) -> None:
    assert png_is_complete(raw_png(depth, colour, interlace=interlace, missing=0))
    assert not png_is_complete(raw_png(depth, colour, interlace=interlace, missing=1))


START = JPEG.index(b"\xff\xc0")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "unsupported"),
        (b"<svg/>", "unsupported"),
        (b"BM" + bytes(60), "unsupported"),
        (b"II*\0" + bytes(60), "unsupported"),
        (b"RIFF\0\0\0\0WAVE", "unsupported"),
        (JPEG.replace(b"\xff\xc0", b"\xff\xc9"), "unsupported"),  # arithmetic coding
        (JPEG[: START + 4] + b"\x0c" + JPEG[START + 5 :], "unsupported"),  # twelve bits
        (JPEG[: START + 5] + bytes(4) + JPEG[START + 9 :], "corrupt"),
        (JPEG[:START] + JPEG[START : START + 19] * 2 + JPEG[START + 19 :], "corrupt"),
        (JPEG[:START] + JPEG[START + 19 :], "corrupt"),  # a scan without a frame
        (b"\xff\xd8\xff\xe0\0\2\0", "corrupt"),
        (JPEG[:-2], "truncated"),
        (JPEG[:3], "truncated"),
        (JPEG[:START], "truncated"),
        (JPEG[:2] + b"\xff\xe1\0\1" + JPEG[2:], "truncated"),
        (PROGRESSIVE[:-2], "truncated"),
        (PROGRESSIVE[:-2] + LAST_SCAN * MAX_SCANS + b"\xff\xd9", "too-many-chunks"),
        (JPEG[:2] + b"\xff\xe1\0\2" * MAX_CHUNKS + JPEG[2:], "too-many-chunks"),
        (JPEG[:2] + b"\xff" * MAX_CHUNKS + JPEG[2:], "too-many-chunks"),
        (PNG[:-12], "truncated"),
        (PNG[:20], "truncated"),
        (PNG[:29] + b"\0\0\0\0" + PNG[33:], "corrupt"),  # a checksum
        (PNG[:8] + chunk(b"IDAT") + PNG[8:], "corrupt"),
        (PNG[:8] + chunk(b"IHDR", bytes(8) + PNG[24:29]) + PNG[33:], "corrupt"),
        (PNG[:33] + chunk(b"acTL", bytes(8)) + PNG[33:], "corrupt"),
        (PNG[:33] + chunk(b"acTL", b"\0\0\0\1" + bytes(4)) * 2 + PNG[33:], "corrupt"),
        (PNG[:33] + chunk(b"abCd") * MAX_CHUNKS + PNG[33:], "too-many-chunks"),
        (PNG[:33] + b"\xff\xff\xff\xff" + PNG[37:], "truncated"),
        (GIF[:6] + bytes(4) + GIF[10:], "corrupt"),
        (GIF[:FRAME] + b"\x2c\x01\0" + GIF[FRAME + 3 :], "corrupt"),  # a frame outside the canvas
        (GIF[:FRAME] + b"\x2c\0\0\0\0\0\0\0\0" + GIF[FRAME + 9 :], "corrupt"),
        (GIF[:FRAME] + b"\x99" + GIF[FRAME:], "corrupt"),
        (GIF[:10] + b"\0" + GIF[11:13] + GIF[FRAME:], "corrupt"),  # no colour table
        (GIF[:FRAME], "truncated"),
        (GIF[:8], "truncated"),
        (GIF[:FRAME] + b"\x21\xfe" + b"\1a" * MAX_CHUNKS + b"\0" + GIF[FRAME:], "too-many-chunks"),
        (WEBP[:-1], "truncated"),
        (WEBP[:14], "truncated"),
        (WEBP[:23] + b"???" + WEBP[26:], "corrupt"),
        (WEBP[:12] + b"VP9 " + WEBP[16:], "corrupt"),
        (WEBP[:4] + b"\0\0\x0a\0" + WEBP[8:] + b"abcd\0\0\0\0" * MAX_CHUNKS * 2, "too-many-chunks"),
    ],
)
def test_a_broken_header_is_told_apart(data: bytes, why: str) -> None:
    assert reason(data) == why
