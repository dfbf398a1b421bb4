"""Small pictures of each format, what their parts are made of, and how they fare."""

import io
import struct
import zlib

import pytest
from PIL import Image

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import identify
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import parse

SIZE = (40, 30)


def tiff(value: int = 6, *, kind: int = 3, count: int = 1) -> bytes:
    """An EXIF block of this orientation, without prefix."""
    entry = struct.pack("<HHIHH", 0x0112, kind, count, value, 0)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + bytes(4)


TURNED = b"Exif\0\0" + tiff()


def picture() -> Image.Image:
    """Grey gradients and a corner of red."""
    image = Image.radial_gradient("L").resize(SIZE).convert("RGB")
    image.paste((200, 50, 50), (0, 0, 20, 10))
    return image


def written(to: str, *, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    picture().convert(mode).save(out, to, **options)
    return out.getvalue()


def segment(marker: int, contents: bytes) -> bytes:
    """A segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(contents) + 2) + contents


def app1(contents: bytes) -> bytes:
    return segment(0xE1, contents)


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP file."""
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
        for kind, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def reason(data: bytes) -> str:
    """Why the header cannot be read."""
    with pytest.raises(ThumbFailed) as failed:
        identify.read(data)
    return failed.value.reason


def thumb(data: bytes, size: str = "20x0") -> bytes:
    """The thumb's file; or why there is none, in brackets."""
    try:
        return render(data, parse(size)).body
    except ThumbFailed as failed:
        return f"[{failed.reason}]".encode()


def pixels(data: bytes, size: str = "1000x1000f") -> Image.Image:
    """The thumb's pixels as RGBA."""
    image = Image.open(io.BytesIO(render(data, parse(size)).body))
    return image.convert("RGBA")
