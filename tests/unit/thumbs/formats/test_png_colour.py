import struct
import zlib

import pytest
from PIL import ImageCms

from pocketfiles.thumbs.formats.png_colour import icc_profile
from tests.unit.thumbs.formats.samples import chunk, pixels, written

PNG = written("PNG")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
D65 = (0.3127, 0.329)
SRGB_PRIMARIES = (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
P3_PRIMARIES = (*D65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)


def gamma(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(100_000 * value)))


def chromaticities(values: tuple[float, ...]) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(100_000 * value) for value in values)))


def code_points(*values: int) -> bytes:
    return chunk(b"cICP", bytes(values))


def corner(*chunks: bytes, mode: str = "RGB") -> tuple[int, ...]:
    """What becomes of (200, 50, 50) in a PNG with these chunks."""
    data = written("PNG", mode=mode)
    return pixels(data[:33] + b"".join(chunks) + data[33:]).getpixel((2, 2))[:3]  # type: ignore[index,return-value]


PLAIN = (200, 50, 50)
LINEAR = (229, 122, 122)
DISPLAY_P3 = (218, 24, 40)


@pytest.mark.parametrize(
    ("chunks", "colour"),
    [  # as Chromium shows them
        ((), PLAIN),
        ((gamma(1.0),), LINEAR),
        ((gamma(1 / 1.8),), (210, 65, 65)),
        ((gamma(0.45455),), PLAIN),
        ((gamma(0.432),), PLAIN),
        ((gamma(0.477),), PLAIN),
        ((gamma(0.43),), (199, 41, 41)),
        ((gamma(0.45455), chromaticities(SRGB_PRIMARIES)), (201, 46, 46)),
        ((gamma(0.45455), chromaticities(P3_PRIMARIES)), (219, 14, 35)),
        ((chromaticities(P3_PRIMARIES),), PLAIN),
        ((code_points(12, 13, 0, 1),), DISPLAY_P3),
        ((code_points(1, 13, 0, 1),), PLAIN),
        ((code_points(1, 1, 0, 1),), (197, 39, 39)),
        ((code_points(1, 4, 0, 1),), (201, 46, 46)),
        ((code_points(1, 8, 0, 1),), LINEAR),
        ((code_points(11, 13, 0, 1),), (213, 24, 41)),
        ((code_points(5, 13, 0, 1),), (204, 50, 50)),
        ((code_points(6, 13, 0, 1),), (195, 58, 49)),
        ((code_points(9, 14, 0, 1),), (245, 0, 26)),
        ((code_points(4, 13, 0, 1),), (237, 37, 35)),
        ((code_points(8, 13, 0, 1),), (227, 18, 39)),
        ((code_points(10, 13, 0, 1),), (255, 0, 73)),
        ((code_points(22, 13, 0, 1),), (202, 58, 49)),
        ((code_points(1, 11, 0, 1),), (197, 39, 39)),
        ((code_points(1, 7, 0, 1),), (207, 68, 68)),
        ((code_points(1, 17, 0, 1),), (201, 34, 34)),
        ((code_points(9, 16, 0, 1),), PLAIN),  # PQ
        ((code_points(9, 18, 0, 1),), PLAIN),  # HLG
        ((code_points(12, 13, 0, 0),), PLAIN),  # not the full range
        ((code_points(2, 2, 0, 1),), PLAIN),  # unspecified
        ((chunk(b"sRGB", b"\0"), gamma(1.0)), PLAIN),
        ((chunk(b"sRGB", b"\0"), code_points(12, 13, 0, 1)), DISPLAY_P3),
        ((chunk(b"iCCP", b"a\0\0" + zlib.compress(SRGB)), gamma(1.0)), PLAIN),
        ((chunk(b"iCCP", b"broken"), gamma(1.0)), LINEAR),
        ((chunk(b"iCCP", b"a\0\0" + zlib.compress(b"no profile" * 40)), gamma(1.0)), LINEAR),
        ((chunk(b"sRGB", b"\x09"), gamma(1.0)), LINEAR),  # an intent that does not exist
        ((gamma(1.0), gamma(0.45455)), LINEAR),
    ],
)
def test_the_first_description_in_the_standards_order_decides(
    chunks: tuple[bytes, ...], colour: tuple[int, int, int]
) -> None:
    assert corner(*chunks) == pytest.approx(colour, abs=2)


def test_code_points_after_the_palette_do_not_count() -> None:
    palette = chunk(b"PLTE", b"\1\2\3")
    assert corner(palette, code_points(12, 13, 0, 1)) == PLAIN
    assert corner(palette, gamma(1.0)) == pytest.approx(LINEAR, abs=2)


def test_grey_has_a_gamma_too() -> None:
    assert corner(gamma(1.0), mode="L")[0] > 20 + corner(mode="L")[0]


def test_colours_after_the_image_data_do_not_count() -> None:
    late = PNG[:-12] + gamma(1.0) + PNG[-12:]
    assert pixels(late).getpixel((2, 2)) == (*PLAIN, 255)


@pytest.mark.parametrize(
    "values",
    [(0.0,) * 8, (0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3), (0.0, 0.0, *SRGB_PRIMARIES[2:])],
)
def test_chromaticities_that_make_no_colour_space_do_no_harm(values: tuple[float, ...]) -> None:
    assert len(corner(gamma(0.5), chromaticities(values))) == 3


@pytest.mark.parametrize("length", [0, 1, 3, 5, 33])
def test_chunks_of_a_wrong_length_are_ignored(length: int) -> None:
    chunks = dict.fromkeys((b"cICP", b"iCCP", b"gAMA", b"cHRM"), b"\x01" * length)
    assert icc_profile(chunks) == b""
