"""Drawings and photographs that are made as they are needed."""

import random
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tests.unit.thumbs.pictures import blocks

SIZE = (640, 480)


def photograph() -> Image.Image:
    """Soft shapes with a little grain, as cameras give them."""
    shapes = noise((40, 30)).resize(SIZE, Image.Resampling.BICUBIC)
    grain = noise(SIZE).filter(ImageFilter.GaussianBlur(0.6))
    return Image.blend(shapes, grain, 0.1)


def cut_out() -> Image.Image:
    """A photograph behind a transparent frame."""
    picture = photograph().convert("RGBA")
    disc = Image.radial_gradient("L").point(lambda level: 255 if level < 230 else 0)
    picture.putalpha(disc.resize(SIZE))
    return picture


def text() -> Image.Image:
    """Words in colours."""
    chance = random.Random(1)
    image = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(image)
    for top in range(2, SIZE[1], 16):
        for left in range(2, SIZE[0], 60):
            colour = tuple(chance.randrange(200) for _ in "RGB")
            word = "".join(chance.choices("abcdefgh", k=7))
            draw.text((left, top), word, fill=colour, font=ImageFont.load_default(13))
    return image


def cells() -> Image.Image:
    """Squares of many colours."""
    return noise((64, 48)).resize(SIZE, Image.Resampling.NEAREST)


def noise(size: tuple[int, int]) -> Image.Image:
    """Colours by chance, but the same each time."""
    width, height = size
    chance = random.Random(2)
    return Image.frombytes("RGB", size, chance.randbytes(3 * width * height))


def smooth_map() -> Image.Image:
    """A heat map whose colours were interpolated."""
    return noise((24, 18)).resize(SIZE, Image.Resampling.BICUBIC)


def gradient() -> Image.Image:
    bands = [Image.linear_gradient("L").rotate(turn).resize(SIZE) for turn in (0, 90, 180)]
    return Image.merge("RGB", bands)


def flat() -> Image.Image:
    return Image.new("RGB", SIZE, (7, 80, 9))


DRAWINGS: dict[str, Callable[[], Image.Image]] = {
    "text": text,
    "cells": cells,
    "smooth map": smooth_map,
    "gradient": gradient,
    "flat": flat,
    "blocks": lambda: blocks(*SIZE),
}
"""By name; each is larger than an icon."""

PHOTOGRAPHS: dict[str, Callable[[], Image.Image]] = {
    "soft": photograph,
    "cut out": cut_out,
}
