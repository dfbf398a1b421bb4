"""CloudFront's key value store: which collections ``edge/request.js`` may take from the bucket."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from ..errors import TargetError

MAX_KEYS_PER_UPDATE = 50
"""CloudFront's limit for one ``UpdateKeys``, which is all or nothing."""

ATTEMPTS = 5


class KeyValueStore:
    """Reads and writes one store through a ``cloudfront-keyvaluestore`` client."""

    def __init__(self, client: Any, arn: str) -> None:
        self._client = client
        self._arn = arn

    def read(self) -> dict[str, str]:
        """Every value by its key."""
        pages = self._client.get_paginator("list_keys").paginate(KvsARN=self._arn)
        return {item["Key"]: item["Value"] for page in pages for item in page.get("Items", ())}

    def remove(self, keys: set[str]) -> None:
        """Take keys out. Raises ``TargetError`` when somebody else keeps changing the store."""
        self._update([], [{"Key": key} for key in sorted(keys)])

    def write(self, desired: Mapping[str, str]) -> set[str]:
        """Make the store hold exactly ``desired``; returns the keys that changed.

        Raises ``TargetError`` when somebody else keeps changing the store.
        """
        actual = self.read()
        gone = sorted(actual.keys() - desired.keys())
        changed = sorted(key for key, value in desired.items() if actual.get(key) != value)
        puts = [{"Key": key, "Value": desired[key]} for key in changed]
        self._update(puts, [{"Key": key} for key in gone])
        return {*gone, *changed}

    def _update(self, puts: list[dict[str, str]], deletes: list[dict[str, str]]) -> None:
        for batch in _batches(deletes):
            self._send({"Deletes": batch})
        for batch in _batches(puts):
            self._send({"Puts": batch})

    def _send(self, changes: Mapping[str, Any]) -> None:
        """One update against the store's current version, tried again when that has changed."""
        for _ in range(ATTEMPTS):
            version = self._client.describe_key_value_store(KvsARN=self._arn)["ETag"]
            try:
                self._client.update_keys(KvsARN=self._arn, IfMatch=version, **changes)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConflictException":
                    raise
            else:
                return
        raise TargetError(
            f"key value store {self._arn} was changed by somebody else {ATTEMPTS} times"
        )


def _batches(entries: list[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    rest = iter(entries)
    while batch := list(islice(rest, MAX_KEYS_PER_UPDATE)):
        yield batch
