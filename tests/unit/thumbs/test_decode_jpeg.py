import base64
import random

import pytest
from PIL import Image, ImageChops, ImageStat

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs import libvips
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import parse
from tests.unit.thumbs.pictures import UPRIGHT, blocks, corners, opened, written


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"progressive": True}])
@pytest.mark.parametrize("colour", [(128, 128, 128), (127, 127, 127)])
def test_a_jpeg_that_ends_in_grey_is_not_taken_for_a_broken_one(
    options: dict[str, object], colour: object
) -> None:
    image = blocks()
    image.paste(colour, (100, 100, 240, 160))  # type: ignore[arg-type]
    assert opened(render(written(image, "JPEG", **options), parse("24x16"))).size == (24, 16)


@pytest.mark.parametrize(
    ("source", "thumb"),
    [
        ((240, 160), "24x16"),
        ((1400, 1000), "1300x0"),  # for these, libvips decodes
        ((1400, 1000), "1300x500t"),
        ((1400, 1000), "1400x990f"),
    ],
)
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_whose_data_end_early_is_broken_though_it_is_closed_properly(
    source: tuple[int, int], thumb: str, *, progressive: bool
) -> None:
    data = written(Image.effect_noise(source, 60), "JPEG", progressive=progressive)
    begin = data.index(b"\xff\xda")
    end = data.index(b"\xff\xda", begin + 2) if progressive else len(data)  # of the first scan
    with pytest.raises(ThumbFailed, match="truncated"):
        render(data[: (begin + end) // 2].rstrip(b"\xff") + b"\xff\xd9", parse(thumb))


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["sequential", "progressive"])
@pytest.mark.parametrize("thumb", ["1900x0", "960x0", "700x700", "900x900f"])
def test_large_jpegs_look_the_same_without_libvips(
    options: dict[str, object], thumb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = written(blocks().resize((2400, 1800)), "JPEG", **options)
    usual = opened(render(data, parse(thumb)))
    monkeypatch.setattr(libvips, "load", lambda: None)
    plain = opened(render(data, parse(thumb)))
    assert usual.size == plain.size
    assert max(ImageStat.Stat(ImageChops.difference(usual, plain)).rms) < 2


@pytest.mark.parametrize("thumb", ["300x200", "1300x0", "1300x500t"])
def test_a_harmless_flaw_in_a_jpeg_changes_nothing(thumb: str) -> None:
    data = written(Image.linear_gradient("L").resize((1400, 1000)), "JPEG")
    stray = data[:-2] + b"\1\2\3" + data[-2:]
    assert render(stray, parse(thumb)).body == render(data, parse(thumb)).body


NOISE = random.Random(1).randbytes(188 * 150)
LARGE = Image.frombytes("L", (188, 150), NOISE).resize((1504, 1200))
SIZES = ["300x240", "500x400", "752x600", "1000x800f", "1300x500t", "700x700"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=["sequential", "progressive"])
def test_a_large_jpeg_without_its_end_is_whole(options: dict[str, object], size: str) -> None:
    data = written(LARGE, "JPEG", **options)
    whole = opened(render(data, parse(size)))
    cut = opened(render(data[:-2], parse(size)))
    assert ImageStat.Stat(ImageChops.difference(whole, cut)).rms[0] < 2


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"])
@pytest.mark.parametrize("restarts", [0, 40])
def test_a_large_jpeg_that_lacks_its_last_blocks_gives_no_thumb(
    size: str, end: bytes, restarts: int
) -> None:
    data = written(LARGE, "JPEG", restart_marker_blocks=restarts)
    with pytest.raises(ThumbFailed, match="truncated"):
        render(data[:-100].rstrip(b"\xff") + end, parse(size))


def test_exif_that_is_broken_warns_nobody(recwarn: pytest.WarningsRecorder) -> None:
    for block in (
        b"Exif\0\0",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + bytes(5),
    ):
        render(written(blocks(), "JPEG", exif=block), parse("30x30"))
    assert list(recwarn) == []


ARITHMETIC = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZG"
    "NywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09P"
    "T09PT09PT09PT09PT09PT09PT09PT09PT0//yQARCAAgADADAREAAhEBAxEB/8wACgAQEAUBEBEF/9oADAMBAAIR"
    "AxEAPwD/AEfO+hOdhq+tMFbHOGO6sU3ES00Zh8IAtESWN8hd85V/kbweSdD/2Q=="
)
PROGRESSIVE_ARITHMETIC = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZG"
    "NywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFSZPNS01T09PT09PT09PT09PT09PT09PT09PT09P"
    "T09PT09PT09PT09PT09PT09PT09PT09PT0//ygARCAAgADADAREAAhEBAxEB/8wABgAQARD/2gAMAwEAAhADEAAA"
    "Af6XQhbdBu0icWNiRbPYdcuJI+Ej64Re7Hq4QcUXd84xw9j/zAAEEAX/2gAIAQEAAQUCsP/MAAQRBf/aAAgBAwEB"
    "PwGw/8wABBEF/9oACAECAQE/AbD/zAAEEAX/2gAIAQEABj8CsP/MAAQQBf/aAAgBAQABPyGw/9oADAMBAAIAAwAA"
    "ABBMYC3Eoenukdv/zAAEEQX/2gAIAQMBAT8QsP/MAAQRBf/aAAgBAgEBPxCw/8wABBAF/9oACAEBAAE/ELD/2Q=="
)
"""What ``blocks(48, 32)`` draws. Pillow writes no arithmetic coding; libjpeg-turbo's cjpeg does."""


@pytest.mark.parametrize("data", [ARITHMETIC, PROGRESSIVE_ARITHMETIC])
def test_arithmetic_coding_is_decoded(data: bytes) -> None:
    assert corners(opened(render(data, parse("48x32")))) == UPRIGHT
    with pytest.raises(ThumbFailed):
        render(data[:-20], parse("48x32"))
