from collections.abc import Mapping

import pytest

from pocketfiles.rules.goals import goal_of
from pocketfiles.rules.needs import Needs
from pocketfiles.rules.parser import parse
from pocketfiles.rules.translate import translate
from tests.unit.rules.world import COLLECTIONS, DOCUMENTS, USERS

SHAPES: Mapping[str, str] = {"@request.auth.id": "value"}


def needs(rule: str) -> Needs:
    plan = translate(parse(rule), DOCUMENTS, COLLECTIONS, USERS, SHAPES)
    return Needs(plan, goal_of(plan.rule.root, plan))


def test_relations_are_looked_up_hop_by_hop() -> None:
    found = needs("teams.lead.name = 'a' || documents_via_parent.text = 'b'").related({})
    assert [(each.collection.name, each.field and each.field.name, each.hop) for each in found] == [
        ("teams", None, 1),
        ("users", None, 2),
        ("documents", "parent", 1),
    ]
    value = '"__je_documents_teams"."value"'
    assert found[0].sql.startswith(f'SELECT DISTINCT CAST({value} AS TEXT) FROM "documents" LEFT')
    assert found[0].sql.endswith(f'WHERE "documents"."id" = :record AND {value} <> \'\'')


def test_what_hangs_on_a_collection_comes_after_it() -> None:
    wanted = needs("@collection.teams.lead.name ?= 'a'")
    ((join, _),) = wanted.collections()
    (found,) = wanted.related({join.name: 3})
    assert (found.collection.name, found.hop) == ("users", 4)


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("@collection.users.name ?= text", ["name"]),
        ("@collection.users.id ?= text", [None]),
        ("@collection.users.name != text", ["name", None]),
        ("@collection.users.name = text", ["name", None]),
        ("@collection.users.name > text", None),
        ("@collection.users.name != text && @collection.users.level ?> 1", None),
        ("@collection.users.name = text && @collection.users.level > 1", None),
    ],
)
def test_an_index_finds_the_records_that_matter(rule: str, fields: list[str | None] | None) -> None:
    wanted = needs(rule)
    ((join, collection),) = set(wanted.collections())
    found = wanted.selected(join, collection)
    assert fields == (found and [each.field and each.field.name for each in found])
    if found and fields and fields[-1] is None and len(fields) > 1:
        assert found[-1].sql == ""
