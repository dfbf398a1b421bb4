"""Closing a collection at CloudFront, also while CloudFront does not answer."""

import json
from typing import Any

from admin.errors import EdgeError
from admin.target.edge import CLOSE_SECONDS, NO_EDGE, Edge


def value(collection_id: str, *, is_open: bool = True) -> str:
    return json.dumps({"id": collection_id, "open": is_open})


class BusyStore:
    """A key value store whose updates fail ``failures`` times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.is_passing = True
        self.attempts = 0
        self.values = {"photos": value("pbc_1")}

    def read(self) -> dict[str, str]:
        return self.values

    def remove(self, keys: set[str]) -> None:
        self.attempts += 1
        if self.failures:
            self.failures -= 1
            raise EdgeError("busy", is_passing=self.is_passing)
        for key in keys:
            del self.values[key]


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def edge(store: Any, time: Time) -> Edge:
    return Edge(None, store, lambda: time.now, time.sleep)


def test_a_collection_that_is_no_longer_open_is_found() -> None:
    found = edge(BusyStore(0), Time()).to_close({"photos": value("pbc_1", is_open=False)})
    assert found == {"photos": "pbc_1"}
    assert edge(BusyStore(0), Time()).to_close({"photos": value("pbc_1")}) == {}


def test_a_name_that_another_open_collection_takes_over_leaves_the_store_first() -> None:
    store = BusyStore(0)
    store.values = {"photos": value("pbc_1"), "pbc_1": value("pbc_1")}
    found = edge(store, Time()).to_close({"photos": value("pbc_2"), "pbc_2": value("pbc_2")})
    assert found == {"photos": "pbc_1", "pbc_1": "pbc_1"}


def test_a_busy_store_is_tried_again() -> None:
    store = BusyStore(3)
    edge(store, Time()).remove({"photos"})
    assert store.values == {}


def test_a_store_that_stays_busy_holds_nothing_back_for_long() -> None:
    time = Time()
    edge(BusyStore(10**6), time).remove({"photos"})
    assert CLOSE_SECONDS <= time.now <= CLOSE_SECONDS + 2


def test_a_store_that_refuses_is_asked_once() -> None:
    store, time = BusyStore(10**6), Time()
    store.is_passing = False
    edge(store, time).remove({"photos"})
    assert (store.attempts, time.now) == (1, 0)


def test_a_store_that_cannot_be_read_holds_nothing_back() -> None:
    class Unreadable(BusyStore):
        def read(self) -> dict[str, str]:
            raise EdgeError("busy", is_passing=True)

    time = Time()
    assert edge(Unreadable(0), time).to_close({}) == {}
    assert time.now <= CLOSE_SECONDS + 2


def test_without_cloudfront_nothing_is_asked() -> None:
    assert NO_EDGE.to_close({}) == {}
    NO_EDGE.remove({"photos"})
    NO_EDGE.publish({})
    NO_EDGE.invalidate(["/a/*"])
