"""Which requests come from this machine's own pages and programs, and not from a page elsewhere.

A page in a browser can send requests to this machine. ``Origin`` says where the page comes from,
``Host`` which name it used. A foreign name that leads here (DNS rebinding) is refused; an IP
address cannot be such a name.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ..hosts import is_address, is_this_machine


def is_local(headers: Mapping[str, str]) -> bool:
    """Whether a request may come from this machine. ``headers`` with lower-case names."""
    if not _is_own_name(headers.get("host", "")):
        return False
    return _is_own_origin(headers.get("origin"))


def is_own_page(headers: Mapping[str, str]) -> bool:
    """Whether a request may come from this very origin, or from no page at all."""
    host = headers.get("host", "")
    is_link = headers.get("sec-fetch-mode") == "navigate"  # whose answer no page can read
    comes_from_here = headers.get("sec-fetch-site", "none") in {"none", "same-origin"}
    return (
        _is_own_name(host)
        and headers.get("origin") in {None, f"http://{host}"}
        and (is_link or comes_from_here)
    )


def _is_own_origin(origin: str | None) -> bool:
    """Whether a page of this machine, of whatever port, sent the request."""
    if origin is None:
        return True
    return is_this_machine(_hostname(origin))


def _is_own_name(host: str) -> bool:
    name = _hostname(f"//{host}")
    return is_this_machine(name) or is_address(name)


def _hostname(url: str) -> str:
    """A URL's host, or an empty text where there is none or the URL is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # such as brackets without an IPv6 address
        return ""
