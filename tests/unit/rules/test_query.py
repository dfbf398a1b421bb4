import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.query import MAX_TABLES, Operand, Origin, Parameter, Query
from tests.unit.rules.world import DOCUMENTS, TEAMS, USERS, a_field


def test_each_bound_value_has_its_own_name() -> None:
    query = Query(DOCUMENTS)
    assert query.bind(Origin("value", "a")) == Operand(":p0", (Parameter("p0"),))
    assert query.bind(Origin("macro", "@now"), empty=True) == Operand(
        ":p1", (Parameter("p1", empty=True),)
    )
    assert query.parameters == {"p0": Origin("value", "a"), "p1": Origin("macro", "@now")}


def test_the_same_way_is_one_join() -> None:
    query = Query(DOCUMENTS)
    team = query.join("single", query.base, TEAMS, DOCUMENTS.field("team"))
    assert query.join("single", query.base, TEAMS, DOCUMENTS.field("team")) is team
    assert query.join("single", query.base, TEAMS, DOCUMENTS.field("teams")) is not team
    assert query.join("all", None, TEAMS) is query.join("all", None, TEAMS)
    assert query.join("all", None, TEAMS, alias="a") is not query.join(
        "all", None, TEAMS, alias="b"
    )
    assert {name for name, *_ in query.tables.values()} == {"t0", "t1"}


def test_an_alias_stands_for_one_collection() -> None:
    query = Query(DOCUMENTS)
    query.join("all", None, TEAMS, alias="a")
    with pytest.raises(RuleError, match="alias a"):
        query.join("all", None, USERS, alias="a")


def test_touched_fields_are_noted() -> None:
    query = Query(DOCUMENTS)
    item = query.join("item", query.base, None, DOCUMENTS.field("rel_many"))
    assert query.field(query.base, "text") == DOCUMENTS.field("text")
    assert query.field(query.base, "nope") is None
    assert query.field(item, "value") is None
    assert list(query.tables[DOCUMENTS.id][2]) == ["text"]


def test_sqlite_joins_sixty_four_tables() -> None:
    query = Query(DOCUMENTS)
    for number in range(1, MAX_TABLES):
        query.join("item", query.base, None, a_field(f"f{number}", "file", 9))
    with pytest.raises(RuleError, match="more than 64"):
        query.join("item", query.base, None, a_field("one_more", "file", 9))
