"""A real client with the same hooks as ``MemoryDynamoDB``, for a few seeds on moto."""

from collections.abc import Callable, Iterator
from typing import Any

READS = {"get_item", "batch_get_item", "query"}
WRITES = {"put_item", "update_item", "delete_item"}


class HookedDynamoDB:
    """A low-level client that calls a hook before each read and each write."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.before_read: Callable[[], None] = lambda: None
        self.before_write: Callable[[str], None] = lambda _: None
        self.after_transaction: Callable[[], None] = lambda: None

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._client, name)
        if name in READS:
            return lambda **request: self._read(operation, request)
        if name in WRITES:
            return lambda **request: self._write(operation, request)
        return operation

    def _read(self, operation: Callable[..., Any], request: dict[str, Any]) -> Any:
        self.before_read()
        return operation(**request)

    def _write(self, operation: Callable[..., Any], request: dict[str, Any]) -> Any:
        self.before_write("item")
        return operation(**request)

    def transact_write_items(self, **request: Any) -> Any:
        self.before_write("transaction")
        answer = self._client.transact_write_items(**request)
        self.after_transaction()
        return answer

    def get_paginator(self, operation: str) -> "_Pages":
        hook = self.before_read if operation == "query" else lambda: None
        return _Pages(self._client.get_paginator(operation), hook)


class _Pages:
    def __init__(self, paginator: Any, before: Callable[[], None]) -> None:
        self._paginator = paginator
        self._before = before

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        self._before()
        yield from self._paginator.paginate(**request)
