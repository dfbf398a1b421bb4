"""The proxy that requests go through, by the environment, as with curl."""

import base64
from dataclasses import dataclass
from http.client import HTTP_PORT
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from .errors import AdminError
from .hosts import is_this_machine
from .wording import os_error


@dataclass(frozen=True)
class Proxy:
    """A proxy that is spoken to in HTTP. ``headers`` hold its user's name and password."""

    host: str
    port: int
    headers: dict[str, str]

    @property
    def url(self) -> str:
        """Its address, without the user."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"


def proxy_for(url: str) -> Proxy | None:
    """The proxy to the host of a URL: ``HTTPS_PROXY``, ``HTTP_PROXY`` or ``ALL_PROXY``.

    There is none to a host that ``NO_PROXY`` names, and none to this machine, which no proxy
    reaches. Raises ``AdminError`` for a proxy that is not spoken to in HTTP.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all", "")
    if not address or is_this_machine(host) or proxy_bypass(host):
        return None
    try:
        proxy = urlsplit(address if "://" in address else f"http://{address}")
        port = proxy.port or HTTP_PORT
        is_usable = proxy.scheme == "http" and bool(proxy.hostname)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise AdminError(f"the environment's proxy for {host} is not of the form http://host:port")
    return Proxy(str(proxy.hostname), port, _authorization(proxy))


def pool_for(url: str, **options: Any) -> urllib3.PoolManager:
    """Connections to the host of a URL, through its proxy if there is one.

    ``options`` are those of urllib3's ``PoolManager``. Raises ``AdminError``.
    """
    proxy = proxy_for(url)
    if proxy is None:
        return urllib3.PoolManager(**options)
    return urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers, **options)


def in_words(error: urllib3.exceptions.HTTPError) -> str:
    """Why a request of a pool failed."""
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, urllib3.exceptions.ProxyError):
        return f"{reason.args[0]}: {reason.original_error}"
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        refused = reason.__cause__
        return os_error(refused) if isinstance(refused, OSError) else str(reason)
    return str(reason)


def _authorization(proxy: SplitResult) -> dict[str, str]:
    """The header for the user in a proxy's address (RFC 7617)."""
    if proxy.username is None:
        return {}
    user = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(user.encode()).decode()}"}
