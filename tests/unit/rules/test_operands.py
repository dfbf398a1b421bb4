import pytest

from pocketfiles.errors import RuleError
from pocketfiles.rules.parser import parse
from pocketfiles.rules.translate import translate
from tests.unit.rules.world import COLLECTIONS, DOCUMENTS, a_field, planned


def test_literals_are_fields_where_there_are_such() -> None:
    assert '"documents"."text" IS NOT 1' in planned("text != True").query
    odd = type(DOCUMENTS)("odd", "odd", "base", (a_field("id", "text"), a_field("null", "text")))
    assert '"odd"."null" = :p0' in translate(parse("null = 'x'"), odd, COLLECTIONS, None, {}).query


def test_changed_is_sent_and_different() -> None:
    name = "@request.body.text"
    sql_shapes = {f"{name}:changed": "changed", name: "value", f"{name}:isset": "true"}
    changed = '(TRUE = 1 AND :p0 IS NOT "documents"."text")'
    assert f"{changed} IS 1" in planned(f"{name}:changed = true", sql_shapes).query
    assert f"('%' || {changed} || '%')" in planned(f"text ~ {name}:changed", sql_shapes).query


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("text = 'a' &&\n nope = 1", "no such field: nope at line 2, column 2: 'nope = 1'"),
        ("1 = nofn(1)", "no such function: nofn at line 1, column 5: 'nofn(1)'"),
        ("geoDistance(1, 2, 3, nope) = 1", "no such field: nope at line 1, column 22: 'nope) = 1'"),
        ("@today = 1", "no such identifier: @today at line 1, column 1: '@today = 1'"),
    ],
)
def test_a_refusal_names_the_place(rule: str, reason: str) -> None:
    with pytest.raises(RuleError) as refused:
        planned(rule)
    assert refused.value.reason == reason
