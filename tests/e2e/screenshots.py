"""A screenshot of a page, taken by the browser itself."""

import io
import subprocess
from pathlib import Path

from PIL import Image

from tests.e2e import devtools
from tests.e2e.browser import IN_CHROMIUM, PREFERENCES, Browser

SECONDS = 120


def screenshot(page: str, size: tuple[int, int], folder: Path, browser: Browser) -> Image.Image:
    """The page as the browser shows it in a window of that size, once all of it is loaded."""
    document = folder / "page.html"
    document.write_text(f"<!doctype html><meta charset=utf-8>{page}")
    take = _in_chromium if browser is IN_CHROMIUM else _in_firefox
    return take(document.as_uri(), size, folder, browser).convert("RGB")


def _in_chromium(url: str, size: tuple[int, int], folder: Path, _: Browser) -> Image.Image:
    with devtools.tab(folder) as tab:
        tab.show(*size)
        tab.open(url)
        tab.until("document.readyState === 'complete' && document.images.length")
        tab.run("Promise.allSettled([...document.images].map((image) => image.decode()))")
        return Image.open(io.BytesIO(tab.picture()))


def _in_firefox(url: str, size: tuple[int, int], folder: Path, browser: Browser) -> Image.Image:
    profile = folder / "profile"
    profile.mkdir()
    (profile / "user.js").write_text(PREFERENCES)
    shot = folder / "shot.png"
    command = [str(browser.program), "--headless", "--no-remote", "--profile", str(profile)]
    command += [f"--window-size={size[0]},{size[1]}", "--screenshot", str(shot), url]
    taken = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    assert shot.exists(), taken.stderr[-1000:]
    return Image.open(shot)
