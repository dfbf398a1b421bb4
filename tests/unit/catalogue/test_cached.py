import pytest

from pocketfiles.catalogue.cached import MAX_ID_BYTES, Catalogue, Facts
from pocketfiles.catalogue.model import Collection, Collections, Field, Record, Settings
from pocketfiles.errors import RuleError
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


def facts(reader: FakeTable, *known: Record, max_rows: int = 2) -> Facts:
    return Facts(reader, Collections(reader.collections), known, max_rows)


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


def test_a_rules_facts_share_the_catalogues_collections() -> None:
    reader = table()
    catalogue = Catalogue(reader, 5, Clock())
    assert catalogue.facts(ADA, max_rows=9).collections is catalogue.collections
    assert reader.calls == [("catalogue",)]


def test_known_records_cost_nothing() -> None:
    reader = table()
    assert facts(reader, ADA).records(USERS, ["ada"]) == {"ada": ADA}
    assert reader.calls == []


def test_records_come_in_one_batch_and_once() -> None:
    reader = table()
    known = facts(reader, ADA)
    assert known.records(USERS, ["bob", "ada", "dan"]) == {"bob": BOB, "ada": ADA}
    assert known.records(USERS, ["dan", "bob"]) == {"bob": BOB}
    assert reader.calls == [("batch", "pbc_users", "bob", "dan")]


def test_ids_that_no_key_can_be_are_not_asked_for() -> None:
    reader = table()
    assert facts(reader).records(USERS, ["", "x" * 2000]) == {}
    assert reader.calls == []


def test_more_records_than_allowed_stop_the_rule() -> None:
    known = facts(table())
    with pytest.raises(RuleError):
        known.records(USERS, ["a", "b", "c"])
    assert known.records(USERS, ["ada", "bob"]) == {"ada": ADA, "bob": BOB}


def test_back_references_come_in_order_of_id() -> None:
    reader = table()
    assert facts(reader).referring(PAPERS, OWNER, ["ada"]) == [SECOND, FIRST]
    assert reader.calls == [
        ("referring", "pbc_papers", "f1", "ada"),
        ("batch", "pbc_papers", "p1", "p2"),
    ]
    assert facts(reader).referring(PAPERS, OWNER, ["bob"]) == []


def test_more_back_references_than_allowed_stop_the_rule() -> None:
    with pytest.raises(RuleError):
        facts(table(), max_rows=1).referring(PAPERS, OWNER, ["ada"])


def test_a_whole_collection_is_remembered() -> None:
    reader = table()
    known = facts(reader, max_rows=9)
    assert list(known.rows(USERS, 9)) == [ADA, BOB, CLEO]
    assert known.records(USERS, ["ada"]) == {"ada": ADA}
    assert reader.calls == [("all", "pbc_users")]
