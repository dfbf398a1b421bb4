import io
import struct

import pytest
from PIL import Image, ImageCms

from pocketfiles.thumbs import identify
from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header
from pocketfiles.thumbs.formats.jpeg import MAX_SCANS, lengthened, read
from tests.unit.thumbs.formats.samples import (
    SIZE,
    TURNED,
    app1,
    reason,
    segment,
    thumb,
    tiff,
    written,
)

JPEG = written("JPEG")
PROGRESSIVE = written("JPEG", progressive=True)
SCANS = PROGRESSIVE.count(b"\xff\xda")
FRAME = JPEG.index(b"\xff\xc0")
SCAN = JPEG.index(b"\xff\xda")
LAST_SCAN = PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2]
TABLE = b"\0" + b"\1" * 64
"""A quantization table."""

JFIF = 20
"""Where the first segment, JFIF, ends."""


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (JPEG, Header("JPEG", *SIZE)),
        (written("JPEG", mode="L"), Header("JPEG", *SIZE, channels=1, full_chroma=True)),
        (written("JPEG", mode="CMYK"), Header("JPEG", *SIZE, channels=4, full_chroma=True)),
        (written("JPEG", subsampling="4:4:4"), Header("JPEG", *SIZE, full_chroma=True)),
        (written("JPEG", subsampling="4:2:2"), Header("JPEG", *SIZE)),
        (JPEG + b"trailing", Header("JPEG", *SIZE)),
        (PROGRESSIVE, Header("JPEG", *SIZE, scans=1 + SCANS)),
        (written("JPEG", exif=TURNED), Header("JPEG", *SIZE, orientation=6)),
        (JPEG[:-2], Header("JPEG", *SIZE, is_cut=True)),
        (JPEG[:-9], Header("JPEG", *SIZE, is_cut=True)),
        (JPEG[:-9] + JPEG, Header("JPEG", *SIZE, is_cut=True)),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


@pytest.mark.parametrize(
    ("segments", "orientation"),
    [
        (app1(b"http://ns.adobe.com/xap/1.0/\0<x/>") * 3 + app1(TURNED), 6),
        (app1(TURNED) + app1(b"Exif\0\0" + tiff(3)), 6),
        (app1(b"Exif\0\0" + tiff(1)) + app1(TURNED), 1),
        (app1(b"Exif\0\0" + tiff(0)) + app1(TURNED), 1),
        (app1(b"Exif\0\0" + b"garbage" * 3) + app1(TURNED), 1),
        (app1(b"Exif\0\0") + app1(TURNED), 6),  # too short to be one, as in Chromium
        (app1(b"Exif\0\0M") + app1(TURNED), 1),
        (app1(b"Exif\0\0MM\0*\0\0\0") + app1(TURNED), 1),
        (app1(b"Exif\0\1" + tiff()), 6),
        (app1(b"Exif\0\0" + tiff(kind=4)), 1),
        (app1(b"Exif\0\0" + tiff(kind=1)), 1),
        (app1(b"Exif\0\0" + tiff(count=2)), 1),
    ],
)
def test_the_first_exif_block_decides(segments: bytes, orientation: int) -> None:
    assert read(JPEG[:JFIF] + segments + JPEG[JFIF:]).orientation == orientation


def test_an_exif_block_after_the_frame_header_counts() -> None:
    assert read(JPEG[:SCAN] + app1(TURNED) + JPEG[SCAN:]).orientation == 6


def test_tables_before_every_scan_are_kept() -> None:
    tables = segment(0xDB, TABLE * 4) + segment(0xDD, b"\0\0")
    whole = PROGRESSIVE.replace(b"\xff\xda", tables + b"\xff\xda")
    assert read(whole).stream.count(tables) == SCANS


def test_a_profile_is_joined_from_its_segments() -> None:
    def piece(number: int, count: int, data: bytes) -> bytes:
        return segment(0xE2, b"ICC_PROFILE\0" + bytes((number, count)) + data)

    whole = JPEG[:JFIF] + piece(2, 2, b"file") + piece(1, 2, b"pro") + JPEG[JFIF:]
    assert read(whole).icc_profile == b"profile"
    assert read(whole[:-2] + piece(1, 1, b"later") + whole[-2:]).icc_profile == b"profile"
    assert read(JPEG[:JFIF] + piece(2, 2, b"file") + JPEG[JFIF:]).icc_profile == b""
    assert read(JPEG[:JFIF] + segment(0xE2, b"ICC_PROFILE\0") + JPEG[JFIF:]).icc_profile == b""


