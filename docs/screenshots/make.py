"""Makes the pictures of the page that the README shows: ``python docs/screenshots/make.py``.

Needs Chromium. Starts the service with the demo data, and photographs the page as a desktop and a
phone show it, light and dark.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "functions"), str(ROOT)]

from tests.e2e.conftest import start, stop  # noqa: E402 - found by the line above
from tests.e2e.devtools import Tab, tab  # noqa: E402

PICTURE = "#/file/photos/photo0000000002/hero_1m1al7dkg1.jpg"
DECISION = "#/explain?url=/api/files/documents/doc000000000000/file_0_jr7qyn9hd0.txt"
LOADED = "[...document.images].slice(0, 6).every((each) => each.naturalWidth > 0)"
DESKTOP = (1280, 980)
TALL = (1280, 1340)
PHONE = (390, 844)
SHOTS = (
    ("desktop", PICTURE, TALL, False),
    ("dark", DECISION, DESKTOP, True),
    ("phone", "#/files/photos", PHONE, False),
)


def shoot(page: Tab, base: str, name: str, place: str, size: tuple[int, int], dark: bool) -> None:
    """Write one picture beside this file."""
    page.show(*size, dark=dark)
    page.open("about:blank")
    page.open(f"{base}/{place}")
    page.until(f"document.body && document.body.dataset.shown === {place!r} && {LOADED}")
    picture = Image.open(io.BytesIO(page.picture())).convert("RGB")
    path = Path(__file__).parent / f"{name}.webp"
    picture.save(path, quality=72, method=6)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def main() -> None:
    """Make all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        runner = start(Path(folder) / "log", "--port", "8090")
        try:
            with tab(Path(folder)) as page:
                for name, place, size, dark in SHOTS:
                    shoot(page, runner.base, name, place, size, dark)
        finally:
            stop(runner)


if __name__ == "__main__":
    main()
