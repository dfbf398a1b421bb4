import pytest

from pocketfiles.catalogue.cached import MAX_ID_BYTES, Catalogue
from pocketfiles.catalogue.model import Collection, Field, Record, Settings
from tests.fakes import Clock, FakeTable

OWNER = Field("f1", "owner", "relation", collection_id="pbc_users")
USERS = Collection("pbc_users", "users", "auth")
PAPERS = Collection("pbc_papers", "papers", "base", (OWNER,))
ADA, BOB, CLEO = (Record("pbc_users", name, {"id": name}) for name in ("ada", "bob", "cleo"))
FIRST, SECOND = (Record("pbc_papers", name, {"owner": "ada"}) for name in ("p2", "p1"))


def table() -> FakeTable:
    return FakeTable(
        [USERS, PAPERS], [ADA, BOB, CLEO, FIRST, SECOND], Settings(superuser_ips=("x",))
    )


@pytest.mark.parametrize(
    ("ttl", "seconds", "reads"), [(5, 4.9, 1), (5, 5, 2), (5, 60, 2), (0, 0, 2)]
)
def test_collections_and_settings_are_read_once_for_a_while(
    ttl: float, seconds: float, reads: int
) -> None:
    reader, clock = table(), Clock()
    catalogue = Catalogue(reader, ttl, clock)
    assert catalogue.collections.find("USERS") == USERS
    clock.now += seconds
    assert catalogue.settings.superuser_ips == ("x",)
    assert reader.calls == [("catalogue",)] * reads


def test_a_record_is_read_each_time() -> None:
    reader = table()
    catalogue = Catalogue(reader, 5, Clock())
    assert [catalogue.record(USERS, "ada"), catalogue.record(USERS, "ada")] == [ADA, ADA]
    assert catalogue.record(USERS, "ADA") is None
    assert reader.calls == [("get", "pbc_users", name) for name in ("ada", "ada", "ADA")]


@pytest.mark.parametrize(
    ("record_id", "reads"),
    [
        ("", 0),
        ("x" * MAX_ID_BYTES, 1),
        ("x" * (MAX_ID_BYTES + 1), 0),
        ("é" * 513, 0),
        ("\ud800", 1),
    ],
)
def test_what_no_key_can_be_costs_no_read(record_id: str, reads: int) -> None:
    reader = table()
    assert Catalogue(reader, 5, Clock()).record(USERS, record_id) is None
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
    owner = Catalogue(table(), 5, Clock()).owner(collection, record_id)
    assert owner == ((USERS, ADA) if found else None)


def test_a_reload_that_changes_nothing_keeps_the_collections() -> None:
    reader, clock = table(), Clock()
    catalogue = Catalogue(reader, 5, clock)
    kept = catalogue.collections
    clock.now += 6
    assert catalogue.collections is kept
    reader.collections = [USERS]
    clock.now += 6
    assert list(catalogue.collections) == [USERS]
    assert reader.calls == [("catalogue",)] * 3