@pytest.mark.parametrize(
    "damaged",
    [
        JPEG[:JFIF] + bytes(608) + JPEG[JFIF:],
        JPEG[:JFIF] + b"\xff\0\1\2\3" + JPEG[JFIF:],
        JPEG[:2] + b"\xff\0" + JPEG[2:],
        JPEG[:2] + b"\xff\xff\xff" + JPEG[2:],
        JPEG[:FRAME] + b"stray" + JPEG[FRAME:],
        JPEG[:SCAN] + b"stray" + JPEG[SCAN:],
        JPEG[:2] + JPEG[JFIF:],  # without JFIF
        JPEG[:2] + segment(0xE0, b"JFIF\0\1") + JPEG[JFIF:],
        JPEG[:JFIF] + segment(0xEE, b"Adobe\0") + JPEG[JFIF:],
        JPEG[:JFIF] + segment(0xFE, b"a comment") + JPEG[JFIF:],
        JPEG[:-2],
        JPEG[:-2] + b"\1\2\3" + JPEG[-2:],
        JPEG + JPEG,
        JPEG[:JFIF] + b"\xff\xe1\0\0" + JPEG[JFIF:],  # shorter than its own length
        JPEG[:SCAN] + b"\xff\xfe\0\1" + JPEG[SCAN:],
        JPEG[:-1],
        JPEG[:-2] + JPEG[FRAME : FRAME + 19] + JPEG[-2:],  # a second frame header
        JPEG[:-2] + JPEG[SCAN:],  # a second scan
        JPEG[:-2] + segment(0xFE, b"a comment"),
    ],
)
def test_damage_that_loses_no_pixel_is_no_damage(damaged: bytes) -> None:
    assert thumb(damaged) == thumb(JPEG)


def test_a_progressive_jpeg_without_its_end_is_whole_or_refused() -> None:
    assert thumb(PROGRESSIVE[:-2]) == thumb(PROGRESSIVE)
    for cut in range(3, len(PROGRESSIVE) - PROGRESSIVE.rindex(b"\xff\xda")):
        assert thumb(PROGRESSIVE[:-cut]) in {thumb(PROGRESSIVE), b"[truncated]"}
    assert thumb(PROGRESSIVE[: PROGRESSIVE.rindex(b"\xff\xda")]) == b"[truncated]"


@pytest.mark.parametrize(("marker", "scans"), [(0xC9, 1), (0xCA, 2)])
def test_arithmetic_coding_is_known(marker: int, scans: int) -> None:
    """Of its header alone; test_decode.py decodes some."""
    assert read(JPEG.replace(b"\xff\xc0", bytes((0xFF, marker)))).scans == scans


def test_arithmetic_coding_of_much_data_is_unsupported() -> None:
    packed = io.BytesIO()
    Image.new("L", (1000, 1000)).save(packed, "JPEG")
    arithmetic = packed.getvalue().replace(b"\xff\xc0", b"\xff\xc9")
    assert read(arithmetic[:-2] + bytes(500_000) + arithmetic[-2:]).slow_coding
    assert reason(arithmetic[:-2] + bytes(600_000) + arithmetic[-2:]) == "unsupported"


