"""Requests of ``admin`` that are not for AWS go through the environment's proxy, too."""

import pytest
import urllib3

from admin.proxies import pool_for


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
    ],
)
def test_the_environment_names_the_proxy(
    environment: dict[str, str], url: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(pool_for(url)) == expected
