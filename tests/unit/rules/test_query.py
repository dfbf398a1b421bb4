from pocketfiles.rules.joins import Join, items_of, singly_related
from pocketfiles.rules.query import Operand, Origin, Parameter, Query, closure
from tests.unit.rules.world import DOCUMENTS, TEAMS, USERS, a_field

LEAD = a_field("lead", "relation", 1)


def test_each_bound_value_has_its_own_name() -> None:
    query = Query(DOCUMENTS)
    assert query.bind(Origin("value", "a")) == Operand(":p0", (Parameter("p0"),))
    assert query.bind(Origin("macro", "@now"), empty=True) == Operand(
        ":p1", (Parameter("p1", empty=True),)
    )
    assert query.parameters == {"p0": Origin("value", "a"), "p1": Origin("macro", "@now")}


def test_the_same_way_is_one_join() -> None:
    query = Query(DOCUMENTS)
    team = singly_related("documents", LEAD, TEAMS, "documents_lead")
    query.join(team)
    query.join(team)
    assert list(query.joins.values()) == [team]
    assert not query.replaced


def test_a_later_join_of_the_same_name_takes_the_place_of_the_earlier_one() -> None:
    query = Query(DOCUMENTS)
    other = Join("m", "all", '"users"', collection=USERS)
    query.join(Join("m", "all", '"teams"', collection=TEAMS))
    query.join(Join("n", "all", '"teams"', collection=TEAMS))
    query.join(other)
    assert [join.name for join in query.joins.values()] == ["m", "n"]
    assert query.joins["m"] is other
    assert query.replaced
    assert set(query.columns) == {DOCUMENTS.id, TEAMS.id, USERS.id}


def test_touched_fields_are_noted() -> None:
    query = Query(DOCUMENTS)
    assert query.field(DOCUMENTS, "text") == DOCUMENTS.field("text")
    assert query.field(DOCUMENTS, "nope") is None
    assert list(query.columns[DOCUMENTS.id]) == ["text"]


def test_a_row_needs_those_it_hangs_on_in_the_query_s_order() -> None:
    items = items_of("documents", a_field("teams", "relation", 9), "items")
    team = Join("team", "linked", '"teams"', parent="items")
    other = Join("other", "all", '"users"')
    assert closure([other, items, team], ["team", "documents"]) == (items, team)
    assert closure([other, items, team], ["other"]) == (other,)
