import io

import pytest
from PIL import Image, ImageCms

from pocketfiles.thumbs.icc import SRGB_CURVE, Chromaticities, profile

SRGB = Chromaticities((0.3127, 0.329), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))


def converted(data: bytes, colour: tuple[int, int, int]) -> tuple[int, ...]:
    source = ImageCms.getOpenProfile(io.BytesIO(data))
    to_srgb = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    return to_srgb.apply(Image.new("RGB", (1, 1), colour)).getpixel((0, 0))  # type: ignore[no-any-return]


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 50, 50), (1, 128, 254)])
def test_srgbs_profile_changes_nothing(colour: tuple[int, int, int]) -> None:
    assert converted(profile(SRGB, SRGB_CURVE), colour) == pytest.approx(colour, abs=1)


@pytest.mark.parametrize(("gamma", "level"), [(1.0, 188), (1.8, 146), (2.2, 128)])
def test_a_gamma_is_applied(gamma: float, level: int) -> None:
    assert converted(profile(SRGB, (gamma,)), (128, 128, 128)) == pytest.approx((level,) * 3, abs=2)


@pytest.mark.parametrize(
    "colours",
    [
        Chromaticities((0.3, 0.3), (0.3, 0.3), (0.3, 0.3), (0.3, 0.3)),
        Chromaticities((0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0)),
    ],
)
def test_chromaticities_without_a_colour_space_are_refused(colours: Chromaticities) -> None:
    with pytest.raises(ValueError, match="colour space"):
        profile(colours, (2.2,))
