"""The client's IP address, and from which addresses superusers may come (pocketbase.md §2.6)."""

import ipaddress
from collections.abc import Iterable
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """The networks in a list of addresses and CIDR blocks separated by commas. Raises
    ``ValueError``."""
    entries = [entry.strip() for entry in text.split(",")]
    return tuple(ipaddress.ip_network(entry, strict=False) for entry in entries if entry)


def client_behind(peer: str, forwarded_for: str, proxies: Iterable[Network]) -> str:
    """The client's address, given the peer's and ``X-Forwarded-For``.

    Every hop appends the address it was called from to that header, so it counts only as far as
    trusted ``proxies`` wrote it: the client is the last address in it that is not one of them. What
    the client itself put there comes before that. Empty if that address cannot be read.
    """
    trusted = tuple(proxies)
    hops = [hop.strip() for hop in forwarded_for.split(",")] if forwarded_for else []
    client = peer
    while _is_in(client, trusted) and hops:
        client = hops.pop()
    return client if _parse(client) else ""


def superuser_may_come_from(address: str, listed: Iterable[str]) -> bool:
    """Whether ``listed``, addresses and networks, is empty or contains this address."""
    entries = tuple(listed)
    if not entries:
        return True
    return any(_is_listed(address, entry) for entry in entries)


def _is_listed(address: str, entry: str) -> bool:
    try:
        network = ipaddress.ip_network(entry.strip(), strict=False)
    except ValueError:
        return False  # an entry that is not a network matches no address
    return _is_in(address, [network])


def _is_in(text: str, where: Iterable[Network]) -> bool:
    address = _parse(text)
    return address is not None and any(address in network for network in where)


def _parse(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
