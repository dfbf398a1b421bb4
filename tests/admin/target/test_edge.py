"""Closing a collection at CloudFront, also while CloudFront does not answer."""

import json
from typing import Any

from admin.errors import TargetError
from admin.target.edge import CLOSE_SECONDS, NO_EDGE, Edge


class BusyStore:
    """A key value store whose updates fail ``failures`` times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.values = {"photos": json.dumps({"id": "pbc_1", "open": True})}

    def read(self) -> dict[str, str]:
        return self.values

    def remove(self, keys: set[str]) -> None:
        if self.failures:
            self.failures -= 1
            raise TargetError("busy")
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
    found = edge(BusyStore(0), Time()).closing({"photos": json.dumps({"open": False})})
    assert found == {"photos": "pbc_1"}
    still = {"photos": json.dumps({"open": True})}
    assert edge(BusyStore(0), Time()).closing(still) == {}


def test_a_busy_store_is_tried_again() -> None:
    store = BusyStore(3)
    edge(store, Time()).close({"photos"})
    assert store.values == {}


def test_a_store_that_stays_busy_holds_nothing_back_for_long() -> None:
    time = Time()
    edge(BusyStore(10**6), time).close({"photos"})
    assert CLOSE_SECONDS <= time.now <= CLOSE_SECONDS + 2


def test_without_cloudfront_nothing_is_asked() -> None:
    assert NO_EDGE.closing({}) == {}
    NO_EDGE.close({"photos"})
    NO_EDGE.open({})
    NO_EDGE.invalidate(["/a/*"])
