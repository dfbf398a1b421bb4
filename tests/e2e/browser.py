"""Chromium and Firefox, with a page of ours that tells what it found."""

import json
import shutil
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest

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
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
PREFERENCES = """
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("media.autoplay.default", 0);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("toolkit.telemetry.reportingpolicy.firstRun", false);
"""


def _chromium(profile: Path, url: str) -> list[str]:
    return [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", url]


def _firefox(profile: Path, url: str) -> list[str]:
    profile.mkdir(parents=True)
    (profile / "user.js").write_text(PREFERENCES)
    return [str(FIREFOX), "--headless", "--no-remote", "--profile", str(profile), url]


@dataclass(frozen=True)
class Browser:
    """A browser, and the command that shows a URL with a new profile."""

    name: str
    program: str | None
    command: Callable[[Path, str], list[str]]

    def __str__(self) -> str:
        return self.name


IN_CHROMIUM = Browser("Chromium", CHROMIUM, _chromium)
BROWSERS = (IN_CHROMIUM, Browser("Firefox", FIREFOX, _firefox))

in_each_browser = pytest.mark.parametrize(
    "browser",
    [
        pytest.param(
            each,
            id=each.name,
            marks=pytest.mark.skipif(
                each.program is None, reason=f"no {each.name} on the PATH: nothing is shown in it"
            ),
        )
        for each in BROWSERS
    ],
)
"""Runs a test once with each browser."""

TELL = """<script>
const tell = (found) => fetch("/", {method: "POST", body: JSON.stringify(found)});
onerror = (message) => tell({error: String(message)});
onunhandledrejection = (event) => tell({error: String(event.reason)});
</script>"""


def reported_by(
    page: str, folder: Path, browser: Browser = IN_CHROMIUM, seconds: float = 60, worker: str = ""
) -> Any:
    """Show ``page`` in a browser and return what its scripts pass to ``tell``. ``worker``: the
    script of a service worker at ``/worker.js``."""
    document = f"<!doctype html><meta charset=utf-8>{TELL}{page}"
    pages = {"/": ("text/html", document), "/worker.js": ("text/javascript", worker)}
    reported: SimpleQueue[Any] = SimpleQueue()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content_type, text = pages.get(self.path, ("text/html", ""))
            body = text.encode()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", content_type)
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
        assert browser.program is not None
        url = f"http://127.0.0.1:{server.server_port}/"
        shown = subprocess.Popen(
            browser.command(folder / "profile", url),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return reported.get(timeout=seconds)
        except Empty:
            raise AssertionError("the page reported nothing") from None
        finally:
            shown.terminate()
            shown.wait(30)
            server.shutdown()
            thread.join()
