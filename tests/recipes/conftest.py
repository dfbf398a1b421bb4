"""The real nginx and Caddy with the recipes' own files, in front of the API and of a PocketBase."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from local.gateway import Answer, Request
from tests.conftest import ROOT
from tests.serving import serving

RECIPES = ROOT / "deploy" / "recipes"
SECRET = "recipes-origin-secret-0123456789-0123456789"
SECRETS = json.dumps({"current": SECRET, "previous": ""})
START_SECONDS = 30

NGINX_MAIN = """
{user}daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/recipe.conf;
}}
"""


@dataclass
class PocketBase:
    """What the other paths reach; ``asked`` lists the requests."""

    asked: list[Request] = field(default_factory=list)

    def respond(self, request: Request) -> Answer:
        """Say so."""
        self.asked.append(request)
        body = b"PocketBase"
        return Answer(200, (("Content-Length", str(len(body))),), body)


@dataclass(frozen=True)
class Upstreams:
    """The ports of the API and of PocketBase, and what nginx' words for ten minutes become."""

    api: int
    pocketbase: int
    kept_for: str = "10m"


@dataclass(frozen=True)
class Proxy:
    """A running proxy."""

    port: int
    folder: Path

    def logged(self) -> str:
        """Everything that it wrote to any log."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))


def nginx_command(folder: Path, port: int, upstreams: Upstreams) -> list[str]:
    """Write the recipe's file for these ports; the command that starts nginx with it."""
    recipe = (RECIPES / "nginx.conf").read_text()
    for written, ours in (
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("https://API_HOST", f"http://127.0.0.1:{upstreams.api}"),
        ("API_HOST", "api.test"),
        ("ORIGIN_SECRET", SECRET),
        ("POCKETBASE", f"127.0.0.1:{upstreams.pocketbase}"),
        ("RESOLVER", "127.0.0.1"),
        ("/var/cache/nginx/pocketfiles", f"{folder}/cache"),
        ("/var/log/nginx", str(folder)),
        ("proxy_cache_valid 200 10m", f"proxy_cache_valid 200 {upstreams.kept_for}"),
    ):
        assert written in recipe
        recipe = recipe.replace(written, ours)
    (folder / "recipe.conf").write_text(recipe)
    user = "user root;\n" if os.getuid() == 0 else ""
    (folder / "main.conf").write_text(NGINX_MAIN.format(folder=folder, user=user))
    return ["nginx", "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/main.conf"]


def caddy_command(folder: Path, port: int, upstreams: Upstreams) -> list[str]:
    """Write the recipe's file for these ports; the command that starts Caddy with it."""
    recipe = (RECIPES / "Caddyfile").read_text()
    for written, ours in (
        ("https://API_HOST", f"http://127.0.0.1:{upstreams.api}"),
        ("API_HOST", "api.test"),
        ("POCKETBASE", f"127.0.0.1:{upstreams.pocketbase}"),
        ("\n{\n", "\n{\n\tadmin off\n"),
        ("your.host", f"http://:{port}"),
    ):
        assert written in recipe
        recipe = recipe.replace(written, ours)
    (folder / "Caddyfile").write_text(recipe)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


Command = Callable[[Path, int, Upstreams], list[str]]


def is_missing(program: str) -> pytest.MarkDecorator:
    """Skips a test where the program is not installed."""
    reason = f"{program} is not installed: its recipe is not tried"
    return pytest.mark.skipif(shutil.which(program) is None, reason=reason)


in_nginx, in_caddy = is_missing("nginx"), is_missing("caddy")
COMMANDS = [
    pytest.param(nginx_command, id="nginx", marks=in_nginx),
    pytest.param(caddy_command, id="Caddy", marks=in_caddy),
]


@contextmanager
def running(command: Command, folder: Path, upstreams: Upstreams) -> Iterator[Proxy]:
    """A proxy on a free port until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = {**os.environ, "ORIGIN_SECRET": SECRET, "HOME": str(folder)}
    with (folder / "output.log").open("w") as output:
        started = subprocess.Popen(
            command(folder, port, upstreams), stdout=output, stderr=output, env=environment
        )
        proxy = Proxy(port, folder)
        try:
            wait_for(proxy, started)
            yield proxy
        finally:
            started.terminate()
            started.wait(START_SECONDS)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def wait_for(proxy: Proxy, started: "subprocess.Popen[bytes]") -> None:
    """Until it accepts connections."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and started.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", proxy.port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"the proxy did not start: {proxy.logged()[-2000:]}")


@pytest.fixture(scope="module")
def pocketbase() -> PocketBase:
    """The PocketBase of the module's proxies."""
    return PocketBase()


@pytest.fixture(scope="module")
def pocketbase_port(pocketbase: PocketBase) -> Iterator[int]:
    """Where it listens."""
    with serving(pocketbase.respond) as port:
        yield port
