"""Thumbs beside their originals: each browser shows both alike.

A page has every picture of the gallery in a row: the original, scaled to the thumb's size, then its
thumbs in the original's own format, as WebP and as AVIF. A screenshot of it is compared in tiles of
ten pixels, in which the filters of browsers and thumbs make no difference. Each picture states how
far its thumbs may be off.
"""

import base64
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops, ImageStat

from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import parse
from tests.e2e.browser import Browser, in_each_browser
from tests.e2e.gallery import THUMB, Picture, pictures
from tests.e2e.screenshots import screenshot

FORMATS = ("", "webp", "avif")
CELL = 150
TILE = 10
ROWS_AT_A_TIME = 20


@dataclass(frozen=True)
class Cell:
    """Where a file is on the page; the first column has the original."""

    picture: Picture
    column: int
    row: int
    size: tuple[int, int]
    content_type: str
    data: bytes

    @property
    def box(self) -> tuple[int, int, int, int]:
        left, top = self.column * CELL, self.row * CELL
        return left, top, left + self.size[0], top + self.size[1]

    @property
    def element(self) -> str:
        left, top, _, _ = self.box
        width, height = self.size
        data = base64.b64encode(self.data).decode()
        style = f"left:{left}px;top:{top}px;width:{width}px;height:{height}px"
        return f'<img style="{style}" src="data:{self.content_type};base64,{data}">'


def cells(some: list[Picture]) -> list[list[Cell]]:
    """A row for each picture: its original, then its thumbs."""
    rows = []
    for row, picture in enumerate(some):
        thumbs = [render(picture.data, parse(THUMB), format_name=name) for name in FORMATS]
        size = (thumbs[0].width, thumbs[0].height)
        original = Cell(picture, 0, row, size, picture.content_type, picture.data)
        rows.append(
            [
                original,
                *(
                    Cell(picture, column, row, size, thumb.content_type, thumb.body)
                    for column, thumb in enumerate(thumbs, 1)
                ),
            ]
        )
    return rows


def shown(rows: list[list[Cell]], folder: Path, browser: Browser) -> Image.Image:
    elements = "".join(cell.element for row in rows for cell in row)
    style = "<style>body{margin:0;background:white}img{position:absolute}</style>"
    size = (CELL * (1 + len(FORMATS)), CELL * ROWS_AT_A_TIME)
    return screenshot(f"{style}{elements}", size, folder, browser)


def difference(page: Image.Image, one: Cell, other: Cell) -> float:
    """The largest difference of a channel, on average over the tiles."""
    first, second = (page.crop(cell.box).reduce(TILE) for cell in (one, other))
    return max(ImageStat.Stat(ImageChops.difference(first, second)).mean)


@in_each_browser
def test_a_thumb_looks_as_its_original_does(browser: Browser, tmp_path: Path) -> None:
    gallery = pictures()
    differences = {}
    for start in range(0, len(gallery), ROWS_AT_A_TIME):
        folder = tmp_path / str(start)
        folder.mkdir()
        rows = cells(gallery[start : start + ROWS_AT_A_TIME])
        page = shown(rows, folder, browser)
        for original, *thumbs in rows:
            for thumb in thumbs:
                name = f"{thumb.picture.name} as {thumb.content_type}"
                off = difference(page, original, thumb)
                differences[name] = (off, thumb.picture.most_in(browser.name))
    unlike = {name: off for name, (off, most) in differences.items() if off > most}
    assert unlike == {}
