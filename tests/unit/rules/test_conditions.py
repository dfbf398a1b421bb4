import pytest

from tests.unit.rules.world import planned


@pytest.mark.parametrize(
    ("rule", "patterns"),
    [
        ("'a' ~ 'b'", {"p1"}),
        ("'a' ?!~ 'b'", {"p1"}),
        ("'a' ~ text", set()),
        ("text ~ strftime('%Y', 'x', 'utc')", {"p0", "p1", "p2"}),
        ("text ~ strftime('%Y', teams.founded, 'utc')", set()),
        ("text ?~ strftime('%Y', teams.founded, 'utc')", {"p0", "p1"}),
        ("strftime('%Y', text) ~ 'a'", {"p1"}),
        ("'a' = 'b'", set()),
    ],
)
def test_every_value_right_of_a_tilde_is_a_pattern(rule: str, patterns: set[str]) -> None:
    assert planned(rule).patterns == patterns


@pytest.mark.parametrize(("sign", "checked"), [("=", True), ("?=", False)])
def test_only_the_plain_signs_ask_for_all_values(sign: str, checked: bool) -> None:
    assert ("NOT EXISTS" in planned(f"rel_many.name {sign} 'a'").query) is checked
    assert ("NOT EXISTS" in planned(f"'a' {sign} rel_many.name").query) is checked


def test_a_plan_knows_the_patterns_that_are_read_from_records() -> None:
    (found,) = planned("text ~ team.name && text ~ 'x'").read_patterns
    assert found.sql == 'octet_length("documents_team"."name") > 49998'
    assert found.rows == ("documents_team",)


@pytest.mark.parametrize(
    ("rule", "equality"),
    [
        ("@collection.teams.name ?= 'x'", ("name", ":p0", True, False)),
        ("@collection.teams.name = text", ("name", '"documents"."text"', False, False)),
        ("text != @collection.teams.name", ("name", '"documents"."text"', False, True)),
        ("@collection.teams.name ?= team.name", ("name", '"documents_team"."name"', False, False)),
        ("@collection.teams.name ?= ''", None),
        ("@collection.teams.name ?= null", None),
        ("@collection.teams.name ?> 'x'", None),
        ("@collection.teams.open ?= true", None),
        ("@collection.teams.name ?= json", None),
        ("@collection.teams.name ?= @collection.users.name", None),
        ("team.name ?= 'x'", None),
    ],
)
def test_an_equality_with_one_value_can_be_looked_up(
    rule: str, equality: tuple[str, str, bool, bool] | None
) -> None:
    found = planned(rule).conditions[0][0].equality
    assert equality == (found and (found.key.field.name, found.value, found.literal, found.negated))
