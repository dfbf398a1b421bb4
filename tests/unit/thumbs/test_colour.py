import struct

import pytest
from PIL import Image, ImageCms

from pocketfiles.thumbs.colour import to_srgb
from pocketfiles.thumbs.icc import Chromaticities, profile
from tests.unit.thumbs.profiles import PRINTER, of_lut, of_matrix, table

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
PRIMARIES = Chromaticities((0.3127, 0.329), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
LINEAR = profile(PRIMARIES, (1.0,))
FIRST_PRIMARY = LINEAR.rindex(b"XYZ ", 0, LINEAR.index(b"para")) - 2 * 20
TOO_SHORT = b"\0\1" + LINEAR[2:]
BROKEN_PRIMARY = LINEAR[:FIRST_PRIMARY] + b"\x17\xa5\5\xb8" + LINEAR[FIRST_PRIMARY + 4 :]


@pytest.mark.parametrize("data", [b"", b"broken", SRGB[:200], LAB, BROKEN_PRIMARY, TOO_SHORT])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
def test_a_profile_that_does_not_fit_changes_nothing(mode: str, data: bytes) -> None:
    image = Image.new(mode, (2, 2), 77)
    assert to_srgb(image, data).tobytes() == image.tobytes()


def test_srgb_stays_as_it_is() -> None:
    image = Image.new("RGB", (2, 2), (1, 2, 3))
    assert to_srgb(image, SRGB) is image


def test_a_profile_is_known_by_its_content_and_not_by_its_name() -> None:
    """GIMP's "built-in Linear sRGB" is far from sRGB."""
    named = LINEAR + b"desc" + "GIMP built-in Linear sRGB".encode("utf-16-be")
    assert to_srgb(Image.new("RGB", (1, 1), (128,) * 3), named).getpixel((0, 0))[0] > 180  # type: ignore[index]


@pytest.mark.parametrize(("mode", "expected"), [("L", 188), ("LA", (188, 77))])
def test_grey_is_converted_by_an_rgb_profile(mode: str, expected: object) -> None:
    image = Image.new(mode, (2, 2), (128, 77) if mode == "LA" else 128)
    converted = to_srgb(image, LINEAR)
    assert converted.mode == mode
    assert converted.getpixel((0, 0)) == pytest.approx(expected, abs=1)


def test_black_points_are_not_compensated() -> None:
    """The values are those of browsers."""
    lifted = [0.0067 + 0.9866 * (level / 255) ** 2.2 for level in range(256)]
    samples = b"".join(round(65_535 * value).to_bytes(2, "big") for value in lifted)
    curve = b"curv\0\0\0\0" + (256).to_bytes(4, "big") + samples
    linear = LINEAR.index(b"para")
    head = bytearray(LINEAR[:linear] + curve)
    head[:4] = len(head).to_bytes(4, "big")
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        at = head.index(name)
        head[at + 4 : at + 12] = struct.pack(">II", linear, len(curve))
    image = Image.new("RGB", (1, 1), (255, 0, 0))
    assert to_srgb(image, bytes(head)).getpixel((0, 0)) == pytest.approx((254, 19, 19), abs=1)


def test_alpha_stays_as_it_is() -> None:
    converted = to_srgb(Image.new("RGBA", (1, 1), (128, 128, 128, 9)), LINEAR)
    assert converted.getpixel((0, 0)) == pytest.approx((188, 188, 188, 9), abs=1)


@pytest.mark.parametrize(
    ("inks", "shown"),
    [
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 0, 0, 255), (66, 0, 0)),
        ((255, 255, 255, 255), (66, 0, 0)),
        ((200, 30, 90, 0), (89, 153, 155)),
        ((200, 30, 90, 128), (82, 68, 54)),
        ((0, 255, 0, 0), (216, 40, 130)),
        ((40, 40, 200, 60), (174, 137, 52)),
        ((255, 0, 0, 0), (0, 163, 223)),
    ],
)
def test_inks_are_shown_as_chromium_does(
    inks: tuple[int, ...],
    shown: tuple[int, ...],
) -> None:
    image = Image.new("CMYK", (1, 1), inks)
    assert to_srgb(image, PRINTER).getpixel((0, 0)) == pytest.approx(shown, abs=2)


def test_code_points_in_a_profile_decide() -> None:
    """As in Chromium: 12 and 13 are Display P3, whatever else the profile says."""
    data = of_matrix(table(256), more={b"cicp": b"cicp" + bytes(4) + bytes((12, 13, 0, 1))})
    red = to_srgb(Image.new("RGB", (1, 1), (200, 50, 50)), data).getpixel((0, 0))
    assert red == pytest.approx((218, 24, 40), abs=2)


def test_code_points_that_are_not_supported_leave_the_decision_to_the_profile() -> None:
    data = of_matrix(table(256), more={b"cicp": b"cicp" + bytes(4) + bytes((9, 16, 0, 1))})
    grey = to_srgb(Image.new("RGB", (1, 1), (128,) * 3), data).getpixel((0, 0))
    assert grey == pytest.approx((188, 188, 188), abs=2)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_with_a_tint_is_in_colour(mode: str) -> None:
    tinted = of_lut(b"GRAY", 1, lambda level: (100 * level, 30 * (1 - level), 0))
    converted = to_srgb(Image.new(mode, (1, 1), 128), tinted)
    assert converted.mode == {"L": "RGB", "LA": "RGBA"}[mode]
    red, green, *_ = converted.getpixel((0, 0))  # type: ignore[misc]
    assert red > green + 10
