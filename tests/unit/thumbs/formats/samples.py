"""Small pictures of each format, and what their parts are made of."""

import io
import struct
import zlib

import pytest
from PIL import Image

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import identify

SIZE = (40, 30)
TURNED = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
"""An EXIF block of orientation 6."""


def written(to: str, *, mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.radial_gradient("L").resize(SIZE).convert(mode).save(out, to, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def reason(data: bytes) -> str:
    """Why the header cannot be read."""
    with pytest.raises(ThumbFailed) as failed:
        identify.read(data)
    return failed.value.reason
