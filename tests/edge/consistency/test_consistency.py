"""What goes away goes away at the edge, whatever is slow and whoever dies.

``EDGE_SEEDS=1000 python -m pytest tests/edge/consistency`` tries that many runs.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from admin.sync import invalidation
from admin.sync.elsewhere import Elsewhere
from admin.sync.invalidation import CLOSED, INVALIDATE, REMOVED, SECONDS_BETWEEN
from admin.sync.mirror import Mirror
from admin.target.edge import Edge
from admin.target.table import TargetTable
from local.cdn import policy
from local.cdn.functions import EdgeFunctions
from tests.conftest import ROOT
from tests.edge.consistency.data import State, Table
from tests.edge.consistency.world import MemorySync, Parts, World, Wrong

NODE = shutil.which("node")
SEEDS = int(os.environ.get("EDGE_SEEDS", "24"))
MOST_SEEDS = 50
"""The most runs in which a protection that is missing must show."""

FIRST_SEED = {"a wait": 100}
"""Where to begin with a protection that hardly ever shows, so that few runs are needed."""

POLICY = policy.read((ROOT / "template.yaml").read_text())

pytestmark = pytest.mark.skipif(NODE is None, reason="Node is not installed")


@pytest.fixture(scope="module")
def functions() -> Iterator[EdgeFunctions]:
    with EdgeFunctions(str(NODE), ROOT / "edge") as running:
        yield running


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_deleted_or_closed_is_served_past_the_delays(
    seed: int, functions: EdgeFunctions, tmp_path: Path
) -> None:
    world = World(seed, functions, POLICY, tmp_path)
    world.run()
    assert world.answers > 100


@pytest.mark.parametrize(
    ("collection_id", "name"), [("beta", "beta"), ("Id_Two", "id_two")], ids=["same", "other case"]
)
def test_nothing_is_served_under_an_id_that_becomes_the_name_of_an_older_collection(
    collection_id: str, name: str, functions: EdgeFunctions, tmp_path: Path
) -> None:
    records = {"r1": {"file": "file1.txt", "extra": ""}}
    younger = Table(collection_id, "gamma", frozenset({"extra"}), records)
    before = State((Table("id_one", "alpha"), younger))
    after = State((Table("id_one", name), younger))
    World(0, functions, POLICY, tmp_path).change(before, after)


class ClosesLast(Edge):
    """Leaves the store as it is until the data is published."""

    def to_close(self, desired: Mapping[str, str]) -> dict[str, str]:
        return {}


class ClosesByKey(Edge):
    """Takes a name for open that another open collection is to have."""

    def to_close(self, desired: Mapping[str, str]) -> dict[str, str]:
        found = super().to_close(desired)
        return {key: value for key, value in found.items() if key not in desired}


class NotesNothing(TargetTable):
    """Loses what is noted before an object is deleted."""

    def put(self, item: Any) -> None:
        if not item["sk"]["S"].startswith(INVALIDATE):
            super().put(item)


class StartsAnew(Mirror):
    """Does not go on with what a run before has left."""

    def add_items(self, items: Iterable[Any], *more: Any) -> None:
        super().add_items(
            (item for item in items if not item["sk"]["S"].startswith(INVALIDATE)), *more
        )


class UploadsAtOnce(MemorySync):
    """Uploads the new files of a collection that is being closed."""

    def _steps(self, verdict: Any, closing: Any = None) -> Any:
        return super()._steps(verdict)


WITHOUT = {
    "closing first": Parts(edge=ClosesLast),
    "closing a name that is taken over": Parts(edge=ClosesByKey),
    "pending entries written first": Parts(table=NotesNothing),
    "resumption": Parts(mirror=StartsAnew),
    "uploads that wait": Parts(sync=UploadsAtOnce),
    "a short life by name": Parts(cdn_direct=False),
    "a wait": Parts(),
    "a second invalidation": Parts(),
    "grouping": Parts(),
    "closed fields": Parts(),
    "views": Parts(),
}


def take_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take out what no part of a run stands for."""
    if name == "a wait":
        monkeypatch.setitem(SECONDS_BETWEEN, REMOVED, (0.0,))  # type: ignore[arg-type] - a dict
    if name == "a second invalidation":
        monkeypatch.setitem(SECONDS_BETWEEN, REMOVED, ())  # type: ignore[arg-type] - a dict
        monkeypatch.setitem(SECONDS_BETWEEN, CLOSED, ())  # type: ignore[arg-type] - a dict
    if name == "grouping":
        monkeypatch.setattr(invalidation, "MAX_RECORDS_BY_NAME", 10**6)
    if name == "closed fields":
        monkeypatch.setattr(invalidation, "less_public", lambda *_: set())
    if name == "views":
        monkeypatch.setattr(Elsewhere, "entries_of_item", lambda *_: ())
        monkeypatch.setattr(Elsewhere, "entries_of_file", lambda *_: ())


@pytest.mark.parametrize("name", WITHOUT)
def test_without_a_protection_something_is_served(
    name: str, functions: EdgeFunctions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_out(name, monkeypatch)
    first = FIRST_SEED.get(name, 0)
    for seed in range(first, first + MOST_SEEDS):
        try:
            World(seed, functions, POLICY, tmp_path, WITHOUT[name]).run()
        except Wrong:
            return
    pytest.fail(f"{MOST_SEEDS} runs without {name} showed nothing")
