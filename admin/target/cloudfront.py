"""Asks a CloudFront distribution to invalidate its copies, and puts CloudFront's errors into
words."""

import time
import uuid
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from ..errors import EdgeError

MAX_PATHS = 1000
"""Paths in one invalidation; CloudFront allows 3,000 in progress at once."""

WILDCARD_SECONDS = 1.0
"""CloudFront takes one path with ``*`` a second."""

ATTEMPTS = 5
"""How often a busy distribution is asked, 15 seconds in all: less than the lease lasts."""

_BUSY = {
    "ConflictException",
    "Throttling",
    "ThrottlingException",
    "TooManyInvalidationsInProgress",
    "TooManyRequestsException",
}


class Distribution:
    """Invalidates paths of one distribution, within CloudFront's rates."""

    def __init__(
        self,
        client: Any,
        distribution_id: str,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._id = distribution_id
        self._sleep = sleep
        self._clock = clock
        self._next_wildcard = 0.0

    def invalidate(self, paths: Sequence[str]) -> None:
        """Ask for copies under the paths to be invalidated. Raises ``EdgeError``."""
        wildcards = [path for path in paths if path.endswith("*")]
        exact = [path for path in paths if not path.endswith("*")]
        for start in range(0, len(exact), MAX_PATHS):
            self._send(exact[start : start + MAX_PATHS])
        for path in wildcards:
            wait = self._next_wildcard - self._clock()
            if wait > 0:
                self._sleep(wait)
            self._send([path])
            self._next_wildcard = self._clock() + WILDCARD_SECONDS

    def _send(self, paths: list[str]) -> None:
        batch = {"Quantity": len(paths), "Items": paths}
        # The same reference at each attempt: CloudFront then counts one invalidation.
        request = {"Paths": batch, "CallerReference": uuid.uuid4().hex}
        for attempt in range(ATTEMPTS):
            try:
                self._client.create_invalidation(DistributionId=self._id, InvalidationBatch=request)
            except (ClientError, BotoCoreError) as error:
                failure = edge_error(f"CloudFront distribution {self._id}", error)
                if not failure.is_passing or attempt == ATTEMPTS - 1:
                    raise failure from error
            else:
                return
            self._sleep(2.0**attempt)


def edge_error(what: str, error: ClientError | BotoCoreError) -> EdgeError:
    """An error of CloudFront in words, and whether it may pass by itself."""
    if not isinstance(error, ClientError):
        is_passing = isinstance(error, ConnectionError | HTTPClientError)
        return EdgeError(f"{what}: {error}", is_passing=is_passing)
    code = error.response["Error"].get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_passing = code in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return EdgeError(f"{what}: {error}", is_passing=is_passing)
