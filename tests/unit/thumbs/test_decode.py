import struct
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from pocketfiles.thumbs import libvips, libwebp
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import parse
from tests.unit.thumbs.pictures import UPRIGHT, blocks, corners, opened, written

FUNCTIONS = Path(libvips.__file__).parents[2]


def test_without_a_libwebp_to_call_pillow_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(blocks(), "WEBP", lossless=True)
    direct = opened(render(data, parse("60x40")))
    monkeypatch.setattr(libwebp, "load", lambda: None)
    assert corners(opened(render(data, parse("60x40")))) == corners(direct) == UPRIGHT


@pytest.mark.parametrize("to", ["JPEG", "PNG"])
def test_without_libvips_pillow_decodes(to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(blocks(1800, 1200), to)
    direct = opened(render(data, parse("1200x0")))
    monkeypatch.setattr(libvips, "load", lambda: None)
    assert corners(opened(render(data, parse("1200x0")))) == corners(direct) == UPRIGHT


def test_only_the_four_formats_are_loaded() -> None:
    """In a process of its own, so that no other test has loaded more."""
    data = written(blocks(), "JPEG")
    program = (
        "import sys\n"
        "from pocketfiles.thumbs.render import render\n"
        "from pocketfiles.thumbs.size import parse\n"
        "render(sys.stdin.buffer.read(), parse('30x30'))\n"
        "pillow = [name for name in sys.modules if name.startswith('PIL.')]\n"
        "print(sorted(name for name in pillow if 'ImagePlugin' in name))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        input=data,
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(FUNCTIONS)},
    )
    assert b"Tiff" not in answer.stdout
    assert b"Mpo" not in answer.stdout


def test_around_a_smaller_first_frame_a_gif_is_empty() -> None:
    frame = written(Image.new("L", (20, 20), 250), "GIF")
    canvas = frame[:6] + struct.pack("<HH", 40, 40) + frame[10:]
    thumb = opened(render(canvas, parse("40x40f"))).convert("RGBA")
    assert thumb.getpixel((10, 10)) == (250, 250, 250, 255)
    assert thumb.getpixel((30, 30))[3] == 0  # type: ignore[index]
