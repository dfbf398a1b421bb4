"""Check the hop that a request came from, and find the client's address.

CloudFront adds a secret header. Without that check, clients could bypass CloudFront's cache,
firewall and limits by calling the API directly. CloudFront also adds the client's address, and
behind it no other header says who the client is. Without CloudFront, ``X-Forwarded-For`` counts as
far as proxies of the operator's own wrote it.

The template gives the secret to the functions in an environment variable and to CloudFront as a
header, by the same dynamic reference. So no request depends on Secrets Manager.
"""

import hmac
import ipaddress
import json
from collections.abc import Iterable
from dataclasses import replace

from pocketfiles.addresses import Network, client_behind
from pocketfiles.errors import Forbidden
from pocketfiles.http.messages import Request

HEADER = "x-origin-secret"
ADDRESS_HEADER = "cloudfront-viewer-address"
FORWARDED_HEADER = "x-forwarded-for"

MIN_SECRET_LENGTH = 32
"""Shorter values are never accepted: they are placeholders, or empty."""

SUSPICIOUS_REFUSALS = 20
"""After that many wrong secrets in a row, CloudFront itself probably has another secret."""


def accepted_secrets(text: str) -> tuple[str, ...] | None:
    """The values to accept, given the secret as JSON: ``{"current": "…", "previous": "…"}``.

    ``previous`` is the value before a rotation. ``None`` for an empty text: there is no CloudFront.
    A text without usable values gives an empty tuple, so that nothing is accepted.
    """
    if not text:
        return None
    try:
        secret = json.loads(text)
        values = [secret.get("current"), secret.get("previous")]
    except (ValueError, AttributeError, RecursionError):
        return ()
    return tuple(
        value for value in values if isinstance(value, str) and len(value) >= MIN_SECRET_LENGTH
    )


class Origin:
    """Admits requests that have one of the ``secrets``; all requests if ``secrets`` is ``None``.

    ``proxies``: the operator's reverse proxies, where there is no CloudFront.
    """

    def __init__(self, secrets: tuple[str, ...] | None, proxies: Iterable[Network] = ()) -> None:
        self._secrets = secrets
        self._proxies = tuple(proxies)
        self._refused_in_a_row = 0

    def admit(self, request: Request) -> Request:
        """The request as the client sent it: with the client's address, and without the headers
        that CloudFront added, so that no view rule can read them. Raises ``Forbidden``.

        Without CloudFront, all headers are the client's own or a proxy's, and stay.
        """
        if self._secrets is None:
            forwarded_for = request.headers.get(FORWARDED_HEADER, "")
            client = client_behind(request.address, forwarded_for, self._proxies)
            return replace(request, address=client)
        self._check(request.headers.get(HEADER, ""))
        added = {HEADER, ADDRESS_HEADER}
        headers = {name: value for name, value in request.headers.items() if name not in added}
        viewer = _viewer(request.headers.get(ADDRESS_HEADER, ""))
        return replace(request, headers=headers, address=viewer)

    def _check(self, shown: str) -> None:
        """Raise ``Forbidden`` unless ``shown`` is one of the secrets."""
        if not self._secrets:
            raise Forbidden("the functions have no origin secret", operator_must_act=True)
        if not shown:
            raise Forbidden("not through the CDN")
        # All are compared, so that the time does not reveal which one differs.
        matches = [hmac.compare_digest(shown.encode(), secret.encode()) for secret in self._secrets]
        if not any(matches):
            self._refused_in_a_row += 1
            is_suspicious = self._refused_in_a_row >= SUSPICIOUS_REFUSALS
            raise Forbidden("a wrong origin secret", operator_must_act=is_suspicious)
        self._refused_in_a_row = 0


def _viewer(text: str) -> str:
    """The address in ``198.51.100.10:46532`` or ``2001:db8::1:46532``, with or without brackets.

    Empty for any other text.
    """
    address = text.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""
