"""Proves that CloudFront can read an existing bucket, before any collection is open at the edge.

Whether the bucket's policy and region are right shows only in an answer through CloudFront, and
what S3 answers otherwise may be cached. So an object of its own is asked for first, in a folder
that is the only one open at that time. Once it has arrived, the store says so, for this bucket.
"""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from ..proxies import in_words, pool_for
from .key_value_store import KeyValueStore

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "pocketfiles-probe"
"""Stands for the collection and the record of the object that is asked for."""

MARKER = "#bucket"
"""The store's key that says which bucket has been proved. No path can name it."""

WAIT_SECONDS = 60.0
"""How long the first attempt of a process waits for the store to reach the edge."""

_POLL_SECONDS = 5.0
_TIMEOUT = urllib3.Timeout(connect=5, read=10)

Fetch = Callable[[str], tuple[int, bytes]]
"""The status and the body under a URL; redirects are not followed. Raises ``OSError``."""


def fetch(url: str) -> tuple[int, bytes]:
    """Ask over HTTP."""
    try:
        answer = pool_for(url).request("GET", url, redirect=False, retries=False, timeout=_TIMEOUT)
    except urllib3.exceptions.HTTPError as error:
        raise OSError(in_words(error)) from error
    return answer.status, answer.data


@dataclass
class BucketProbe:
    """Asks for an object of one bucket through one distribution.

    ``url``: the origin at which files are served. ``warn`` is told once why nothing is open.
    """

    s3: "S3Client"
    bucket: str
    url: str
    warn: Callable[[str], None]
    fetch: Fetch = fetch
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    has_failed: bool = False
    """Whether an earlier attempt waited in vain; later ones ask once."""

    def published(self, store: KeyValueStore, desired: Mapping[str, str]) -> dict[str, str]:
        """What the store may hold of what is ``desired``: nothing open until the probe succeeds.

        Raises ``EdgeError``.
        """
        marker = json.dumps({"id": "", "open": False, "bucket": self.bucket})
        if store.read().get(MARKER) != marker:
            waiting = {key: _closed(value) for key, value in desired.items()} | {FOLDER: _PROBE}
            store.write(waiting)
            if not self._succeeds():
                return waiting
        return {**desired, MARKER: marker}

    def _succeeds(self) -> bool:
        name = f"{uuid.uuid4().hex}.txt"  # a name of its own: nothing of it can be cached
        key = f"{FOLDER}/{FOLDER}/{name}"
        try:
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=name.encode())
            reason = self._reason_against(f"{self.url}/api/files/{key}", name.encode())
            self.s3.delete_object(Bucket=self.bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            reason = f"no object can be stored there to ask for: {error}"
        if reason and not self.has_failed:
            self.warn(
                f"CloudFront does not read the bucket {self.bucket} yet ({reason}), so the "
                "functions serve all files: add the stack's output BucketPolicyStatement to the "
                "bucket's policy and check ExistingBucketRegion; the next sync tries again"
            )
        self.has_failed = bool(reason)
        return not reason

    def _reason_against(self, url: str, expected: bytes) -> str:
        """Why the bucket is not proved; empty once it is."""
        deadline = self.clock() + (0.0 if self.has_failed else WAIT_SECONDS)
        while True:
            try:
                status, body = self.fetch(url)
            except OSError as error:
                return f"no answer: {error}"
            if (status, body) == (HTTPStatus.OK, expected):
                return ""
            if self.clock() >= deadline or status == HTTPStatus.MOVED_PERMANENTLY:
                return f"status {status}"
            self.sleep(_POLL_SECONDS)


_PROBE = json.dumps({"id": FOLDER, "name": FOLDER, "open": True, "all": [], "some": []})


def _closed(value: str) -> str:
    return json.dumps({**json.loads(value), "open": False}, separators=(",", ":"))
