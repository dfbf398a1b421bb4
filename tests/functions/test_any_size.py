"""The cost of a file does not depend on its size: served from a store of simulated 5 GB objects."""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from files import build
from pocketfiles.catalogue.model import Collection, Field, Record
from pocketfiles.config import Settings
from pocketfiles.gateway import render
from pocketfiles.objects import Opened, SignedUrl, Stored
from pocketfiles.serve import FileService
from tests.fakes import MODIFIED, FakeTable, request

KIB, GIB = 1024, 1024**3
MANY = "bytes=" + ",".join(f"{10 * n}-{10 * n}" for n in range(40))
FILES = Collection(
    "c", "files", "base", (Field("f", "any", "file", max_select=9, thumbs=("8x8",)),), ""
)
RECORD = Record("c", "r", {"id": "r", "any": '["film.mp4","picture.jpg"]'})


@dataclass
class Sparse:
    """Objects of one size, full of zeros. ``read_bytes`` counts the bytes read."""

    size: int
    read_bytes: int = 0
    puts: list[str] = field(default_factory=list)

    def head(self, key: str) -> Stored | None:
        if "thumbs_" in key:
            return None
        kind = "image/jpeg" if key.endswith("jpg") else "video/mp4"
        return Stored(key, self.size, '"tag"', kind, MODIFIED)

    def fetch(self, key: str, wanted: Callable[[Stored], bool]) -> Opened | None:
        stored = self.head(key)
        if stored is None:
            return None
        return Opened(stored, self._zeros(stored.size) if wanted(stored) else None)

    def read(self, stored: Stored, first: int, last: int) -> bytes:
        return self._zeros(last - first + 1)

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        self.puts.append(key)
        return '"thumb"'

    def presign(
        self, key: str, seconds: int, overrides: dict[str, str], *, cross_origin: bool
    ) -> SignedUrl:
        return SignedUrl(f"https://bucket.test/{key}?signed", seconds)

    def _zeros(self, length: int) -> bytes:
        self.read_bytes += length
        return bytes(length)


def service(store: Sparse) -> FileService:
    return build.file_service(Settings(table_name=""), FakeTable([FILES], [RECORD]), store)


def peak(size: int, method: str, target: str, headers: dict[str, str]) -> tuple[int, int, int]:
    """The status, the bytes read from the store, and the peak memory of one request."""
    store = Sparse(size)
    files = service(store)
    name, _, query = target.partition("?")
    asked = request(method, f"/api/files/files/r/{name}", query, **headers)
    render(asked, files.answer(asked, 0.0))
    store.read_bytes = 0
    tracemalloc.start()
    reply = files.answer(asked, 0.0)
    render(asked, reply)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert store.puts == []
    return reply.status, store.read_bytes, most


@pytest.mark.parametrize(
    ("method", "target", "headers", "statuses"),
    [
        ("HEAD", "film.mp4", {}, (200, 200)),
        ("GET", "film.mp4", {}, (200, 302)),
        ("GET", "film.mp4?download=1", {}, (200, 302)),
        ("GET", "film.mp4", {"range": "bytes=0-4999"}, (206, 206)),
        ("GET", "film.mp4", {"range": "bytes=-5000"}, (206, 206)),
        ("GET", "film.mp4", {"range": "bytes=0-"}, (206, 302)),
        ("GET", "film.mp4", {"range": "bytes=0-9,4000-4999"}, (206, 206)),
        ("GET", "film.mp4", {"range": MANY}, (206, 302)),
        ("GET", "film.mp4", {"if_none_match": '"tag"'}, (304, 304)),
        ("GET", "film.mp4", {"if_match": '"other"'}, (412, 412)),
        ("HEAD", "picture.jpg", {"range": "bytes=0-"}, (206, 206)),
    ],
)
def test_a_five_gigabyte_file_costs_no_more_memory_than_a_small_one(
    method: str, target: str, headers: dict[str, str], statuses: tuple[int, int]
) -> None:
    small = peak(5 * KIB, method, target, headers)
    large = peak(5 * GIB, method, target, headers)
    assert (small[0], large[0]) == statuses
    assert large[1] <= small[1]
    assert large[2] <= small[2] + 4 * KIB


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_picture_too_large_for_a_thumb_is_never_read(method: str) -> None:
    status, read, most = peak(5 * GIB, method, "picture.jpg?thumb=8x8", {})
    assert (status, read) == (302 if method == "GET" else 200, 0)
    assert most < 64 * KIB
