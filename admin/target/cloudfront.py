"""Asking a CloudFront distribution to forget its copies."""

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from botocore.exceptions import ClientError

from ..errors import TargetError

MAX_PATHS = 1000
"""Paths in one invalidation; CloudFront allows 3,000 in progress at once."""

WILDCARD_SECONDS = 1.0
"""CloudFront takes one path with ``*`` a second."""

ATTEMPTS = 8
_BUSY = {"TooManyInvalidationsInProgress", "Throttling", "ThrottlingException"}


class Distribution:
    """Invalidates paths of one distribution, within CloudFront's rates."""

    def __init__(
        self, client: Any, distribution_id: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._id = distribution_id
        self._sleep = sleep

    def invalidate(self, paths: Sequence[str]) -> None:
        """Ask for the paths to be forgotten. Raises ``TargetError`` when CloudFront stays too
        busy."""
        wildcards = [path for path in paths if path.endswith("*")]
        exact = [path for path in paths if not path.endswith("*")]
        for start in range(0, len(exact), MAX_PATHS):
            self._send(exact[start : start + MAX_PATHS])
        for path in wildcards:
            self._send([path])
            self._sleep(WILDCARD_SECONDS)

    def _send(self, paths: list[str]) -> None:
        batch = {"Quantity": len(paths), "Items": paths}
        request = {"Paths": batch, "CallerReference": uuid.uuid4().hex}
        for attempt in range(ATTEMPTS):
            try:
                self._client.create_invalidation(DistributionId=self._id, InvalidationBatch=request)
            except ClientError as error:
                if error.response["Error"]["Code"] not in _BUSY:
                    raise
                self._sleep(2.0**attempt)
            else:
                return
        raise TargetError(
            f"CloudFront distribution {self._id} has too many invalidations in progress"
        )
