"""A frame that does not cover its picture."""

from PIL import Image

from pocketfiles.thumbs.geometry import Box, Size


class Canvas:
    """A frame on a transparent canvas, as a ``resample.Picture``.

    The canvas is empty around the frame, whatever background colour a GIF names: so it is in
    browsers.
    """

    def __init__(
        self,
        frame: Image.Image,
        place: Box,
        size: Size,
    ) -> None:
        self.size = size
        self._frame = frame
        self._place = place

    def crop(self, box: Box) -> Image.Image:
        """The pixels in that box, in RGBA."""
        part = Image.new("RGBA", box.size)
        left = max(box.left, self._place.left)
        top = max(box.top, self._place.top)
        right = min(box.right, self._place.right)
        bottom = min(box.bottom, self._place.bottom)
        if left < right and top < bottom:
            seen = Box(left, top, right, bottom)
            pixels = self._frame.crop(seen.moved(-self._place.left, -self._place.top))
            part.paste(pixels, (left - box.left, top - box.top))
        return part
