"""Requests of ``admin`` that are not for AWS go through the environment's proxy, too."""

from http.server import BaseHTTPRequestHandler

import pytest
import urllib3

from admin.comparison.client import Client, Rate
from admin.errors import AdminError
from admin.proxies import pool_for
from tests.serving import answering


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def proxy_of(pool: urllib3.PoolManager) -> str:
    return str(pool.proxy) if isinstance(pool, urllib3.ProxyManager) else ""


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({}, "https://files.test", ""),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://files.test", "http://proxy:3128"),
        ({"HTTPS_PROXY": "proxy:3128"}, "https://files.test", "http://proxy:3128"),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://files.test", ""),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".test"}, "https://files.test", ""),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://localhost:8090", ""),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://127.0.0.2", ""),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://[::1]:8090", ""),
        ({"HTTPS_PROXY": "http://[fd00::1]:3128"}, "https://files.test", "http://[fd00::1]:3128"),
        ({"ALL_PROXY": "http://proxy:3128"}, "https://files.test", "http://proxy:3128"),
        (
            {"ALL_PROXY": "http://other:1", "HTTP_PROXY": "http://proxy"},
            "http://files.test",
            "http://proxy:80",
        ),
    ],
)
def test_the_environment_names_the_proxy(
    environment: dict[str, str], url: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(pool_for(url)) == expected


def test_a_proxy_gets_the_name_and_password_of_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:s%40crt@proxy:3128")
    pool = pool_for("https://files.test")
    assert isinstance(pool, urllib3.ProxyManager)
    assert proxy_of(pool) == "http://proxy:3128"
    assert pool.proxy_headers == {"Proxy-Authorization": "Basic YWRhOnNAY3J0"}


@pytest.mark.parametrize(
    "address", ["socks5://proxy:1080", "https://proxy:3128", "http://proxy:many", "http://[", "//"]
)
def test_a_proxy_that_cannot_be_used_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(AdminError, match=r"proxy for files.test is not of the form http://host"):
        pool_for("https://files.test")


def test_a_proxy_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    client = Client("https://files.test", Rate(1000), connections=1)
    with pytest.raises(AdminError, match="does not answer: Unable to connect to proxy: HTTPS"):
        client.require_answer()


def test_a_redirect_has_a_proxy_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(Redirecting) as origin:
        monkeypatch.setenv("HTTP_PROXY", origin)
        client = Client(origin, Rate(1000), connections=1)
        answer = client.ask("GET", "/api/files/large", {})
    assert (answer.status, answer.length) == (200, len("http://bucket.test/large"))
    assert answer.redirect_headers is not None


class Redirecting(BaseHTTPRequestHandler):
    """As a server, sends to a bucket; as a proxy, answers with the URL that it is asked for."""

    def do_GET(self) -> None:
        is_proxy = self.path.startswith("http://")
        self.send_response(200 if is_proxy else 302)
        self.send_header("Location", "http://bucket.test/large")
        self.end_headers()
        self.wfile.write(self.path.encode() if is_proxy else b"")

    def log_message(self, *arguments: object) -> None:
        pass
