import struct

import pytest

from pocketfiles.thumbs.formats.gif import read
from pocketfiles.thumbs.formats.header import MAX_CHUNKS, Header
from tests.unit.thumbs.formats.samples import SIZE, pixels, reason, thumb, written

GIF = written("GIF", mode="P")
DESCRIPTOR = b"\x2c\0\0\0\0\x28\0\x1e\0"
FRAME = GIF.index(DESCRIPTOR)
PALETTE = 3 * (2 << (GIF[10] & 7))


def canvas(width: int, height: int) -> bytes:
    return GIF[:6] + struct.pack("<HH", width, height) + GIF[10:]


def at(left: int, top: int, width: int, height: int) -> bytes:
    """The GIF with its frame described as lying there."""
    place = struct.pack("<HHHH", left, top, width, height)
    return GIF[: FRAME + 1] + place + GIF[FRAME + 9 :]


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (GIF, Header("GIF", *SIZE, channels=1)),
        (GIF + b"trailing", Header("GIF", *SIZE, channels=1)),
        (canvas(50, 60), Header("GIF", 50, 60, channels=1, frame=(0, 0, 40, 30))),  # type: ignore[arg-type]
        (canvas(0, 0), Header("GIF", *SIZE, channels=1)),
        (canvas(9, 9), Header("GIF", *SIZE, channels=1)),
        (at(5, 6, 40, 30), Header("GIF", 45, 36, channels=1, frame=(5, 6, 45, 36))),  # type: ignore[arg-type]
        (GIF[:-1], Header("GIF", *SIZE, channels=1)),
        (GIF[:-2], Header("GIF", *SIZE, channels=1, is_cut=True)),
    ],
)
def test_a_header_is_read_without_decoding(data: bytes, header: Header) -> None:
    assert read(data) == header


@pytest.mark.parametrize("damaged", [canvas(0, 0), canvas(30, 10), GIF[:-1], GIF[:-2]])
def test_damage_that_loses_no_pixel_is_no_damage(damaged: bytes) -> None:
    assert thumb(damaged) == thumb(GIF)


def test_a_gif_without_a_palette_is_black() -> None:
    data = GIF[:10] + bytes([GIF[10] & 0x7F]) + GIF[11:13] + GIF[13 + PALETTE :]
    assert pixels(data).getextrema() == ((0, 0), (0, 0), (0, 0), (255, 255))


def test_a_frame_of_its_own_palette_is_drawn_in_it() -> None:
    palette = GIF[13 : 13 + PALETTE]
    interlaced = GIF[FRAME + 9]
    flags = 0x80 | interlaced | GIF[10] & 7
    own = GIF[: FRAME + 9] + bytes([flags]) + palette + GIF[FRAME + 10 :]
    black = own[:13] + bytes(PALETTE) + own[13 + PALETTE :]
    assert pixels(black).tobytes() == pixels(GIF).tobytes()


def test_around_a_frame_the_canvas_is_empty() -> None:
    image = pixels(canvas(80, 60))
    assert image.getchannel("A").getbbox() == (0, 0, 40, 30)


def test_a_gif_without_its_end_is_whole() -> None:
    for length in (1, 2, 3):  # trailer, terminator, and the end of the last code
        assert thumb(GIF[:-length]) == thumb(GIF)


def test_image_data_without_a_code_size_give_no_thumb() -> None:
    assert thumb(GIF[: FRAME + 10] + b"\0" + GIF[FRAME + 11 :]) == b"[corrupt]"


def test_image_data_that_end_early_are_truncated() -> None:
    assert thumb(GIF[: len(GIF) - 40]) == b"[truncated]"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (at(0, 0, 0, 0), "corrupt"),
        (GIF[:FRAME] + b"\x99" + GIF[FRAME:], "corrupt"),
        (GIF[:FRAME], "truncated"),
        (GIF[: FRAME + 11], "truncated"),
        (GIF[:8], "truncated"),
        (GIF[:FRAME] + b"\x21\xfe" + b"\1a" * MAX_CHUNKS + b"\0" + GIF[FRAME:], "too-many-chunks"),
    ],
)
def test_a_broken_header_has_its_reason(data: bytes, why: str) -> None:
    assert reason(data) == why


def of_codes(codes: list[int], bits: int, side: int, block: int = 255) -> bytes:
    """A GIF of black and white, drawn by these codes of three bits each."""
    length = -(-len(codes) * bits // 8)
    last_first = "".join(f"{code:0{bits}b}" for code in reversed(codes)).zfill(8 * length)
    starts = range(8 * (length - 1), -1, -8)
    data = bytes(int(last_first[start : start + 8], 2) for start in starts)
    pieces = [data[start : start + block] for start in range(0, len(data), block)]
    blocks = b"".join(bytes((len(piece),)) + piece for piece in pieces)
    screen = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x81, 0, 0) + bytes(9) + b"\xff" * 3
    return screen + struct.pack("<BHHHHBB", 0x2C, 0, 0, side, side, 0, bits - 1) + blocks + b"\0;"


CLEAR = 4
END = 5


@pytest.mark.parametrize("block", [1, 255])
def test_a_gif_that_is_not_compressed_is_whole(block: int) -> None:
    side = 400
    codes = [code for _ in range(side * side) for code in (CLEAR, 3)]
    data = of_codes([*codes, END], 3, side, block)
    assert len(read(data).stream) > len(data) - 100
    assert pixels(data).convert("L").getextrema() == (255, 255)


def test_codes_that_draw_nothing_are_read_up_to_what_the_pixels_may_need() -> None:
    data = of_codes([CLEAR] * 800_000 + [3] * 4, 3, 2)
    assert len(read(data).stream) < 70_000
    assert thumb(data) == b"[truncated]"


def test_an_image_of_too_many_blocks_is_refused() -> None:
    assert reason(at(0, 0, 9000, 9000)[:-2] + b"\1\0" * (1 << 18) + b"\0") == "too-many-chunks"
