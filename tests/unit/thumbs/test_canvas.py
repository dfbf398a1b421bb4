import pytest
from PIL import Image

from pocketfiles.thumbs.canvas import Canvas
from pocketfiles.thumbs.geometry import Box

CANVAS = Canvas(Image.new("RGBA", (2, 1), (9, 8, 7, 6)), Box(1, 1, 3, 2), (5, 4))


@pytest.mark.parametrize(
    ("box", "frame"),
    [
        (Box(0, 0, 5, 4), (1, 1, 3, 2)),
        (Box(2, 0, 5, 4), (0, 1, 1, 2)),
        (Box(1, 1, 3, 2), (0, 0, 2, 1)),
        (Box(3, 2, 5, 4), None),
    ],
)
def test_a_canvas_is_transparent_around_its_frame(
    box: Box,
    frame: tuple[int, int, int, int] | None,
) -> None:
    part = CANVAS.crop(box)
    assert part.size == box.size
    assert part.getchannel("A").getbbox() == frame
