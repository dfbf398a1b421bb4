import pytest
from PIL import Image, ImageCms

from pocketfiles.thumbs.colour import to_srgb

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


@pytest.mark.parametrize("profile", [None, b"", b"broken", SRGB[:200], LAB])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
def test_a_profile_that_does_not_fit_changes_nothing(mode: str, profile: bytes | None) -> None:
    image = Image.new(mode, (2, 2), 77)
    assert to_srgb(image, profile).tobytes() == image.tobytes()


def test_srgb_stays_as_it_is() -> None:
    image = Image.new("RGB", (2, 2), (1, 2, 3))
    assert to_srgb(image, SRGB).tobytes() == image.tobytes()
