"""Pictures of every kind and oddity, each with the largest difference of its thumb in browsers."""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageCms

from pocketfiles.thumbs.icc import SRGB_CURVE, Chromaticities, profile
from tests.unit.thumbs.drawings import DRAWINGS
from tests.unit.thumbs.formats.samples import app1, chunk, segment, tiff
from tests.unit.thumbs.profiles import PRINTER, fixed, of_grey, of_lut, of_matrix, table

SIZE = (240, 160)
THUMB = "120x80f"

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
D65 = (0.3127, 0.3290)
REC_709 = Chromaticities(D65, (0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
DISPLAY_P3 = Chromaticities(D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
LINEAR = profile(REC_709, (1.0,))
P3 = profile(DISPLAY_P3, SRGB_CURVE)
SWAPPED = profile(Chromaticities(D65, REC_709.green, REC_709.red, REC_709.blue), (2.2,))
"""Red and green exchanged, so that nobody can miss whether it is applied."""

CODE_POINTS = {b"cicp": b"cicp" + bytes(4) + bytes((12, 13, 0, 1))}
"""A tag that names Display P3."""

FADED = of_lut(b"RGB ", 3, lambda r, g, b: (30 * r + 50 * g + 10 * b, 40 * (r - g), 40 * (g - b)))
"""Colours in a table, paler than sRGB's."""

D65_ILLUMINANT = fixed(0.9505, 1.0, 1.089)
OF_D65 = LINEAR[:68] + D65_ILLUMINANT + LINEAR[80:]

EXACT = 1.5
"""Largest mean difference of a channel in tiles of ten pixels, on a scale of 0 to 255."""

TURNED = 3.0
"""One side of the picture is a fraction of a pixel, which browsers and thumbs round differently."""

DITHERED = 2.0
CUT = 25.0
"""Browsers leave out the last rows of a JPEG that does not end; its thumb has them."""

UNLIKE = 65.0
"""Firefox does otherwise than Chromium and the standard, which the thumb follows."""

FIREFOX_DIFFERS = {
    "PNG, sRGB before gAMA",  # the standard: sRGB decides (PNG third edition §11.3.2.5)
    "PNG, grey with iCCP of RGB",  # Firefox converts a grey JPEG with the same profile
    "JPEG, CMYK with a profile",  # Firefox ignores profiles of CMYK
    "JPEG, code points in a profile",  # Firefox does not read them
    "PNG, code points in a profile",
    "PNG, cICP of SMPTE 240M",  # Firefox does not know this transfer function
    "JPEG, profile of iccMAX",  # Firefox believes this one and the next two
    "PNG, profile that is not relative to D50",
    "PNG, grey with a curve that leads to Lab",
}
"""What Firefox shows in colours of its own."""

AFTER_IHDR = 33
AFTER_JFIF = 20
FOR_EVER = 65_535 * 10
"""Milliseconds of a first frame that stays while the test runs."""


@dataclass(frozen=True)
class Picture:
    """A file, and the largest difference of its thumb from what browsers show of it."""

    name: str
    content_type: str
    data: bytes
    difference: float = EXACT

    def most_in(self, browser: str) -> float:
        """The largest difference in that browser."""
        is_unlike = browser == "Firefox" and self.name in FIREFOX_DIFFERS
        return UNLIKE if is_unlike else self.difference


def scene() -> Image.Image:
    """Gradients with four colours in the corners, so that a turn shows."""
    gradient = Image.linear_gradient("L")
    bands = [gradient, gradient.rotate(90), gradient.rotate(180)]
    image = Image.merge("RGB", bands).point(lambda level: 60 + level // 2).resize(SIZE)
    for left, top, colour in (
        (10, 10, (210, 30, 20)),
        (170, 10, (20, 160, 40)),
        (10, 110, (20, 40, 200)),
        (170, 110, (250, 250, 250)),
    ):
        image.paste(colour, (left, top, left + 60, top + 40))
    return image


def translucent() -> Image.Image:
    """The scene, transparent towards one side."""
    image = scene().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").rotate(90).resize(SIZE))
    return image


def cut_out() -> Image.Image:
    """The scene in a transparent frame with hard edges."""
    image = Image.new("RGBA", SIZE)
    image.paste(scene().crop((30, 20, 210, 140)), (30, 20))
    return image


def inked() -> Image.Image:
    """The scene in CMYK, with black where its inks have something in common."""
    red, green, blue = scene().split()
    lightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    inks = [ImageChops.subtract(lightest, channel) for channel in (red, green, blue)]
    return Image.merge("CMYK", (*inks, ImageChops.invert(lightest)))


def another() -> Image.Image:
    """What must not be shown: a second frame, or what a wrong chunk stands for."""
    return Image.new("RGB", SIZE, (255, 0, 255))


def written(image: Image.Image, to: str, **options: object) -> bytes:
    """The file that Pillow writes."""
    out = io.BytesIO()
    image.save(out, to, **options)
    return out.getvalue()


def inserted(data: bytes, at: int, *pieces: bytes) -> bytes:
    """The file with more bytes at that place."""
    return data[:at] + b"".join(pieces) + data[at:]


def jpegs() -> Iterator[Picture]:
    """JPEG: coding, chroma, grey, CMYK, profiles, orientation and harmless damage."""
    plain = written(scene(), "JPEG", quality=92)
    cmyk = scene().convert("CMYK")
    files = {
        "baseline": plain,
        "progressive": written(scene(), "JPEG", quality=92, progressive=True),
        "4:4:4": written(scene(), "JPEG", quality=92, subsampling="4:4:4"),
        "4:2:2": written(scene(), "JPEG", quality=92, subsampling="4:2:2"),
        "RGB": written(scene(), "JPEG", quality=92, keep_rgb=True),
        "grey": written(scene().convert("L"), "JPEG", quality=92),
        "grey with an RGB profile": written(scene().convert("L"), "JPEG", icc_profile=LINEAR),
        "CMYK": written(cmyk, "JPEG", quality=92),
        "CMYK with a profile": written(inked(), "JPEG", quality=95, icc_profile=PRINTER),
        "sRGB profile": written(scene(), "JPEG", quality=92, icc_profile=SRGB),
        "linear profile": written(scene(), "JPEG", quality=95, icc_profile=LINEAR),
        "Display P3 profile": written(scene(), "JPEG", quality=92, icc_profile=P3),
        "red and green exchanged by a profile": written(
            scene(), "JPEG", quality=92, icc_profile=SWAPPED
        ),
        "code points in a profile": written(
            scene(), "JPEG", quality=92, icc_profile=of_matrix(table(256), more=CODE_POINTS)
        ),
        "profile of iccMAX": written(
            scene(), "JPEG", quality=92, icc_profile=of_matrix(table(256), version=5)
        ),
        "profile with a short table": written(
            scene(), "JPEG", quality=92, icc_profile=of_matrix(table(0, 9_000, 65_535))
        ),
        "profile of three curves": written(
            scene(), "JPEG", quality=92, icc_profile=of_matrix(table(256), table(460), table(700))
        ),
        "broken profile": written(scene(), "JPEG", quality=92, icc_profile=b"broken"),
        "stray bytes between segments": inserted(plain, AFTER_JFIF, bytes(608)),
        "without an end": plain[:-2],
        "two EXIF blocks": inserted(
            plain, AFTER_JFIF, app1(b"Exif\0\0" + tiff(1)), app1(b"Exif\0\0" + tiff(6))
        ),
        "short Adobe segment": inserted(plain, AFTER_JFIF, segment(0xEE, b"Adobe\0")),
    }
    for turn in range(1, 9):
        exif = app1(b"Exif\0\0" + tiff(turn))
        files[f"orientation {turn}"] = inserted(plain, AFTER_JFIF, exif)
    for name, data in files.items():
        most = TURNED if name[-1] in "5678" else CUT if name == "without an end" else EXACT
        yield Picture(f"JPEG, {name}", "image/jpeg", data, most)


def pngs() -> Iterator[Picture]:
    """PNG: kinds of pixels, transparency, the chunks of colour, orientation and damage."""
    plain = written(scene(), "PNG")
    palette = scene().quantize(200)
    with_key = scene()
    with_key.paste((1, 2, 3), (90, 60, 150, 100))
    red, green = (0.64, 0.33), (0.30, 0.60)
    swapped = (D65, green, red, (0.15, 0.06))
    primaries = b"".join(round(100_000 * value).to_bytes(4) for pair in swapped for value in pair)
    gamma_1 = chunk(b"gAMA", (100_000).to_bytes(4))
    gamma_2_2 = chunk(b"gAMA", (45_455).to_bytes(4))
    iccp = chunk(b"iCCP", b"x\0\0" + zlib.compress(SWAPPED))
    exif = chunk(b"eXIf", tiff(6))
    files = {
        "RGB": plain,
        "grey": written(scene().convert("L"), "PNG"),
        "16 bits": written(scene().convert("L").convert("I;16").point(lambda x: x * 257), "PNG"),
        "palette": written(palette, "PNG"),
        "palette with transparency": written(palette, "PNG", transparency=bytes(range(200))),
        "transparent colour": written(with_key, "PNG", transparency=(1, 2, 3)),
        "RGBA": written(translucent(), "PNG"),
        "cut out": written(cut_out(), "PNG"),
        "grey with alpha": written(translucent().convert("LA"), "PNG"),
        "gAMA 1.0": inserted(plain, AFTER_IHDR, gamma_1),
        "gAMA of sRGB": inserted(plain, AFTER_IHDR, gamma_2_2),
        "gAMA and cHRM": inserted(plain, AFTER_IHDR, gamma_2_2, chunk(b"cHRM", primaries)),
        "sRGB before gAMA": inserted(plain, AFTER_IHDR, chunk(b"sRGB", b"\0"), gamma_1),
        "cICP of Display P3": inserted(plain, AFTER_IHDR, chunk(b"cICP", bytes((12, 13, 0, 1)))),
        "cICP of SMPTE 240M": inserted(plain, AFTER_IHDR, chunk(b"cICP", bytes((1, 7, 0, 1)))),
        "iCCP": inserted(plain, AFTER_IHDR, iccp),
        "code points in a profile": written(
            scene(), "PNG", icc_profile=of_matrix(table(256), more=CODE_POINTS)
        ),
        "profile with a table of colours": written(scene(), "PNG", icc_profile=FADED),
        "profile that is not relative to D50": written(scene(), "PNG", icc_profile=OF_D65),
        "grey with a curve that leads to Lab": written(
            scene().convert("L"), "PNG", icc_profile=of_grey(table(460), connection=b"Lab ")
        ),
        "iCCP before gAMA": inserted(plain, AFTER_IHDR, gamma_1, iccp),
        "grey with iCCP of RGB": written(scene().convert("L"), "PNG", icc_profile=LINEAR),
        "eXIf before the picture": inserted(plain, AFTER_IHDR, exif),
        "eXIf after the picture": inserted(plain, len(plain) - 12, exif),
        "animated": written(
            scene(), "PNG", save_all=True, append_images=[another()], duration=FOR_EVER
        ),
        "without an end": plain[:-12],
    }
    for name, data in files.items():
        yield Picture(f"PNG, {name}", "image/png", data)


def gifs() -> Iterator[Picture]:
    """GIF: palettes, transparency, frames."""
    palette = scene().quantize(255)
    few = scene().quantize(16, dither=Image.Dither.NONE)
    hole = scene().convert("RGBA")
    hole.paste((0, 0, 0, 0), (90, 60, 150, 100))
    files = {
        "palette": written(palette, "GIF"),
        "few colours": written(few, "GIF"),
        "grey": written(scene().convert("L"), "GIF"),
        "transparency": written(hole, "GIF"),
        "animated": written(
            scene(), "GIF", save_all=True, append_images=[another()], duration=FOR_EVER
        ),
    }
    for name, data in files.items():
        yield Picture(f"GIF, {name}", "image/gif", data, DITHERED)


def webps() -> Iterator[Picture]:
    """WebP: lossy and lossless, alpha, profiles, EXIF and frames."""
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {
        "lossy": written(scene(), "WEBP", quality=90),
        "lossless": written(scene(), "WEBP", lossless=True),
        "lossless drawing": written(DRAWINGS["text"]().resize(SIZE), "WEBP", lossless=True),
        "lossy with alpha": written(translucent(), "WEBP", quality=90),
        "lossless with alpha": written(translucent(), "WEBP", lossless=True),
        "linear profile": written(scene(), "WEBP", lossless=True, icc_profile=LINEAR),
        "Display P3 profile": written(scene(), "WEBP", quality=90, icc_profile=P3),
        "EXIF that browsers ignore": written(scene(), "WEBP", quality=90, exif=exif),
        "animated": written(
            scene(), "WEBP", save_all=True, append_images=[another()], duration=FOR_EVER
        ),
    }
    for name, data in files.items():
        yield Picture(f"WebP, {name}", "image/webp", data)


def pictures() -> list[Picture]:
    """All of them."""
    return [*jpegs(), *pngs(), *gifs(), *webps()]