@pytest.mark.parametrize("share", range(5, 100, 5))
@pytest.mark.parametrize("closed", [b"", b"\xff\xd9"])
def test_a_picture_cut_short_and_followed_by_a_whole_one_gives_no_thumb(
    share: int, closed: bytes
) -> None:
    noise = io.BytesIO()
    Image.frombytes("L", (64, 64), bytes(n * n * 7 % 251 for n in range(4096))).save(noise, "JPEG")
    whole = noise.getvalue()
    cut = whole[: len(whole) * share // 100].rstrip(b"\xff")
    assert thumb(cut + closed + whole) in {b"[truncated]", b"[corrupt]"}


def test_a_complete_jpeg_stays_the_same_picture_when_its_data_grow() -> None:
    stream = read(JPEG).stream
    with Image.open(io.BytesIO(stream)) as one, Image.open(io.BytesIO(lengthened(stream))) as two:
        assert len(lengthened(stream)) > len(stream)
        assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_a_picture_of_one_colour_has_data_enough(
    mode: str, progressive: bool, subsampling: str
) -> None:
    for colour in (0, 128, 255):
        levels = (colour,) * len(mode)
        image = Image.new(mode, (641, 479), levels if len(mode) > 1 else colour)
        packed = io.BytesIO()
        image.save(packed, "JPEG", optimize=True, progressive=progressive, subsampling=subsampling)
        assert read(packed.getvalue()).width == 641


@pytest.mark.parametrize("data", [JPEG, PROGRESSIVE])
def test_a_claim_of_more_blocks_than_there_are_data_for_is_refused(data: bytes) -> None:
    frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    claim = data[: frame + 5] + struct.pack(">HH", 9000, 9000) + data[frame + 9 :]
    assert reason(claim) == "truncated"


def test_junk_after_the_last_block_is_not_kept() -> None:
    junk = JPEG[:-2] + bytes(1_000_000) + JPEG[-2:]
    assert len(read(junk).stream) < 100_000
    assert thumb(junk) == thumb(JPEG)


@pytest.mark.parametrize("place", [2, JFIF, FRAME, SCAN, len(JPEG) - 2])
@pytest.mark.parametrize("junk", [b"\xff", b"\xff\0"])
def test_some_fill_bytes_are_skipped_and_very_many_are_refused(place: int, junk: bytes) -> None:
    def filled(megabytes: int) -> bytes:
        count = megabytes * 1_000_000 // len(junk)
        return JPEG[:place] + junk * count + JPEG[place:]

    assert thumb(filled(2)) == thumb(JPEG)
    assert reason(filled(12)) == "too-many-chunks"


def test_a_progressive_jpeg_without_mean_levels_is_refused() -> None:
    first = PROGRESSIVE.index(b"\xff\xda")
    second = PROGRESSIVE.index(b"\xff\xc4", first)
    assert reason(PROGRESSIVE[:first] + PROGRESSIVE[second:]) == "truncated"


def test_a_decoder_sees_no_metadata() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = written("JPEG", exif=TURNED, icc_profile=srgb, comment=b"secret")
    stream = read(data).stream
    assert not {b"Exif", b"secret", b"ICC_PROFILE"} & {
        word for word in (b"Exif", b"secret", b"ICC_PROFILE") if word in stream
    }
    assert identify.read(data).icc_profile == srgb


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (JPEG.replace(b"\xff\xc0", b"\xff\xc3"), "unsupported"),  # lossless
        (JPEG[: FRAME + 4] + b"\x0c" + JPEG[FRAME + 5 :], "unsupported"),  # twelve bits
        (JPEG[: FRAME + 5] + bytes(4) + JPEG[FRAME + 9 :], "corrupt"),
        (JPEG[:FRAME] + JPEG[FRAME : FRAME + 19] * 2 + JPEG[FRAME + 19 :], "corrupt"),
        (JPEG[:FRAME] + JPEG[FRAME + 19 :], "corrupt"),  # a scan without a frame
        (b"\xff\xd8\xff\xe0\0\2\0", "truncated"),
        (JPEG[:3], "truncated"),
        (JPEG[:FRAME], "truncated"),
        (JPEG[:SCAN], "truncated"),
        (JPEG[:2] + b"\xff\xdb\0\1" + JPEG[2:], "truncated"),
        (PROGRESSIVE[:-2] + LAST_SCAN * MAX_SCANS + b"\xff\xd9", "too-many-chunks"),
        (JPEG[:2] + b"\xff\xe1\0\2" * MAX_CHUNKS + JPEG[2:], "too-many-chunks"),
        (JPEG[:2] + segment(0xDB, TABLE * 1000) * 9 + JPEG[2:], "too-many-chunks"),
        (JPEG[:2] + b"\xff\xd0" * MAX_CHUNKS + JPEG[2:], "too-many-chunks"),
        (JPEG[: FRAME + 9] + struct.pack(">B", 255) + JPEG[FRAME + 10 : FRAME + 19], "truncated"),
    ],
)
def test_a_broken_header_has_its_reason(data: bytes, why: str) -> None:
    assert reason(data) == why
