"""Chromium, with a page of ours that tells what it found."""

import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
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
    "--autoplay-policy=no-user-gesture-required",
)
TELL = """<script>
const tell = (found) => fetch("/", {method: "POST", body: JSON.stringify(found)});
onerror = (message) => tell({error: String(message)});
onunhandledrejection = (event) => tell({error: String(event.reason)});
</script>"""


def reported_by(page: str, folder: Path, seconds: float = 60) -> Any:
    """Show ``page`` in Chromium and return what its scripts pass to ``tell``."""
    reported: SimpleQueue[Any] = SimpleQueue()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/"
            body = f"<!doctype html><meta charset=utf-8>{TELL}{page}".encode() if found else b""
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            reported.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        assert CHROMIUM is not None
        url = f"http://127.0.0.1:{server.server_port}/"
        browser = subprocess.Popen(
            [
                CHROMIUM,
                *FLAGS,
                f"--user-data-dir={folder / 'profile'}",
                "--remote-debugging-port=0",
                url,
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return reported.get(timeout=seconds)
        except Empty:
            raise AssertionError("the page reported nothing") from None
        finally:
            browser.terminate()
            browser.wait(30)
            server.shutdown()
            thread.join()
