"""The printed pictures in a real browser."""

import html
import io
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.browser import CHROMIUM, reported_by
from tests.e2e.conftest import Runner

SCRIPT = """<script>onload = () => tell(
  [...document.images].map((image) => `${image.naturalWidth}x${image.naturalHeight}`)
);</script>"""


@pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the PATH: nothing is shown in a browser"
)
def test_a_browser_shows_the_printed_pictures(runner: Runner, tmp_path: Path) -> None:
    urls = [url for label, url in runner.lines.items() if label.startswith(("picture", "thumb"))]
    sizes = []
    for url in urls:
        with urllib.request.urlopen(url, timeout=30) as answer:
            width, height = Image.open(io.BytesIO(answer.read())).size
            sizes.append(f"{width}x{height}")
    assert len(sizes) == 7
    page = SCRIPT + "".join(f'<img src="{html.escape(url)}">' for url in urls)
    assert reported_by(page, tmp_path) == sizes  # 0x0 is a picture that cannot be shown
