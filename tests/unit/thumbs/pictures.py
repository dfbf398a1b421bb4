"""Pictures whose colours say where they belong, and readers of them."""

import io

from PIL import Image

from pocketfiles.thumbs.render import Thumb

RED, GREEN, BLUE, WHITE = (210, 30, 20), (20, 160, 40), (20, 40, 200), (250, 250, 250)
BLOCKS = ((RED, GREEN), (BLUE, WHITE))
NAMED = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE}
FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
THUMB_FORMATS = {**FORMATS, "AVIF": "image/avif"}
UPRIGHT = ["red", "green", "blue", "white"]
"""The corners of what ``blocks`` draws."""


def blocks(width: int = 240, height: int = 160) -> Image.Image:
    """Red and green above blue and white."""
    image = Image.new("RGB", (width, height))
    for row, colours in enumerate(BLOCKS):
        for column, colour in enumerate(colours):
            left, top = column * width // 2, row * height // 2
            image.paste(colour, (left, top, left + width // 2, top + height // 2))
    return image


def written(image: Image.Image, to: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, to, **options)
    return out.getvalue()


def opened(thumb: Thumb) -> Image.Image:
    image = Image.open(io.BytesIO(thumb.body))
    assert (thumb.content_type, image.size) == (
        THUMB_FORMATS[image.format or ""],
        (thumb.width, thumb.height),
    )
    image.load()
    return image


def name(pixel: object) -> str:
    """The named colour a pixel is nearest to, if it is near."""
    near = {
        word: max(abs(a - b) for a, b in zip(pixel[:3], colour, strict=True))  # type: ignore[index]
        for word, colour in NAMED.items()
    }
    best = min(near, key=near.__getitem__)
    return best if near[best] < 14 else str(pixel)


def corners(image: Image.Image, mode: str = "RGB") -> list[str]:
    """The colours of the four quarters, row by row."""
    image, (width, height) = image.convert(mode), image.size
    return [name(image.getpixel((width * x // 4, height * y // 4))) for y in (1, 3) for x in (1, 3)]
