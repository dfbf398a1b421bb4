"""Check that a request came through CloudFront, and find the client's address.

CloudFront adds a secret header. Without that check, clients could bypass CloudFront's cache,
firewall and limits by calling the API directly. CloudFront also adds the client's address.
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
    """Admits requests that have a valid secret, or all requests if there is no ``arn``.

    ``secrets`` returns the current value of the secret and, during a rotation, the previous one.
    They are cached for ``REFRESH_SECONDS`` of ``clock``.
    """

    def __init__(
        self, arn: str, secrets: Callable[[str], tuple[str, ...]], clock: Callable[[], float]
    ) -> None:
        self._arn = arn
        self._secrets = secrets
        self._clock = clock
        self._kept: tuple[float, tuple[str, ...]] | None = None

    def admit(self, request: Request) -> Request:
        """The request as the client sent it: with the client's address, and without the headers
        that CloudFront added, so that no view rule can read them. Raises ``Forbidden``.

        Without CloudFront, the request is returned unchanged: such headers are the client's own.
        """
        if not self._arn:
            return request
        shown = request.headers.get(HEADER, "").encode()
        # All are compared, so that the time does not reveal which one differs.
        matches = [
            hmac.compare_digest(shown, secret.encode()) for secret in self._current() if secret
        ]
        if not any(matches):
            raise Forbidden("not through the CDN")
        added = {HEADER, ADDRESS_HEADER}
        headers = {name: value for name, value in request.headers.items() if name not in added}
        viewer = _viewer(request.headers.get(ADDRESS_HEADER, ""))
        return replace(request, headers=headers, address=viewer or request.address)

    def _current(self) -> tuple[str, ...]:
        now = self._clock()
        if self._kept is None or now - self._kept[0] >= REFRESH_SECONDS:
            self._kept = (now, self._secrets(self._arn))
        return self._kept[1]


def _viewer(text: str) -> str:
    """The address in ``198.51.100.10:46532`` or ``2001:db8::1:46532``, with or without brackets.

    Empty for any other text.
    """
    address = text.rpartition(":")[0].removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""
