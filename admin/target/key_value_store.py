"""CloudFront's key value store: which collections ``edge/request.js`` may take from the bucket."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pocketfiles.aws import code

from ..errors import EdgeError
from .cloudfront import edge_error

MAX_KEYS_PER_UPDATE = 50
"""CloudFront's limit for one ``UpdateKeys``, which is all or nothing. That many of the largest
entries are far below its other limit, 3 MB."""

ATTEMPTS = 5


class KeyValueStore:
    """Reads and writes one store through a ``cloudfront-keyvaluestore`` client.

    Every method raises ``EdgeError``.
    """

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self._arn = arn

    def read(self) -> dict[str, str]:
        """Every value by its key."""
        values = {}
        try:
            pages = self._client.get_paginator("list_keys").paginate(KvsARN=self._arn)
            for page in pages:
                for item in page.get("Items", ()):
                    values[item["Key"]] = item["Value"]
        except (ClientError, BotoCoreError) as error:
            raise self._failure(error) from error
        return values

    def remove(self, keys: set[str]) -> None:
        """Take those of the keys out that are there."""
        present = self.read().keys()
        self._delete(keys & present)

    def write(self, desired: Mapping[str, str]) -> set[str]:
        """Make the store hold exactly ``desired``; returns the keys that changed."""
        actual = self.read()
        gone = actual.keys() - desired.keys()
        changed = {key: value for key, value in desired.items() if actual.get(key) != value}
        self._delete(gone)
        self._put(changed)
        return {*gone, *changed}

    def _delete(self, keys: set[str]) -> None:
        for batch in _batches(keys):
            deletes = [{"Key": key} for key in batch]
            self._update({"Deletes": deletes})

    def _put(self, values: Mapping[str, str]) -> None:
        for batch in _batches(values):
            puts = [{"Key": key, "Value": values[key]} for key in batch]
            self._update({"Puts": puts})

    def _update(self, changes: Mapping[str, Any]) -> None:
        """Change the version that the store has now, again if that is not its version any more."""
        for _ in range(ATTEMPTS):
            if self._goes_through(changes):
                return
        raise EdgeError(
            f"key value store {self._arn} was changed by somebody else {ATTEMPTS} times",
            is_passing=True,
        )

    def _goes_through(self, changes: Mapping[str, Any]) -> bool:
        """Whether the store took the changes; not if somebody else changed it meanwhile."""
        try:
            description = self._client.describe_key_value_store(KvsARN=self._arn)
            version = description["ETag"]
            self._client.update_keys(KvsARN=self._arn, IfMatch=version, **changes)
        except (ClientError, BotoCoreError) as error:
            if code(error) == "ConflictException":
                return False
            raise self._failure(error) from error
        return True

    def _failure(self, error: ClientError | BotoCoreError) -> EdgeError:
        return edge_error(f"key value store {self._arn}", error)


def _batches(keys: Iterable[str]) -> Iterator[list[str]]:
    """The keys in order, as many at a time as one update takes."""
    rest = iter(sorted(keys))
    while batch := list(islice(rest, MAX_KEYS_PER_UPDATE)):
        yield batch
