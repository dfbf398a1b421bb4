from dataclasses import replace

import pytest

from pocketfiles import keys
from pocketfiles.catalogue.cached import ATTEMPTS, Catalogue, snapshot_of
from pocketfiles.catalogue.generations import UNVERSIONED, Pointer
from pocketfiles.catalogue.model import Collection, Collections, Field, Record, Settings
from pocketfiles.errors import Denied, Outdated, Overloaded, Refusal, StorageUnavailable
from tests.clock import Clock
from tests.fakes import POINTER, FakeTable

OWNER = Field("f1", "owner", "relation", collection_id="pbc_users")
USERS = Collection("pbc_users", "users", "auth")
PAPERS = Collection("pbc_papers", "papers", "base", (OWNER,))
ADA = Record("pbc_users", "ada", {"id": "ada"})
FIRST = Record("pbc_papers", "p1", {"owner": "ada"})


class Failing(FakeTable):
    """A table whose pointer cannot be read while ``failure`` is set."""

    failure: Refusal | None = None

    def pointer(self) -> Pointer:
        found = super().pointer()
        if self.failure:
            raise self.failure
        return found


def table(pointer: Pointer = POINTER) -> Failing:
    return Failing([USERS, PAPERS], [ADA, FIRST], Settings(superuser_ips=("x",)), pointer)


@pytest.mark.parametrize(
    ("ttl", "seconds", "reads"), [(5, 4.9, 1), (5, 5, 2), (5, 60, 2), (0, 0, 2)]
)
def test_public_requests_read_the_pointer_once_in_a_while_and_the_catalogue_when_it_changed(
    ttl: float, seconds: float, reads: int
) -> None:
    reader, clock = table(), Clock()
    catalogue = Catalogue(reader, ttl, clock)
    assert catalogue.recent().collections.find("USERS") == USERS
    clock.now += seconds
    assert catalogue.recent().settings.superuser_ips == ("x",)
    assert reader.calls.count(("pointer",)) == reads
    assert reader.calls.count(("catalogue",)) == 1
    reader.current = replace(POINTER, generation=2, catalogue=2)
    catalogue.current()
    assert reader.calls.count(("catalogue",)) == 2


def test_what_is_protected_reads_the_pointer_each_time() -> None:
    reader = table()
    catalogue = Catalogue(reader, 5, Clock())
    first = catalogue.current()
    assert catalogue.current() is first
    reader.current = replace(POINTER, generation=2)
    assert catalogue.current().pointer.generation == 2
    assert reader.calls == [("pointer",), ("catalogue",), ("pointer",), ("pointer",)]


def test_a_pointer_that_was_read_for_the_same_request_is_good_enough() -> None:
    reader, clock = table(), Clock()
    catalogue = Catalogue(reader, 5, clock)
    started = catalogue.now()
    clock.now += 0.001
    assert catalogue.current(since=started) is catalogue.recent()
    assert reader.calls.count(("pointer",)) == 1


def test_a_table_of_format_1_has_its_catalogue_read_when_its_time_is_over() -> None:
    reader, clock = table(UNVERSIONED), Clock()
    catalogue = Catalogue(reader, 5, clock)
    catalogue.current()
    catalogue.current()
    assert reader.calls.count(("catalogue",)) == 1
    clock.now += 5
    before = catalogue.current().collections
    assert reader.calls.count(("catalogue",)) == 2
    assert catalogue.current().collections is before


def test_a_reload_that_changes_nothing_keeps_the_collections() -> None:
    reader = table()
    catalogue = Catalogue(reader, 5, Clock())
    before = catalogue.current().collections
    reader.current = replace(POINTER, generation=2, catalogue=2)
    assert catalogue.current().collections is before
    reader.collections = [PAPERS]
    reader.current = replace(POINTER, generation=3, catalogue=3)
    assert list(catalogue.current().collections) == [PAPERS]


@pytest.mark.parametrize("failure", [Overloaded("slow"), StorageUnavailable("no access")])
@pytest.mark.parametrize(("ours", "tables"), [(30, 60), (60, 30)])
def test_an_outage_leaves_the_last_catalogue_in_use_for_a_bounded_time(
    failure: Refusal, ours: int, tables: int
) -> None:
    reader, clock = table(replace(POINTER, stale_seconds=tables)), Clock()
    catalogue = Catalogue(reader, 1, clock, stale_seconds=ours)
    before = catalogue.recent()
    reader.failure = failure
    clock.now += 30.9
    assert catalogue.recent() is before
    with pytest.raises(type(failure)):
        catalogue.current()
    clock.now += 0.1
    with pytest.raises(type(failure)):
        catalogue.recent()
    reader.failure = None
    assert catalogue.recent() is before


def test_during_an_outage_the_table_is_asked_once_in_a_while() -> None:
    reader, clock = table(replace(POINTER, stale_seconds=60)), Clock()
    catalogue = Catalogue(reader, 1, clock, stale_seconds=60)
    catalogue.recent()
    reader.failure = Overloaded("slow")
    clock.now += 1
    reader.calls.clear()
    for _ in range(9):
        catalogue.recent()
    assert reader.calls == [("pointer",)]


