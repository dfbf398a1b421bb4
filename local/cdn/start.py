"""The local edge in front of a local API, over the runner's own bucket and catalogue."""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from admin.errors import AdminError
from local.cdn.bucket import BucketOrigin
from local.cdn.cache import Cache
from local.cdn.distribution import Distribution
from local.cdn.functions import EdgeFunctions
from local.cdn.invalidations import Invalidations
from local.cdn.policy import Policy
from local.gateway import Answer, Request

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PUBLISH_SECONDS = 1.0
"""How old the key value store may become before the catalogue is read for it again."""


class Publisher:
    """Keeps the key value store in step with the catalogue, read at most once in a second."""

    def __init__(
        self,
        functions: EdgeFunctions,
        desired: Callable[[], Mapping[str, str]],
        clock: Callable[[], float],
    ) -> None:
        self._functions = functions
        self._desired = desired
        self._clock = clock
        self._published: Mapping[str, str] | None = None
        self._read_at = 0.0

    def publish(self) -> None:
        """Bring the store up to date when it is due."""
        now = self._clock()
        if self._published is not None and now - self._read_at < PUBLISH_SECONDS:
            return
        self._read_at = now
        desired = self._desired()
        if desired != self._published:
            self._functions.publish(desired)
            self._published = desired


@contextmanager
def edge(
    functions_folder: Path,
    rules: Policy,
    files: "tuple[S3Client, str]",
    store: Callable[[], Mapping[str, str]],
    api: Callable[[Request], Answer],
    invalidations: Invalidations,
) -> Iterator[Callable[[Request], Answer]]:
    """An application that answers through the edge. ``files``: a client, and the bucket's name.
    ``store``: what the key value store should hold. ``invalidations`` reach the edge's cache.

    Raises ``AdminError`` when Node is missing.
    """
    node = shutil.which("node")
    if node is None:
        raise AdminError("--cdn runs the edge functions in Node: install Node 18 or newer")
    with EdgeFunctions(node, functions_folder) as functions:
        publisher = Publisher(functions, store, time.monotonic)
        cache = Cache(time.monotonic, rules.default_ttl)
        invalidations.add(cache.invalidate)
        distribution = Distribution(functions, cache, BucketOrigin(*files), api, rules)

        def respond(request: Request) -> Answer:
            publisher.publish()
            return distribution.respond(request)

        yield respond
