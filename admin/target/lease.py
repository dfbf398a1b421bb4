"""The lease of the table: one writer at a time, each with a number that only grows.

The lease is an item of the table. A writer renews it while it works; once it has expired, another
writer takes it over under the next number. Whatever a writer changes about the lease or the pointer
is conditional on its number, so that a writer that was paused and wakes after a takeover changes
neither.

The lease also lists the generations that were begun and not published. A late write of a writer
that lost the lease belongs to one of them, and the pointer of the next writer lists them as
abandoned, so no reader ever sees it.
"""

import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pocketfiles import keys
from pocketfiles.catalogue.generations import Item

from ..errors import LeaseHeld, LeaseLost
from . import process
from .table import Conflict, TargetTable, Update

LEASE_SECONDS = 60.0
"""How long a lease lasts without being renewed."""

RENEW_SECONDS = 15.0
"""How often a writer renews its lease."""

_MARGIN_SECONDS = 10.0
"""A writer stops this long before its lease ends, for calls that are on their way."""

_SK = "lease"


@dataclass(frozen=True)
class Held:
    """The lease as the table has it."""

    number: int = 0
    holder: str = ""
    process: str = ""
    expires: float = 0.0
    item: Item = field(default_factory=dict)
    begun: tuple[int, ...] = ()
    """Generations that were begun and not published."""

    @classmethod
    def of(cls, item: Item | None) -> "Held":
        """The lease of its item; nobody's if there is none."""
        if item is None:
            return cls()
        begun = tuple(int(number["N"]) for number in item["begun"]["L"])
        return cls(
            number=int(item["number"]["N"]),
            holder=item["holder"]["S"],
            process=item["process"]["S"],
            expires=float(item["expires"]["N"]),
            item=item,
            begun=begun,
        )


class Lease:
    """A writer's claim to the table."""

    def __init__(
        self, table: TargetTable, clock: Callable[[], float], process_name: str | None = None
    ) -> None:
        self._table = table
        self._clock = clock
        self._holder = f"process {os.getpid()} on {socket.gethostname()}"
        self._process = process.own() if process_name is None else process_name
        self._renewed_at = 0.0
        self.number = 0
        """This writer's number; 0 while it does not hold the lease."""

    def read(self) -> Held:
        """The lease as the table has it."""
        return Held.of(self._table.get(keys.LEASE, _SK))

    def acquire(self) -> Held:
        """Take the lease, and return what it was before.

        Raises ``LeaseHeld`` while another writer holds it. A writer whose process is known to have
        ended holds it no longer.
        """
        before = self.read()
        now = self._clock()
        if before.expires > now and not process.is_over(before.process):
            seconds = before.expires - now
            raise LeaseHeld(
                f"{before.holder} writes to this table; its lease ends in {seconds:.0f} s "
                "unless it is renewed, as by `sync --watch` or `make run` with --watch"
            )
        # Nothing of the lease may have changed since: a renewal, or a generation begun, counts.
        expected = {name: before.item.get(name) for name in ("number", "begun", "expires")}
        try:
            self._table.update(self._update(before.number + 1, before.begun, expected))
        except Conflict as error:
            raise LeaseHeld("another writer has just taken the lease of this table") from error
        self.number = before.number + 1
        self._renewed_at = now
        return before

    def renew(self, *, begun: Iterable[int] | None = None) -> None:
        """Make the lease last longer, and list the generations begun. Raises ``LeaseLost``."""
        now = self._clock()
        try:
            self._table.update(self.update(begun))
        except Conflict as error:
            self.number = 0
            raise LeaseLost("another writer has taken over the lease of this table") from error
        self._renewed_at = now

    def keep(self) -> None:
        """Renew the lease if it is time. Raises ``LeaseLost``."""
        if self._clock() - self._renewed_at >= RENEW_SECONDS:
            self.renew()

    def require(self) -> None:
        """Raise ``LeaseLost`` unless this writer may still write."""
        age = self._clock() - self._renewed_at
        if not self.number or not 0 <= age < LEASE_SECONDS - _MARGIN_SECONDS:
            self.number = 0
            raise LeaseLost("the lease of this table was not renewed in time")

    def release(self) -> None:
        """Let the next writer have the lease at once."""
        if self.number:
            expected = {"number": _number(self.number)}
            ended: dict[str, Any] = {"expires": {"N": "0"}}
            with suppress(Conflict):  # somebody else has it already
                self._table.update(Update(keys.LEASE, _SK, ended, expected=expected))
            self.number = 0

    def update(self, begun: Iterable[int] | None) -> Update:
        """The renewal as part of a transaction; ``None`` leaves the generations begun as they
        are."""
        return self._update(self.number, begun, {"number": _number(self.number)})

    def _update(self, number: int, begun: Iterable[int] | None, expected: dict[str, Any]) -> Update:
        values: dict[str, Any] = {
            "number": _number(number),
            "holder": {"S": self._holder},
            "process": {"S": self._process},
            "expires": {"N": repr(self._clock() + LEASE_SECONDS)},
        }
        if begun is not None:
            values["begun"] = {"L": [_number(generation) for generation in begun]}
        return Update(keys.LEASE, _SK, values, expected=expected)


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}
