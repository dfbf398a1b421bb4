"""The proxy that requests go through, by the environment, as with any other HTTP client."""

from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3


def pool_for(url: str, **options: Any) -> urllib3.PoolManager:
    """Connections to the host of a URL, through ``HTTPS_PROXY`` or ``HTTP_PROXY`` unless
    ``NO_PROXY`` names the host. ``options`` are those of urllib3's ``PoolManager``.
    """
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme, "")
    if not proxy or proxy_bypass(parts.hostname or ""):
        return urllib3.PoolManager(**options)
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    return urllib3.ProxyManager(proxy, **options)
