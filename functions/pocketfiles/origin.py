"""Is the request come through the CDN, and whose is it? The CDN adds a secret header; without it the API
would be a way around the CDN's cache, its firewall and its limits. CloudFront tells the client's address too.
"""

import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import replace

from pocketfiles.errors import Forbidden
from pocketfiles.http.messages import Request

HEADER = "x-origin-secret"
ADDRESS_HEADER = "cloudfront-viewer-address"
REFRESH_SECONDS = 300


class Origin:
    """Admits requests that carry a current secret, or, without an ``arn``, all.

    ``secrets`` fetches the values of that secret: the newest, and, while a rotation is under way, the one
    before. They are kept ``REFRESH_SECONDS`` of ``clock``.
    """

    def __init__(
        self, arn: str, secrets: Callable[[str], tuple[str, ...]], clock: Callable[[], float]
    ) -> None:
        self._arn = arn
        self._secrets = secrets
        self._clock = clock
        self._kept: tuple[float, tuple[str, ...]] | None = None

    def admit(self, request: Request) -> Request:
        """The request as the client made it: from its own address, without what the CDN added, so that no
        rule can read that. Raises ``Forbidden``.

        Without a CDN it stays as it is: such headers are then like any others that a client may send.
        """
        if not self._arn:
            return request
        shown = request.headers.get(HEADER, "").encode()
        # All are compared, so that the time tells nothing of which one differed.
        matches = [
            hmac.compare_digest(shown, secret.encode()) for secret in self._current() if secret
        ]
        if not any(matches):
            raise Forbidden("not through the CDN")
        sent = {k: v for k, v in request.headers.items() if k not in {HEADER, ADDRESS_HEADER}}
        return replace(
            request,
            headers=sent,
            address=_viewer(request.headers.get(ADDRESS_HEADER, "")) or request.address,
        )

    def _current(self) -> tuple[str, ...]:
        now = self._clock()
        if self._kept is None or now - self._kept[0] >= REFRESH_SECONDS:
            self._kept = (now, self._secrets(self._arn))
        return self._kept[1]


def _viewer(text: str) -> str:
    """The address in ``198.51.100.10:46532`` or ``2001:db8::1:46532``, brackets or not; else nothing."""
    address = text.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""
