"""Pictures made to hurt: much from little, claims that are not true, damage found late.

``BOMBS`` has a maker for each, which returns the file and what becomes of its thumb: ``"made"``, or
the reason why there is none.
"""

import struct
import zlib
from collections.abc import Callable
from functools import cache

from PIL import Image

from pocketfiles.config import ThumbOptions
from tests.contract.hostile_profiles import profile_of_steps
from tests.contract.hostile_webp import webp_of_codes
from tests.unit.thumbs.pictures import written

SIDE = 7745
"""The side of the largest square within the default limit of pixels."""

DAMAGED_SIDE = 4000
"""The side of those that are read several times, so that the tests do not take long."""


def chunk(kind: bytes, data: bytes) -> bytes:
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
    )


@cache
def zeros(count: int) -> bytes:
    packer, million = zlib.compressobj(1), bytes(1 << 20)
    return (
        b"".join(packer.compress(million[: count - at]) for at in range(0, count, 1 << 20))
        + packer.flush()
    )


def png(
    width: int,
    height: int,
    depth: int = 8,
    colour: int = 2,
    *,
    extra: bytes = b"",
    interlace: int = 0,
) -> bytes:
    """A black picture, or one that claims to be."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    bits = depth * {0: 1, 2: 3, 6: 4}[colour]
    rows = min(
        (height + height * interlace) * (1 + -(-width * bits // 8)), SIDE * (1 + SIDE * 8) + SIDE
    )
    parts = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zeros(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


PLAIN = Image.new("RGB", (64, 64), (9, 120, 200))
SMALL = written(PLAIN, "JPEG")
FRAME = SMALL.index(b"\xff\xc0")

LARGEST_FILE = ThumbOptions().max_source_bytes


def lying_jpeg(width: int, height: int, data: bytes = SMALL) -> bytes:
    """A small picture whose frame header claims another size."""
    frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: frame + 5] + struct.pack(">HH", height, width) + data[frame + 9 :]


def filled(place: int, junk: bytes, megabytes: int = 0) -> bytes:
    """A small JPEG with junk there, as large as a file may be, or of so many megabytes."""
    room = megabytes << 20 or LARGEST_FILE - len(SMALL)
    return SMALL[:place] + junk * (room // len(junk)) + SMALL[place:]


GIF = written(Image.linear_gradient("L").resize((40, 30)), "GIF")
PLACE = GIF.index(b"\x2c\0\0\0\0\x28\0\x1e\0")


def gif(
    canvas: tuple[int, int] = (40, 30), frame: tuple[int, int, int, int] = (0, 0, 40, 30)
) -> bytes:
    return (
        GIF[:6]
        + struct.pack("<HH", *canvas)
        + GIF[10 : PLACE + 1]
        + struct.pack("<HHHH", *frame)
        + GIF[PLACE + 9 :]
    )


def gif_of_codes(codes: bytes, side: int) -> bytes:
    """A GIF of four colours, drawn by these codes of three bits or more."""
    blocks = b"".join(
        bytes((len(codes[at : at + 255]),)) + codes[at : at + 255]
        for at in range(0, len(codes), 255)
    )
    screen = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x81, 0, 0) + bytes(12)
    return screen + struct.pack("<BHHHHBB", 0x2C, 0, 0, side, side, 0, 2) + blocks + b"\0;"


def gif_of_bytes() -> bytes:
    """A GIF whose sub-blocks have one byte each, many of them after its last pixel."""
    start = PLACE + 11
    codes = b""
    at = start
    while GIF[at]:
        codes += GIF[at + 1 : at + 1 + GIF[at]]
        at += 1 + GIF[at]
    blocks = b"".join(bytes((1, code)) for code in codes)
    return GIF[:start] + blocks + b"\1\0" * 25_000_000 + GIF[at:]


WEBP = written(Image.new("RGBA", (64, 64), (9, 120, 200, 99)), "WEBP")


def webp(width: int, height: int) -> bytes:
    """An extended header over a picture of 64 × 64."""
    return (
        WEBP[:24] + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3] + WEBP[30:]
    )


@cache
def progressive(side: int) -> tuple[bytes, bytes]:
    """A progressive JPEG without its end, and the last of its scans."""
    data = written(Image.new("RGB", (side, side)), "JPEG", progressive=True, quality=30)
    return data[:-2], data[data.rindex(b"\xff\xda") : -2]


def long_progressive() -> tuple[bytes, bytes]:
    """The same, large."""
    return progressive(7000)


EXIF = b"\xff\xe1\0\x12Exif\0\0MM\0*\0\0\0\x08\xff\xff"
"""A segment that claims 65,535 entries."""


def animated_png(width: int, height: int, frame: int = 0) -> bytes:
    """Black, with a default image that is not a frame."""
    side = frame or height
    still, first = png(width, height), png(frame or width, side)
    header = still[:33] + chunk(b"acTL", struct.pack(">II", 1, 0))
    place = struct.pack(">5IHHBB", 0, frame or width, side, 0, 0, 1, 1, 0, 0)
    data = first[41:-16]
    frames = chunk(b"fcTL", place) + chunk(b"fdAT", struct.pack(">I", 1) + data)
    return header + still[33:-12] + frames + still[-12:]


def animated_webp(
    width: int, height: int, frame: tuple[int, int] | None = None, *, real: bool = False
) -> bytes:
    """An animation of one frame, which is a picture of that size or claims to be."""
    across, down = frame or (width, height)
    image = Image.new("RGBA", (width, height) if real else (64, 64), (9, 9, 9, 99))
    still = written(image, "WEBP", lossless=True, method=0)
    place = bytes(6) + struct.pack("<I", across - 1)[:3] + struct.pack("<I", down - 1)[:3]
    picture = still[12:]
    if not (real or frame):
        bits = struct.unpack_from("<I", picture, 9)[0] & ~0xFFFFFFF | (down - 1) << 14 | across - 1
        picture = picture[:9] + struct.pack("<I", bits) + picture[13:]
    contents = place + bytes(4) + picture
    chunks = b"VP8X\n\0\0\0\x12\0\0\0" + struct.pack("<I", width - 1)[:3]
    chunks += struct.pack("<I", height - 1)[:3] + b"ANIM\6\0\0\0" + bytes(6)
    chunks += b"ANMF" + struct.pack("<I", len(contents)) + contents
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def webp_of_frames() -> bytes:
    """An animation of many frames, each of many unknown chunks and without a picture."""
    frame = bytes(16) + b"abcd\0\0\0\0" * 32_000
    frames = (b"ANMF" + struct.pack("<I", len(frame)) + frame) * 200
    chunks = b"VP8X\n\0\0\0\x12\0\0\0" + bytes(6) + frames
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


class Bits:
    """Bits of deflate, the first one lowest (RFC 1951 §3.1.1)."""

    def __init__(self) -> None:
        self.number = 0
        self.count = 0

    def add(self, number: int, count: int) -> None:
        self.number |= number << self.count
        self.count += count


@cache
def empty_blocks(megabytes: int) -> bytes:
    """Blocks of deflate that contain nothing but their Huffman codes."""
    bits = Bits()
    for _ in range(8):  # so that they end with a byte
        bits.add(0b100, 3)  # dynamic Huffman codes (§3.2.7)
        bits.add(0, 10)
        bits.add(14, 4)  # lengths of 18 codes of lengths
        for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1):
            bits.add(symbol in {1, 18}, 3)
        for zeros_less_eleven in (127, 107):
            bits.add(1, 1)
            bits.add(zeros_less_eleven, 7)
        bits.add(0, 2)  # lengths of the end's code and of a distance's
        bits.add(0, 1)  # the end
    blocks = bits.number.to_bytes(bits.count // 8, "little")
    return blocks * ((megabytes << 20) // len(blocks))


def png_of_empty_blocks(side: int, megabytes: int) -> bytes:
    """A black RGBA picture whose data begin with many empty blocks."""
    pixels = zeros(side * (1 + 4 * side))
    return with_scanlines(pixels[:2] + empty_blocks(megabytes) + pixels[2:], side, depth=8)


BOMBS: dict[str, Callable[[], tuple[bytes, str]]] = {
    "PNG": lambda: (png(SIDE, SIDE), "made"),
    "RGBA PNG": lambda: (png(SIDE, SIDE, colour=6), "made"),
    "16-bit PNG": lambda: (png(SIDE, SIDE, depth=16, colour=6), "made"),
    "interlaced PNG": lambda: (png(SIDE, SIDE, interlace=1), "made"),
    "PNG of too many pixels": lambda: (png(SIDE + 2, SIDE + 2), "too-many-pixels"),
    "giant PNG": lambda: (png(2**31 - 1, 2**31 - 1), "too-many-pixels"),
    "PNG one pixel wide": lambda: (png(1, 50_000_000, colour=0), "too-many-pixels"),
    "PNG with too few rows": lambda: (
        png(90, 60)[:16] + png(90, 80)[16:33] + png(90, 60)[33:],
        "truncated",
    ),
    "interlaced PNG with too few rows": lambda: (
        png(90, 60, interlace=1)[:16]
        + png(90, 200, interlace=1)[16:33]
        + png(90, 60, interlace=1)[33:],
        "truncated",
    ),
    "PNG text": lambda: (png(10, 10, extra=chunk(b"zTXt", b"a\0\0" + zeros(1 << 26))), "made"),
    "PNG profile": lambda: (
        png(10, 10, extra=chunk(b"iCCP", b"a\0\0" + zeros(1 << 26))),
        "made",
    ),
    "PNG of empty blocks": lambda: (png_of_empty_blocks(10, 48), "truncated"),
    "larger PNG of empty blocks": lambda: (png_of_empty_blocks(2000, 4), "made"),
    "PNG profile of empty blocks": lambda: (
        png(10, 10, extra=chunk(b"iCCP", b"a\0\0\x78\x01" + empty_blocks(48))),
        "made",
    ),
    "PNG profile of many steps": lambda: (
        written(PLAIN, "PNG", icc_profile=profile_of_steps(500_000)),
        "made",
    ),
    "PNG of empty chunks": lambda: (png(10, 10, extra=chunk(b"IDAT", b"") * 30_000), "made"),
    "deep PNG": lambda: (png(10, 10, extra=chunk(b"abCd", b"") * 4_000_000), "too-many-chunks"),
    "less deep PNG": lambda: (png(10, 10, extra=chunk(b"tEXt", b"a\0b") * 30_000), "made"),
    "JPEG": lambda: (written(Image.new("L", (15_000, 15_000)), "JPEG"), "made"),
    "JPEG of too many pixels": lambda: (
        lying_jpeg(65_535, 65_535, filled(-2, bytes(100))),
        "too-many-pixels",
    ),
    "JPEG that claims too many pixels": lambda: (lying_jpeg(65_535, 65_535), "truncated"),
    "JPEG that claims a little more": lambda: (lying_jpeg(80, 80), "truncated"),
    "JPEG that claims much more": lambda: (lying_jpeg(15_000, 15_000), "truncated"),
    "JPEG that claims much more in full chroma": lambda: (
        lying_jpeg(15_400, 15_400, written(PLAIN, "JPEG", subsampling=0)),
        "truncated",
    ),
    "progressive JPEG that claims much more": lambda: (
        lying_jpeg(SIDE, SIDE, written(PLAIN, "JPEG", progressive=True)),
        "truncated",
    ),
    "arithmetic-coded JPEG that claims much more": lambda: (
        lying_jpeg(15_000, 15_000).replace(b"\xff\xc0", b"\xff\xc9"),
        "too-many-pixels",
    ),
    "progressive JPEG": lambda: (b"".join(long_progressive()) + b"\xff\xd9", "made"),
    "progressive JPEG of sixty scans": lambda: (
        long_progressive()[0] + long_progressive()[1] * 60 + b"\xff\xd9",
        "too-many-pixels",
    ),
    "smaller progressive JPEG of many scans": lambda: (
        progressive(3000)[0] + progressive(3000)[1] * 60 + b"\xff\xd9",
        "too-many-pixels",
    ),
    "progressive JPEG of as many scans as are read": lambda: (
        progressive(3000)[0] + progressive(3000)[1] * 17 + b"\xff\xd9",
        "made",
    ),
    "progressive JPEG of a thousand scans": lambda: (
        long_progressive()[0] + long_progressive()[1] * 1000 + b"\xff\xd9",
        "too-many-chunks",
    ),
    "deep JPEG": lambda: (SMALL[:2] + b"\xff\xe1\0\2" * 12_000_000 + SMALL[2:], "too-many-chunks"),
    "less deep JPEG": lambda: (
        SMALL[:2] + b"\xff\xe2\0\x10ICC_PROFILE\0\1\1" * 30_000 + SMALL[2:],
        "made",
    ),
    "JPEG of stuffing": lambda: (
        long_progressive()[0][:-99] + b"\xff\0" * 20_000_000,
        "too-many-chunks",
    ),
    "GIF": lambda: (written(Image.new("L", (SIDE, SIDE)), "GIF"), "made"),
    "GIF of too many pixels": lambda: (gif((65_535, 65_535)), "too-many-pixels"),
    "small frame on a large canvas": lambda: (gif((7000, 7000)), "made"),
    "GIF frame beside its canvas": lambda: (gif(frame=(41, 0, 40, 30)), "made"),
    "GIF frame over the edge": lambda: (gif(frame=(1, 1, 40, 30)), "made"),
    "giant GIF frame": lambda: (gif(frame=(0, 0, 65_535, 65_535)), "too-many-pixels"),
    "empty GIF frame": lambda: (gif(frame=(0, 0, 0, 0)), "corrupt"),
    "deep GIF": lambda: (
        GIF[:PLACE] + b"\x21\xfe" + b"\1a" * 20_000_000 + b"\0" + GIF[PLACE:],
        "too-many-chunks",
    ),
    "GIF whose image is in blocks of a byte": lambda: (gif_of_bytes(), "made"),
    "GIF of codes that clear the table": lambda: (
        gif_of_codes(bytes((0b00100100, 0b01001001, 0b10010010)) * 17_000_000, 100),
        "truncated",
    ),
    "larger GIF of codes that clear the table": lambda: (
        gif_of_codes(bytes((0b00100100, 0b01001001, 0b10010010)) * 8_000_000, 7000),
        "truncated",
    ),
    "GIF of too many codes and pixels": lambda: (
        gif_of_codes(bytes((0b00100100, 0b01001001, 0b10010010)) * 17_000_000, SIDE),
        "too-many-pixels",
    ),
    "WebP": lambda: (
        written(Image.new("RGB", (SIDE, SIDE)), "WEBP", lossless=True, method=0),
        "made",
    ),
    "WebP with alpha": lambda: (
        written(Image.new("RGBA", (7000, 7000), (9, 9, 9, 99)), "WEBP", lossless=True, method=0),
        "made",
    ),
    "larger WebP with alpha": lambda: (
        written(Image.new("RGBA", (SIDE, SIDE), (9, 9, 9, 99)), "WEBP", lossless=True, method=0),
        "too-many-pixels",
    ),
    "WebP of many Huffman codes": lambda: (webp_of_codes(1024, 1 << 16), "out-of-memory"),
    "larger WebP of many Huffman codes": lambda: (
        webp_of_codes(4000, 1 << 16),
        "out-of-memory",
    ),
    "WebP of as many Huffman codes as libwebp writes": lambda: (webp_of_codes(1024, 2600), "made"),
    "giant WebP": lambda: (webp(1 << 24, 1 << 24), "corrupt"),
    "WebP that claims more": lambda: (webp(7000, 7000), "corrupt"),
    "WebP of frames of many chunks": lambda: (webp_of_frames(), "truncated"),
    "deep WebP": lambda: (
        WEBP[:4]
        + struct.pack("<I", len(WEBP) - 8 + 8_000_000)
        + WEBP[8:30]
        + b"abcd\0\0\0\0" * 1_000_000
        + WEBP[30:],
        "too-many-chunks",
    ),
    "JPEG of many EXIF blocks": lambda: (SMALL[:2] + EXIF * 32_000 + SMALL[2:], "made"),
    "JPEG of many large EXIF blocks": lambda: (
        SMALL[:2] + (b"\xff\xe1\5\x80Exif\0\0" + bytes(1400)) * 32_000 + SMALL[2:],
        "made",
    ),
    "JPEG of many tables": lambda: (
        SMALL[:2] + (b"\xff\xdb\xfd\xea" + (b"\0" + b"\1" * 64) * 1000) * 700 + SMALL[2:],
        "too-many-chunks",
    ),
    "JPEG of as many tables as are read": lambda: (
        SMALL[:2] + (b"\xff\xdb\xfd\xea" + (b"\0" + b"\1" * 64) * 1000) * 8 + SMALL[2:],
        "made",
    ),
    "JPEG of stray bytes": lambda: (filled(2, b"\xff\0", 4), "made"),
    "JPEG of many stray bytes": lambda: (filled(2, b"\xff\0"), "too-many-chunks"),
    "JPEG of zeros before its first segment": lambda: (filled(2, b"\xff\0" + bytes(98)), "made"),
    "JPEG of zeros after its last block": lambda: (filled(-2, bytes(100)), "made"),
    "JPEG of sparse stray bytes": lambda: (
        filled(-2, b"\xff" + bytes(99)),
        "made",
    ),
    "JPEG of fill bytes before its first segment": lambda: (
        filled(2, b"\xff"),
        "too-many-chunks",
    ),
    "JPEG of fill bytes between segments": lambda: (filled(FRAME, b"\xff"), "too-many-chunks"),
    "JPEG of fill bytes before its end": lambda: (filled(-2, b"\xff"), "too-many-chunks"),
    "JPEG of fill bytes without an end": lambda: (filled(-2, b"\xff")[:-2], "too-many-chunks"),
    "JPEG of restart markers": lambda: (filled(-2, b"\xff\xd0"), "too-many-chunks"),
    "JPEG of restart markers between segments": lambda: (
        filled(FRAME, b"\xff\xd0"),
        "too-many-chunks",
    ),
    "PNG of many EXIF blocks": lambda: (
        png(10, 10, extra=chunk(b"eXIf", EXIF[10:]) * 32_000),
        "made",
    ),
    "interlaced 16-bit PNG": lambda: (png(SIDE, SIDE, 16, 6, interlace=1), "too-many-pixels"),
    "animated PNG with two large pictures": lambda: (animated_png(SIDE, SIDE - 2), "made"),
    "animated PNG whose frame is smaller": lambda: (animated_png(6000, 6000, 5990), "made"),
    "animated WebP that claims much": lambda: (animated_webp(16_383, 3_661), "too-many-pixels"),
    "animated WebP that claims less": lambda: (animated_webp(16_383, 2_661), "made"),
    "animated WebP of much": lambda: (animated_webp(7000, 7000, real=True), "made"),
    "wide canvas of a WebP": lambda: (animated_webp(16_383, 3_661, frame=(64, 64)), "made"),
    "empty JPEG": lambda: (lying_jpeg(0, 64), "corrupt"),
    "flat JPEG": lambda: (lying_jpeg(64, 0), "corrupt"),
    "empty PNG": lambda: (png(0, 9), "corrupt"),
    "empty GIF": lambda: (gif((0, 0)), "made"),
}


def with_scanlines(
    compressed: bytes,
    side: int,
    *,
    interlace: int = 0,
    depth: int = 16,
) -> bytes:
    """An RGBA PNG of these compressed data, whose chunks have right checksums."""
    header = struct.pack(">IIBBBBB", side, side, depth, 6, 0, 0, interlace)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", compressed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def scanlines(side: int = DAMAGED_SIDE, *, interlace: int = 0, depth: int = 16) -> bytes:
    """The compressed scanlines of a black RGBA picture."""
    return zeros((side + side * interlace) * (1 + side * depth // 2))


def without_checksum(compressed: bytes) -> bytes:
    """The data with a wrong Adler-32."""
    return compressed[:-4] + b"abcd"


def unknown_last_filter(side: int = DAMAGED_SIDE) -> bytes:
    """Compressed scanlines of which the last one has a filter that does not exist."""
    length = 1 + side * 8
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(length)) for _ in range(side - 1))
    return rows + packer.compress(b"\x09" + bytes(length - 1)) + packer.flush()


DAMAGED = {
    "16-bit PNG with a wrong Adler-32": lambda: (
        with_scanlines(without_checksum(scanlines()), DAMAGED_SIDE),
        "made",
    ),
    "interlaced 16-bit PNG with a wrong Adler-32": lambda: (
        with_scanlines(without_checksum(scanlines(interlace=1)), DAMAGED_SIDE, interlace=1),
        "made",
    ),
    "16-bit PNG whose data do not end": lambda: (
        with_scanlines(scanlines()[:-12] + bytes(3), DAMAGED_SIDE),
        "made",
    ),
    "16-bit PNG whose data go on": lambda: (
        with_scanlines(scanlines(2 * DAMAGED_SIDE), DAMAGED_SIDE),
        "made",
    ),
    "16-bit PNG without its last row": lambda: (
        with_scanlines(zeros((DAMAGED_SIDE - 1) * (1 + DAMAGED_SIDE * 8)), DAMAGED_SIDE),
        "truncated",
    ),
    "16-bit PNG broken in its last row": lambda: (
        with_scanlines(scanlines()[:-40] + b"\xff" * 40, DAMAGED_SIDE),
        "truncated",
    ),
    "16-bit PNG whose last row has an unknown filter": lambda: (
        with_scanlines(unknown_last_filter(), DAMAGED_SIDE),
        "corrupt",
    ),
    "pixel whose data go on for a gigabyte": lambda: (with_scanlines(zeros(1 << 30), 1), "made"),
    "GIF in passes": lambda: (written(Image.new("L", (SIDE, SIDE)), "GIF", interlace=1), "made"),
    "JPEG without its end": lambda: (
        written(Image.new("L", (15_000, 15_000)), "JPEG")[:-2],
        "made",
    ),
    "JPEG that looks incomplete": lambda: (
        written(Image.new("L", (15_000, 15_000), 128), "JPEG"),
        "made",
    ),
    "progressive JPEG without its end": lambda: (b"".join(long_progressive()), "made"),
    "interlaced 16-bit PNG as large as memory allows": lambda: (
        with_scanlines(scanlines(6500, interlace=1), 6500, interlace=1),
        "made",
    ),
}
BOMBS.update(DAMAGED)

WITH_PIXELS = frozenset(
    {
        "PNG",
        "RGBA PNG",
        "16-bit PNG",
        "interlaced PNG",
        "JPEG",
        "JPEG without its end",
        "JPEG that looks incomplete",
        "progressive JPEG",
        "progressive JPEG without its end",
        "progressive JPEG of as many scans as are read",
        "GIF",
        "GIF in passes",
        "WebP",
        "WebP with alpha",
        "animated PNG with two large pictures",
        "animated PNG whose frame is smaller",
        "animated WebP that claims less",
        "animated WebP of much",
        *(name for name in DAMAGED if "16-bit" in name),
    }
)
"""Those with as many pixels as they say, which are really decoded: they may take their time."""

WITH_SLOW_DATA = frozenset(
    {
        "larger GIF of codes that clear the table",
        "larger PNG of empty blocks",
    }
)
"""Those with no more data than an honest picture of that size may have, but slow ones."""
