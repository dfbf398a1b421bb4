"""The client's IP address, and from which addresses superusers may come (pocketbase.md §2.6)."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from pocketfiles.catalogue.model import Settings

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def client_address(headers: Mapping[str, str], peer: str, settings: Settings) -> Address | None:
    """The client's address: the first one in a trusted proxy header, or else the peer's.

    ``headers`` have lower-case names. API Gateway joins repeated headers by commas.
    """
    for name in settings.proxy_headers:
        candidates = headers.get(name.lower(), "").split(",")
        for candidate in candidates if settings.leftmost_ip else reversed(candidates):
            address = _parse(candidate.strip())
            if address is not None:
                return address
    return _parse(peer)


def superuser_may_come_from(address: Address | None, settings: Settings) -> bool:
    """Whether the list of superuser addresses is empty or contains this address."""
    if not settings.superuser_ips:
        return True
    return address is not None and _contains(settings.superuser_ips, address)


def _contains(entries: Iterable[str], address: Address) -> bool:
    for entry in entries:
        try:
            if address in ipaddress.ip_network(entry.strip(), strict=False):
                return True
        except ValueError:
            continue  # an entry that is not a network matches no address
    return False


def _parse(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
