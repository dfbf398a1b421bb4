"""A thumb's pixels, packed as libvips has them or in an image of Pillow.

Pillow keeps RGB in four bytes a pixel, libvips in three. Going from one to the other takes a
twentieth of a small thumb's time, so pixels stay as they are until the other form is needed.
"""

from dataclasses import dataclass
from itertools import chain

from PIL import Image

from pocketfiles.thumbs.geometry import Box, Size

_UNCHANGED = bytes(range(256))


@dataclass(frozen=True)
class Raster:
    """Pixels without metadata, in L, LA, RGB, RGBA or CMYK (Pillow's names).

    ``held``: the pixels row by row, eight bits a channel, with nothing between them; or an image.
    """

    mode: str
    size: Size
    held: bytes | Image.Image

    @classmethod
    def of(cls, image: Image.Image) -> "Raster":
        """The pixels of an image, whose metadata are removed."""
        image.info = {}  # no profile, no comment, no EXIF
        return cls(image.mode, image.size, image)

    @property
    def bands(self) -> tuple[str, ...]:
        """The names of the channels, of which A is alpha."""
        return Image.getmodebandnames(self.mode)

    @property
    def has_alpha(self) -> bool:
        """Whether pixels may be transparent."""
        return "A" in self.bands

    @property
    def pixels(self) -> int:
        """How many there are."""
        width, height = self.size
        return width * height

    @property
    def row_length(self) -> int:
        """Bytes of a row."""
        width, _ = self.size
        return width * len(self.bands)

    @property
    def image(self) -> Image.Image:
        """An image of Pillow; a new one each time if the pixels are packed."""
        if isinstance(self.held, bytes):
            return Image.frombytes(self.mode, self.size, self.held)
        return self.held

    @property
    def packed(self) -> bytes:
        """The packed pixels; packed anew each time if an image is held."""
        return self.held if isinstance(self.held, bytes) else self.held.tobytes()

    def part(self, box: Box) -> bytes:
        """The packed pixels in ``box``."""
        if not isinstance(self.held, bytes):
            return self.held.crop(box).tobytes()
        bytes_per_pixel = len(self.bands)
        length = (box.right - box.left) * bytes_per_pixel
        first = box.top * self.row_length + box.left * bytes_per_pixel
        starts = range(first, box.bottom * self.row_length, self.row_length)
        return b"".join([self.held[start : start + length] for start in starts])

    def every(self, step: int) -> Image.Image:
        """An image of each ``step``-th row, or of one if there are not so many."""
        width, height = self.size
        size = (width, max(1, height // step))
        if isinstance(self.held, bytes):
            stride = step * self.row_length
            return Image.frombytes(self.mode, size, self.held, "raw", self.mode, stride, 1)
        return self.held.resize(size, Image.Resampling.NEAREST)

    def mapped(self, levels: bytes) -> "Raster":
        """With each level of a colour replaced by the one at its place in ``levels``; alpha
        stays."""
        if isinstance(self.held, bytes) and not self.has_alpha:
            return Raster(self.mode, self.size, self.held.translate(levels))
        tables = [_UNCHANGED if band == "A" else levels for band in self.bands]
        return Raster.of(self.image.point(list(chain.from_iterable(tables))))
