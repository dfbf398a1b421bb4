"""What Chromium or Firefox shows of picture files, as Pillow images, through a page on this machine
alone."""

import io
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

SIDE = 256
"""Longest side of the images that are returned; the browser scales larger pictures down."""

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FIREFOX = ("firefox-esr", "firefox")

_FIREFOX_PREFERENCES = """
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
"""

PAGE = """<!doctype html><script type="module">
const count = %d, side = %d;
for (let number = 0; number < count; number++) {
  const image = new Image();
  const loaded = new Promise(done => { image.onload = image.onerror = done; });
  image.src = `/file/${number}`;
  try {
    await loaded;
    const {naturalWidth: width, naturalHeight: height} = image;
    const scale = Math.min(1, side / Math.max(width, height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise(done => canvas.toBlob(done, "image/png"));
    await fetch(`/shown/${number}/${width}x${height}`, {method: "POST", body: blob});
  } catch (error) {
    await fetch(`/refused/${number}/${error.name}`, {method: "POST"});
  }
}
await fetch("/done/", {method: "POST"});
</script>"""


class Shown:
    """A picture as the browser shows it: its size, and its pixels scaled to at most ``SIDE``."""

    def __init__(self, size: tuple[int, int], image: Image.Image) -> None:
        self.size = size
        self.image = image


def find(names: Sequence[str]) -> str | None:
    """The path of ``CHROMIUM`` or ``FIREFOX``; None if it is not installed."""
    return next((path for name in names if (path := shutil.which(name))), None)


class _Server(ThreadingHTTPServer):
    """Serves the page and the files, and keeps what the page sends back."""

    def __init__(self, files: Sequence[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = files
        self.found: list[Shown | None] = [None] * len(files)
        self.done = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        """Send the page or a file."""
        number = self.path.removeprefix("/file/")
        if self.path == "/":
            page = PAGE % (len(self.server.files), SIDE)
            self._answer(page.encode(), "text/html; charset=utf-8")
        elif number.isdigit():
            self._answer(self.server.files[int(number)])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """Keep what is shown, or that all is done."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind, _, rest = self.path[1:].partition("/")
        number, _, size = rest.partition("/")
        if kind == "shown":
            width, height = size.split("x")
            image = Image.open(io.BytesIO(body)).convert("RGBA")
            self.server.found[int(number)] = Shown((int(width), int(height)), image)
        elif kind == "done":
            self.server.done.set()
        self._answer(b"", "text/plain")

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def _answer(self, body: bytes, content_type: str = "") -> None:
        self.send_response(200)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def shown(files: Sequence[bytes], program: str, seconds: float = 300) -> list[Shown | None]:
    """Each file as the browser shows it; None for those that it refuses."""
    server = _Server(files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = _started(program, f"http://127.0.0.1:{server.server_port}/", Path(profile))
        server.done.wait(seconds)
        browser.terminate()
        with suppress(subprocess.TimeoutExpired):
            browser.wait(10)
        browser.kill()
        browser.wait()
    server.shutdown()
    server.server_close()
    return server.found


def _started(program: str, address: str, profile: Path) -> subprocess.Popen[bytes]:
    is_firefox = Path(program).name in FIREFOX
    command = _firefox(program, profile) if is_firefox else _chromium(program, profile)
    return subprocess.Popen(
        [*command, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _chromium(program: str, profile: Path) -> list[str]:
    return [
        program,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--force-color-profile=srgb",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
    ]


def _firefox(program: str, profile: Path) -> list[str]:
    (profile / "user.js").write_text(_FIREFOX_PREFERENCES)
    return [program, "--headless", "--no-remote", "--profile", str(profile)]
