"""The printed pictures in a real browser."""

import html
import io
import re
import shutil
import subprocess
import urllib.request
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.conftest import PATIENCE, Runner

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=20000",
    "--dump-dom",
)
SCRIPT = """<script>onload = () => { for (const image of document.images)
  image.alt = image.complete ? `${image.naturalWidth}x${image.naturalHeight}` : "pending"; }</script>"""


def shown(urls: list[str], folder: Path) -> list[str]:
    """What a browser makes of pictures: width and height, ``0x0`` for one it cannot show."""
    page = folder / "page.html"
    page.write_text(SCRIPT + "".join(f'<img src="{html.escape(url)}">' for url in urls))
    assert CHROMIUM is not None
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", page.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout
    return re.findall(r'alt="([^"]*)"', dom)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH: nothing is shown in a browser")
def test_a_browser_shows_the_printed_pictures(runner: Runner, tmp_path: Path) -> None:
    urls = [url for label, url in runner.lines.items() if label.startswith(("picture", "thumb"))]
    sizes = []
    for url in urls:
        with urllib.request.urlopen(url, timeout=30) as answer:
            width, height = Image.open(io.BytesIO(answer.read())).size
            sizes.append(f"{width}x{height}")
    assert len(sizes) == 7
    assert shown(urls, tmp_path) == sizes
