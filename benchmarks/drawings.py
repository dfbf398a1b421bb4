"""Drawings for the benchmark of thumbs: screenshots, charts, line art and logos, made from
numbers.

    python -m benchmarks.drawings [--rounds N]

measures their thumbs against sharp alone (``benchmarks.thumbs`` with these sources).
"""

import math
import random
import subprocess
import sys
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont

Size = tuple[int, int]
_LIGHT = 200

SCALE = 2
"""Shapes are drawn so many times larger, then reduced, which makes their edges smooth."""

WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "lazy", "dogs", "and", "wizards")
COLOURS = ((22, 163, 74), (220, 38, 38), (37, 99, 235))


def screenshot(size: Size) -> Image.Image:
    """A page with a bar, a list and a table of text."""
    width, height = size
    unit = width / 1280
    chance = random.Random(1)  # noqa: S311
    image = Image.new("RGB", size, (246, 247, 249))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width, 44 * unit), fill=(32, 41, 58))
    draw.text((16 * unit, 10 * unit), "Files", fill="white", font=_font(20 * unit))
    draw.rectangle((0, 44 * unit, 220 * unit, height), fill="white")
    for top in range(60, int(height / unit), 28):
        text = " ".join(chance.choices(WORDS, k=2))
        draw.text((20 * unit, top * unit), text, fill=(70, 80, 95), font=_font(14 * unit))
    for top in range(70, int(height / unit), 40):
        row = (240 * unit, top * unit, width - 20 * unit, (top + 34) * unit)
        draw.rectangle(row, fill="white", outline=(222, 226, 232))
        for left in range(252, 1120, 210):
            text = " ".join(chance.choices(WORDS, k=3))
            place = (left * unit, (top + 8) * unit)
            draw.text(place, text, fill=(40, 44, 52), font=_font(13 * unit))
        button = (width - 110 * unit, (top + 7) * unit, width - 34 * unit, (top + 27) * unit)
        draw.rounded_rectangle(button, 6 * unit, fill=chance.choice(COLOURS))
    return image


def chart(size: Size) -> Image.Image:
    """Lines and bars over a grid."""
    image, draw = _canvas("RGB", size, "white")
    width, height = image.size
    unit = width / 1280
    chance = random.Random(2)  # noqa: S311
    for number in range(11):
        top = height * (0.1 + 0.08 * number)
        draw.line((80 * unit, top, width - 40 * unit, top), fill=(225, 225, 225), width=SCALE)
        label = str(100 - 10 * number)
        draw.text((20 * unit, top - 8 * unit), label, fill=(90, 90, 90), font=_font(15 * unit))
    for colour in COLOURS:
        level = 50.0
        points = []
        for number in range(60):
            level = min(98, max(2, level + chance.uniform(-9, 9)))
            left = 80 * unit + number * (width - 120 * unit) / 59
            points.append((left, height * (0.9 - 0.008 * level)))
        draw.line(points, fill=colour, width=int(3 * unit), joint="curve")
    for number in range(24):
        left = (90 + 48 * number) * unit
        bar = (left, height * 0.9 - chance.uniform(10, 200) * unit, left + 30 * unit, height * 0.9)
        draw.rectangle(bar, fill=(148, 103, 189))
    return image.resize(size, Image.Resampling.LANCZOS)


def line_art(size: Size) -> Image.Image:
    """Thin black curves on white."""
    image, draw = _canvas("RGB", size, "white")
    width, height = image.size
    chance = random.Random(3)  # noqa: S311
    for _ in range(120):
        x, y = chance.uniform(0, width), chance.uniform(0, height)
        angle = chance.uniform(0, 7)
        points = [(x, y)]
        for _ in range(40):
            angle += chance.uniform(-0.5, 0.5)
            x += width / 60 * math.cos(angle)
            y += width / 60 * math.sin(angle)
            points.append((x, y))
        draw.line(points, fill=(20, 20, 20), width=max(1, width // 900), joint="curve")
    return image.resize(size, Image.Resampling.LANCZOS)


def logo(size: Size) -> Image.Image:
    """Plain shapes with smooth edges and a gradient, on a transparent ground."""
    image, draw = _canvas("RGBA", size, (0, 0, 0, 0))
    side = min(image.size)
    draw.ellipse((side * 0.1, side * 0.1, side * 0.9, side * 0.9), fill=(230, 57, 70, 255))
    draw.ellipse((side * 0.25, side * 0.25, side * 0.75, side * 0.75), fill=(29, 53, 87, 255))
    corners = [(side * 0.5, side * 0.15), (side * 0.85, side * 0.8), (side * 0.15, side * 0.8)]
    draw.polygon(corners, fill=(241, 250, 238, 200))
    place = (side * 0.3, side * 0.4)
    draw.text(place, "Logo", fill=(255, 200, 0, 255), font=_font(side * 0.2))
    gradient = Image.linear_gradient("L").resize((side // 5, image.height // 2))
    band = Image.new("RGBA", gradient.size, (69, 123, 157, 255))
    image.paste(band, (image.width - gradient.width, image.height // 4), gradient)
    return image.resize(size, Image.Resampling.LANCZOS)


def _canvas(
    mode: str,
    size: Size,
    colour: str | tuple[int, ...],
) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    width, height = size
    image = Image.new(mode, (SCALE * width, SCALE * height), colour)
    return image, ImageDraw.Draw(image)


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def translucent(image: Image.Image) -> Image.Image:
    """The drawing without its light ground."""
    ground = image.convert("L").point(lambda level: 255 - level if level > _LIGHT else 255)
    image = image.convert("RGBA")
    image.putalpha(ground)
    return image


DRAWINGS: dict[str, Callable[[Size], Image.Image]] = {
    "screenshot PNG": screenshot,
    "chart PNG": chart,
    "RGBA chart PNG": lambda size: translucent(chart(size)),
    "line art PNG": line_art,
    "RGBA line art PNG": lambda size: translucent(line_art(size)),
    "RGBA logo PNG": logo,
}
"""By the name of the benchmark's row."""


def main() -> None:
    """Measure thumbs of the drawings, and print the table."""
    options = ["--only", ",".join(DRAWINGS), "--engines", "ours,sharp", *sys.argv[1:]]
    measured = subprocess.run([sys.executable, "-m", "benchmarks.thumbs", *options], check=False)
    raise SystemExit(measured.returncode)


if __name__ == "__main__":
    main()
