"""CloudFront's key value store: which collections ``edge/request.js`` may take from the bucket."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

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
        try:
            pages = self._client.get_paginator("list_keys").paginate(KvsARN=self._arn)
            return {item["Key"]: item["Value"] for page in pages for item in page.get("Items", ())}
        except (ClientError, BotoCoreError) as error:
            raise self._failure(error) from error

    def remove(self, keys: set[str]) -> None:
        """Take those of the keys out that are there."""
        self._update({}, keys & self.read().keys())

    def write(self, desired: Mapping[str, str]) -> set[str]:
        """Make the store hold exactly ``desired``; returns the keys that changed."""
        actual = self.read()
        gone = actual.keys() - desired.keys()
        changed = {key: value for key, value in desired.items() if actual.get(key) != value}
        self._update(changed, gone)
        return {*gone, *changed}

    def _update(self, changed: Mapping[str, str], gone: set[str]) -> None:
        for keys in _batches(sorted(gone)):
            self._send({"Deletes": [{"Key": key} for key in keys]})
        for keys in _batches(sorted(changed)):
            self._send({"Puts": [{"Key": key, "Value": changed[key]} for key in keys]})

    def _send(self, changes: Mapping[str, Any]) -> None:
        """One update against the store's current version, tried again when that has changed."""
        for _ in range(ATTEMPTS):
            try:
                version = self._client.describe_key_value_store(KvsARN=self._arn)["ETag"]
                self._client.update_keys(KvsARN=self._arn, IfMatch=version, **changes)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConflictException":
                    raise self._failure(error) from error
            except BotoCoreError as error:
                raise self._failure(error) from error
            else:
                return
        raise EdgeError(
            f"key value store {self._arn} was changed by somebody else {ATTEMPTS} times",
            is_passing=True,
        )

    def _failure(self, error: ClientError | BotoCoreError) -> EdgeError:
        return edge_error(f"key value store {self._arn}", error)


def _batches(keys: list[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while batch := list(islice(rest, MAX_KEYS_PER_UPDATE)):
        yield batch