def test_a_record_is_read_each_time() -> None:
    reader = table()
    snapshot = snapshot_of(reader)
    reader.calls.clear()
    assert [snapshot.record(USERS, "ada"), snapshot.record(USERS, "ada")] == [ADA, ADA]
    assert snapshot.record(USERS, "ADA") is None
    assert reader.calls == [("get", "pbc_users", name) for name in ("ada", "ada", "ADA")]


@pytest.mark.parametrize(
    ("record_id", "reads"),
    [
        ("", 0),
        ("x" * keys.MAX_ID_BYTES, 1),
        ("x" * (keys.MAX_ID_BYTES + 1), 0),
        ("é" * 513, 0),
        ("\ud800", 0),
    ],
)
def test_what_no_key_can_be_costs_no_read(record_id: str, reads: int) -> None:
    reader = table()
    snapshot = snapshot_of(reader)
    reader.calls.clear()
    assert snapshot.record(USERS, record_id) is None
    assert len(reader.calls) == reads


@pytest.mark.parametrize(
    ("collection", "record_id", "found"),
    [
        ("users", "ada", True),
        ("pbc_users", "ada", True),
        ("Users", "ada", True),
        ("users", "dan", False),
        ("nope", "ada", False),
        ("papers", "ada", False),
    ],
)
def test_an_owner_is_found_by_collection_and_id(
    collection: str, record_id: str, found: bool
) -> None:
    owner = snapshot_of(table()).owner(collection, record_id)
    assert owner == ((USERS, ADA) if found else None)


def test_work_that_finds_the_data_changed_starts_again_with_a_fresh_pointer() -> None:
    reader = table()
    catalogue = Catalogue(reader, 5, Clock())
    seen = []

    def work() -> str:
        seen.append(catalogue.recent().pointer.generation)
        if len(seen) < ATTEMPTS:
            reader.current = replace(POINTER, generation=1 + len(seen))
            raise Outdated("changed")
        return "done"

    assert catalogue.settled(work) == "done"
    assert seen == [1, 2, 3]


def test_work_that_never_settles_is_a_503() -> None:
    def work() -> None:
        raise Outdated("changed")

    with pytest.raises(Overloaded):
        Catalogue(table(), 5, Clock()).settled(work)


class Held(FakeTable):
    """A table in which the collection of papers is held back from deletion."""

    def catalogue(self, pointer: Pointer) -> tuple[Collections, Settings, frozenset[str]]:
        collections, settings, _ = super().catalogue(pointer)
        return collections, settings, frozenset({PAPERS.id})


def test_while_a_deletion_is_held_back_there_are_two_views() -> None:
    reader = Held([USERS, PAPERS], [ADA, FIRST], current=replace(POINTER, holding=True))
    with_held, without = snapshot_of(reader).views
    assert with_held.collections.find("papers") == PAPERS
    assert without.collections.find("papers") is None
    assert without.collections.find("users") == USERS
    assert len(snapshot_of(table()).views) == 1


@pytest.mark.parametrize(
    ("pointer", "trusted"),
    [
        (replace(POINTER, heartbeat=100.0), True),
        (replace(POINTER, heartbeat=89.0), False),
        (POINTER, False),
        (replace(POINTER, heartbeat=100.0, table="another"), False),
    ],
)
def test_protected_files_need_a_table_of_its_own_and_a_living_sync(
    pointer: Pointer, trusted: bool
) -> None:
    catalogue = Catalogue(renamed(pointer), 5, Clock())
    snapshot = catalogue.current()
    if trusted:
        snapshot.require_trust(100.0, 10)
    else:
        with pytest.raises(Denied):
            snapshot.require_trust(100.0, 10)


class Renamed(FakeTable):
    """A table with a name of its own, whatever the pointer says."""

    @property
    def name(self) -> str:
        return "t"


def renamed(pointer: Pointer) -> Renamed:
    return Renamed([USERS], [ADA], current=pointer)


def test_without_a_greatest_age_any_heartbeat_will_do() -> None:
    snapshot_of(table()).require_trust(1e9, 0)
    assert snapshot_of(table(replace(POINTER, heartbeat=99.0))).age(100.0) == 1.0
    assert snapshot_of(table()).age(100.0) is None


def test_a_record_that_pocketbase_cannot_read_is_no_record_and_no_owner() -> None:
    places = Collection("places", "places", "auth", (Field("f", "place", "geoPoint"),))
    good = Record("places", "good", {"place": '{"lon":1,"lat":2}'})
    bad = Record("places", "bad", {"place": "5"})
    snapshot = snapshot_of(FakeTable([places], [good, bad], Settings(), POINTER))
    assert snapshot.record(places, "good") == good
    assert snapshot.owner("places", "good") == (places, good)
    assert snapshot.record(places, "bad") is None
    assert snapshot.owner("places", "bad") is None
