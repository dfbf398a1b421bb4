"""A small WebM writer (RFC 9559), enough for a video that can be sought in."""

import io
import random
import struct
from collections.abc import Sequence

from PIL import Image

MILLISECONDS = 1_000_000  # nanoseconds in the unit of all times below

SECONDS = 30
"""Length of ``film``."""

_FRAMES, _FRAME_MILLISECONDS = 150, 200
_COLOURS = 15


def film() -> bytes:
    """Half a minute, some 30 MB: noise beside a colour whose red tells the second, 16 levels for
    every two."""
    size = (640, 360)
    noise = Image.frombytes("RGB", size, random.Random(2).randbytes(640 * 360 * 3))
    frames = []
    for number in range(_COLOURS):
        noise.paste((number * 16, 60, 60), (0, 0, 160, 360))
        frames.append(frame_of(noise, quality=97))
    each = _FRAMES // _COLOURS
    shown = [frames[number // each] for number in range(_FRAMES)]
    return video(shown, size, _FRAME_MILLISECONDS)


def frame_of(picture: Image.Image, quality: int = 90) -> bytes:
    """A VP8 key frame: what a lossy WebP file holds in its ``VP8 `` chunk (RFC 9649 §2.5)."""
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=quality, method=0)
    data = written.getvalue()
    at = data.index(b"VP8 ")
    (size,) = struct.unpack_from("<I", data, at + 4)
    return data[at + 8 : at + 8 + size]


def video(frames: Sequence[bytes], size: tuple[int, int], frame_milliseconds: int) -> bytes:
    """A WebM file of these key frames, one cluster each, with its index (cues) in front of them."""
    information = _element(
        "1549A966",
        _element("2AD7B1", _unsigned(MILLISECONDS)),
        _element("4489", struct.pack(">d", len(frames) * frame_milliseconds)),
        _element("4D80", b"tests"),
        _element("5741", b"tests"),
    )
    track = _element(
        "AE",
        _element("D7", _unsigned(1)),
        _element("73C5", _unsigned(1)),
        _element("83", _unsigned(1)),
        _element("86", b"V_VP8"),
        _element("E0", _element("B0", _unsigned(size[0])), _element("BA", _unsigned(size[1]))),
    )
    clusters = [
        _element(
            "1F43B675",
            _element("E7", _unsigned(number * frame_milliseconds)),
            _element("A3", b"\x81\0\0\x80" + frame),
        )
        for number, frame in enumerate(frames)
    ]
    before = information + _element("1654AE6B", track)
    first = len(before) + len(_cues([0] * len(frames), frame_milliseconds))
    starts = [first]
    for cluster in clusters[:-1]:
        starts.append(starts[-1] + len(cluster))
    head = _element(
        "1A45DFA3",
        _element("4286", _unsigned(1)),
        _element("42F7", _unsigned(1)),
        _element("42F2", _unsigned(4)),
        _element("42F3", _unsigned(8)),
        _element("4282", b"webm"),
        _element("4287", _unsigned(2)),
        _element("4285", _unsigned(2)),
    )
    return head + _element("18538067", before, _cues(starts, frame_milliseconds), *clusters)


def _cues(starts: Sequence[int], frame_milliseconds: int) -> bytes:
    return _element(
        "1C53BB6B",
        *(
            _element(
                "BB",
                _element("B3", _unsigned(number * frame_milliseconds)),
                _element("B7", _element("F7", _unsigned(1)), _element("F1", _unsigned(start))),
            )
            for number, start in enumerate(starts)
        ),
    )


def _element(name: str, *contents: bytes) -> bytes:
    body = b"".join(contents)
    return bytes.fromhex(name) + (len(body) | 1 << 56).to_bytes(8, "big") + body


def _unsigned(number: int) -> bytes:
    return number.to_bytes(8, "big")
