"""Content types, against what PocketBase was seen to tell."""

import json
from pathlib import Path

import pytest

from admin.standalone.sniffing import HEAD_BYTES, content_type, extension
from tests.conftest import DEMO

SIDECARS = sorted((DEMO / "storage").rglob("*.attrs"))
ISO = b"\x00\x00\x00\x20ftyp%s\x00\x00\x02\x00%sisom" + bytes(60)
EBML = (
    b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm"
    + bytes(60)
)

HEADS = [
    (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml"),
    (b'<?xml version="1.0"?>\n<svg/>', "image/svg+xml"),
    (b'<?xml version="1.0"?>\n<x/>', "text/xml; charset=utf-8"),
    (b"<!DOCTYPE html><title>x</title>", "text/html; charset=utf-8"),
    (b"  <p>hello", "text/html; charset=utf-8"),
    (b"<pre", "text/plain; charset=utf-8"),
    (b"body { color: red }", "text/plain; charset=utf-8"),
    (b"export const a = 1;", "text/plain; charset=utf-8"),
    (b'{"a": [1, 2]}', "application/json"),
    (b'{"a": "' + b"x" * 5000, "application/json"),
    (b"{not json}", "text/plain; charset=utf-8"),
    (b"a,b\n1,2\n", "text/csv"),
    (b"one, two\nthree\n", "text/plain; charset=utf-8"),
    (b"Gr\xc3\xbc\xc3\x9fe", "text/plain; charset=utf-8"),
    (b"x" * (HEAD_BYTES - 1) + "ß".encode(), "text/plain; charset=utf-8"),
    (b"Gr\xfc\xdfe", "text/plain; charset=iso-8859-1"),
    (b"\xef\xbb\xbfmarked", "text/plain; charset=utf-8"),
    (b"\xff\xfem\x00", "text/plain; charset=utf-16le"),
    (b"", "text/plain"),
    (b"<!--%PDF-1.4--><svg/>", "application/pdf"),
    (b"one \x93quoted\x94", "text/plain; charset=windows-1252"),
    (b"\x00\x01\x00\x00\x00\x0b\x00\x80\x00\x03\x00\x30GDEF" + bytes(60), "font/ttf"),
    (bytes(range(32)), "application/octet-stream"),
    (b"%PDF-1.7\n", "application/pdf"),
    (b"\x1f\x8b\x08\x00" + bytes(20), "application/gzip"),
    (b"PK\x03\x04" + bytes(60), "application/zip"),
    (b"\x00\x00\x01\x00\x01\x00" + bytes(60), "image/x-icon"),
    (b"BM" + bytes(60), "image/bmp"),
    (b"II*\x00" + bytes(60), "image/tiff"),
    (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(60), "image/webp"),
    (b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(60), "audio/wav"),
    (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf" + bytes(60), "image/avif"),
    (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(60), "image/heic"),
    (ISO % (b"isom", b"isom"), "video/mp4"),
    (b"\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  " + bytes(60), "video/quicktime"),
    (ISO % (b"M4A ", b"M4A "), "audio/x-m4a"),
    (EBML, "video/webm"),
    (b"ID3\x04\x00\x00" + bytes(60), "audio/mpeg"),
    (b"OggS\x00\x02" + bytes(22) + b"\x01vorbis", "application/ogg"),
    (b"fLaC\x00\x00\x00\x22" + bytes(60), "audio/flac"),
    (b"\xff\xf1\x50\x80" + bytes(60), "audio/aac"),
]


@pytest.mark.parametrize("sidecar", SIDECARS, ids=[path.stem for path in SIDECARS])
def test_each_demo_file_has_the_content_type_pocketbase_recorded(sidecar: Path) -> None:
    expected = json.loads(sidecar.read_text())["user.content_type"]
    assert content_type(sidecar.with_suffix("").read_bytes()) == expected


@pytest.mark.parametrize(("head", "expected"), HEADS)
def test_a_content_type_is_recognised_by_the_first_bytes(head: bytes, expected: str) -> None:
    assert content_type(head) == expected


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("text/plain; charset=utf-8", ".txt"),
        ("image/jpeg", ".jpg"),
        ("application/octet-stream", ""),
        ("x/y", ""),
    ],
)
def test_a_content_type_has_its_usual_extension(media_type: str, expected: str) -> None:
    assert extension(media_type) == expected
