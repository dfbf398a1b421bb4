import io
import struct

import pytest
from PIL import Image

from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header
from pocketfiles.thumbs.formats.jpeg import MAX_SCANS, lengthened, read
from tests.unit.thumbs.formats.samples import SIZE, TURNED, reason, written

JPEG = written("JPEG")
PROGRESSIVE = written("JPEG", progressive=True)
START = JPEG.index(b"\xff\xc0")
LAST_SCAN = PROGRESSIVE[PROGRESSIVE.rindex(b"\xff\xda") : -2]


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (JPEG, Header("JPEG", *SIZE)),
        (written("JPEG", mode="L"), Header("JPEG", *SIZE)),
        (written("JPEG", mode="CMYK"), Header("JPEG", *SIZE)),
        (JPEG + b"trailing", Header("JPEG", *SIZE)),
        (JPEG[:2] + b"\xff\xff\xff" + JPEG[2:], Header("JPEG", *SIZE)),
        (PROGRESSIVE, Header("JPEG", *SIZE, scans=1 + PROGRESSIVE.count(b"\xff\xda"))),
        (written("JPEG", exif=TURNED), Header("JPEG", *SIZE, orientation=6)),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


def test_the_orientation_of_a_jpeg_is_found_behind_other_segments() -> None:
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x/>"
    segment = b"\xff\xe1" + struct.pack(">H", len(xmp) + 2) + xmp
    oriented = written("JPEG", exif=TURNED)
    assert read(oriented[:2] + segment * 3 + oriented[2:]).orientation == 6


def test_a_complete_jpeg_stays_the_same_picture_when_its_data_grow() -> None:
    with Image.open(io.BytesIO(JPEG)) as one, Image.open(io.BytesIO(lengthened(JPEG))) as two:
        assert len(lengthened(JPEG)) > len(JPEG)
        assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize(
    ("data", "why"),
    [
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
    ],
)
def test_a_broken_header_has_its_reason(data: bytes, why: str) -> None:
    assert reason(data) == why
