"""What is wrong with the collections of a file: each lack is told with its place, all at once."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from admin.errors import AdminError
from admin.standalone import schema
from tests.admin.standalone.conftest import export
from tests.conftest import ROOT

ZOOS = sorted((ROOT / "tests" / "contract" / "zoo").glob("*.db"))


def file_field(**more: Any) -> dict[str, Any]:
    return {"name": "f", "type": "file", **more}


def text_field(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "text", **more}


def relation(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "relation", **more}


def collection(*fields: Any, **more: Any) -> dict[str, Any]:
    return {"id": "q", "name": "q", "type": "base", "fields": [*fields], **more}


def exported(*, of: str, **more: Any) -> dict[str, Any]:
    """A collection as PocketBase exports it, with more keys."""
    return {**next(raw for raw in export() if raw["name"] == of), **more}


def lacks_of(*raw: dict[str, Any]) -> list[str]:
    """The sentences with which the collections are refused."""
    with pytest.raises(AdminError) as failure:
        schema.require_sound([*raw], [])
    return str(failure.value).split("; ")


MISSPELLED: list[tuple[dict[str, Any], str]] = [
    (
        file_field(protcted=True),
        "field f: a file field has no key protcted (did you mean protected?",
    ),
    (
        file_field(Protected=True),
        "field f: a file field has no key Protected (did you mean protected?",
    ),
    (file_field(private=True), "field f: a file field has no key private"),
    (file_field(thumb=["1x1"]), "field f: a file field has no key thumb (did you mean thumbs?)"),
    (text_field("t", protected=True), "field t: a text field has no key protected"),
    (
        {"name": "f", "type": "fiel", "protected": True},
        'field f: there is no type "fiel" (did you mean file?)',
    ),
    ({"name": "f", "type": "blob"}, 'field f: there is no type "blob"'),
]


@pytest.mark.parametrize(("field", "lack"), MISSPELLED, ids=[lack for _, lack in MISSPELLED])
def test_a_misspelled_key_or_type_of_a_field_is_refused(field: dict[str, Any], lack: str) -> None:
    assert lacks_of(collection(field))[0].startswith(f"collection q: {lack}")


@pytest.mark.parametrize(
    ("more", "lack"),
    [
        ({"vieRule": None}, "a base collection has no key vieRule (did you mean viewRule?)"),
        ({"fileRule": None}, "a base collection has no key fileRule (did you mean viewRule?)"),
        ({"type": "Base"}, 'its type must be one of auth, base, view, not "Base" (did you'),
        ({"schema": []}, "a base collection has no key schema"),
        (
            {"type": "auth", "fileToken": {"duraton": 60}},
            "fileToken: a token has no key duraton (did you mean duration?)",
        ),
    ],
)
def test_a_misspelled_key_or_type_of_a_collection_is_refused(
    more: dict[str, Any], lack: str
) -> None:
    assert lacks_of(collection(**more))[0].startswith(f"collection q: {lack}")


WRONG_VALUES: list[tuple[dict[str, Any], str]] = [
    (file_field(protected="no"), 'protected must be true or false, not "no"'),
    (file_field(protected=None), "protected must be true or false, not null"),
    (file_field(protected=1), "protected must be true or false, not 1"),
    (file_field(thumbs="100x100"), "thumbs must be an array of sizes such as 100x300, 100x0"),
    (file_field(thumbs=["9x9", "axb", "0x0"]), 'or null, not ["axb", "0x0"]'),
    (file_field(thumbs=[9]), "or null, not [9]"),
    (file_field(maxSelect=-1), "maxSelect must be a whole number from 0, not -1"),
    (file_field(maxSelect="three"), 'maxSelect must be a whole number from 0, not "three"'),
    (file_field(maxSelect=1.5), "maxSelect must be a whole number from 0, not 1.5"),
    (file_field(maxSelect=True), "maxSelect must be a whole number from 0, not true"),
    (file_field(maxSelect=10**400), "maxSelect must be a whole number from 0, not 1000"),
    (file_field(maxSize="5MB"), 'maxSize must be a whole number from 0, not "5MB"'),
    (file_field(mimeTypes="image/png"), 'mimeTypes must be an array of texts, or null, not "im'),
    (file_field(hidden="yes"), 'hidden must be true or false, not "yes"'),
    (file_field(id=5), "its id must be a text without #, not 5"),
    (file_field(id="a#b"), 'its id must be a text without #, not "a#b"'),
]


@pytest.mark.parametrize(("field", "lack"), WRONG_VALUES, ids=[lack for _, lack in WRONG_VALUES])
def test_a_value_of_the_wrong_type_is_refused(field: dict[str, Any], lack: str) -> None:
    (only,) = lacks_of(collection(field))
    assert only.startswith("collection q: field f: ")
    assert lack in only


@pytest.mark.parametrize(
    ("more", "lack"),
    [
        ({"viewRule": 5}, "viewRule must be a text, or null, not 5"),
        ({"viewRule": True}, "viewRule must be a text, or null, not true"),
        ({"listRule": []}, "listRule must be a text, or null, not []"),
        ({"indexes": "x"}, 'indexes must be an array of texts, or null, not "x"'),
        ({"system": 0}, "system must be true or false, not 0"),
        ({"fields": {}}, "its fields must be an array of objects"),
        ({"fields": [5]}, "its fields must be an array of objects"),
        ({"id": "a#b"}, 'its id must be letters, digits and _, not "a#b"'),
        ({"id": 5}, "its id must be letters, digits and _, not 5"),
        ({"type": "view", "viewQuery": 5}, "viewQuery must be a text, not 5"),
        ({"type": "auth", "authToken": "x"}, 'authToken must be an object, or null, not "x"'),
        (
            {"type": "auth", "authToken": {"duration": 1}},
            "authToken: duration must be 10 to 94670856 whole seconds, not 1",
        ),
        (
            {"type": "auth", "fileToken": {"secret": "short"}},
            'fileToken: secret must be 30 to 255 characters, not "short"',
        ),
    ],
)
def test_a_collections_value_of_the_wrong_type_is_refused(more: dict[str, Any], lack: str) -> None:
    assert lacks_of(collection(**more)) == [f"collection q: {lack}"]


def test_names_that_pocketbase_does_not_take_are_refused() -> None:
    raw = collection(text_field("q q"), text_field("expand"), text_field(""))
    assert lacks_of(raw) == [
        'collection q: field 1: its name must be letters, digits and _, not "q q"',
        "collection q: field expand: PocketBase keeps the name expand to itself",
        "collection q: field 3 has no name",
    ]


@pytest.mark.parametrize(
    ("fields", "lack"),
    [
        ([text_field("a"), text_field("A")], "fields 1 and 2 have the same name a"),
        ([text_field("a"), text_field("a")], "fields 1 and 2 have the same name a"),
        ([text_field("a", id="x"), file_field(id="x")], "fields 1 and 2 have the same id x"),
        ([text_field("a"), file_field(), text_field("b", id="f")], "fields 2 and 3 have the same"),
    ],
)
def test_fields_with_one_name_or_id_are_refused(fields: list[Any], lack: str) -> None:
    (only,) = lacks_of(collection(*fields))
    assert only.startswith(f"collection q: {lack}")


def test_a_relation_to_no_collection_is_refused() -> None:
    people = {"id": "pbc_1", "name": "people", "type": "base", "fields": []}
    fields = [
        relation("none"),
        relation("gone", collectionId="nope"),
        relation("named", collectionId="People"),
        relation("own", collectionId="q"),
        relation("good", collectionId="pbc_1"),
    ]
    assert lacks_of(collection(*fields), people) == [
        "collection q: field none: a relation field needs collectionId",
        'collection q: field gone: there is no collection with the id "nope"',
        'collection q: field named: there is no collection with the id "People" '
        "(did you mean pbc_1, the id of people?)",
    ]


def test_a_relation_may_refer_to_a_collection_of_the_table() -> None:
    known = {"id": "pbc_1", "name": "people", "type": "base", "fields": []}
    assert schema.require_sound([collection(relation("r", collectionId="pbc_1"))], [known]) == []


RULES = [
    ("a =", "expected a field"),
    ("nope = 1", "no such field: nope"),
    ("@collection.y.id = 1", "no such collection: y"),
    ("@request.query.a:length > 0", ":length does not fit @request.query"),
    ("@request.body.a:changed = true", ":changed does not fit @request.body"),
    ("@request.body = ''", "no such identifier: @request.body"),
]


@pytest.mark.parametrize(("rule", "reason"), RULES, ids=[rule for rule, _ in RULES])
def test_a_view_rule_that_pocketbase_would_not_save_is_refused(rule: str, reason: str) -> None:
    (only,) = lacks_of(collection(viewRule=rule))
    assert only.startswith(f"collection q: viewRule: {reason}")


def test_all_that_a_file_lacks_is_told_at_once() -> None:
    fields = [{"type": "text"}, {"name": "cover"}, text_field("title")]
    broken = {"name": "a b", "fields": fields}
    ruled = {"id": "y", "name": "y", "type": "base", "fields": [], "viewRule": "nope = 1"}
    assert lacks_of(broken, {"id": "x", "name": "x", "type": "base"}, ruled) == [
        "collection a b: it has no id",
        'collection a b: its name must be letters, digits and _, not "a b"',
        "collection a b: it has no type (one of auth, base, view)",
        "collection a b: field 1 has no name",
        "collection a b: field cover has no type",
        "collection x: its fields must be an array of objects",
        "collection y: viewRule: no such field: nope at line 1, column 1: 'nope = 1'",
    ]


def test_collections_with_one_name_are_told_apart_by_their_positions() -> None:
    raw = [collection(name=name, id=key) for name, key in (("x", "a"), ("X", "b"), ("y", "b"))]
    raw[1]["viewRule"] = 5
    assert lacks_of(*raw, {})[:4] == [
        "collection X (number 2): viewRule must be a text, or null, not 5",
        "collection 4: it has no id",
        "collection 4: it has no name",
        "collection 4: it has no type (one of auth, base, view)",
    ]
    assert lacks_of(*raw)[1:] == [
        "collections 2 and 3 have the same id b",
        "collections 1 and 2 have the same name x",
    ]


def test_a_rule_may_refer_to_a_collection_that_has_other_lacks() -> None:
    broken = collection(text_field("t", hidden=5), file_field(protcted=True))
    rule = "@collection.q.t = 'a' && @collection.q.f = ''"
    ruled = {"id": "y", "name": "y", "type": "base", "fields": [], "viewRule": rule}
    assert len(lacks_of(broken, ruled)) == 2


def test_the_rule_of_a_collection_with_other_lacks_is_told_too() -> None:
    broken = {"name": "q", "fields": [{"name": "a"}, {"type": "text"}], "viewRule": "a = b"}
    assert lacks_of(broken)[-1].startswith("collection q: viewRule: no such field: b")
    rule = "owner.name = 1 && email = ''"
    owner = relation("owner", type="relaton", collectionId="q")
    raw = collection(owner, text_field("name"), type="Auth", viewRule=rule)
    assert len(lacks_of(raw)) == 2
    assert len(lacks_of(collection(**{"fields": 5, "viewRule": "a = 1"}))) == 1


def test_the_form_before_0_23_is_named() -> None:
    raw = {"id": "q", "name": "q", "type": "base", "schema": []}
    assert "the form of PocketBase before 0.23" in lacks_of(raw)[0]


def test_an_export_of_pocketbase_is_accepted() -> None:
    assert schema.require_sound(export(), []) == []


@pytest.mark.parametrize("path", ZOOS, ids=lambda path: path.stem)
def test_the_collections_of_every_type_that_pocketbase_wrote_are_accepted(path: Path) -> None:
    raw = []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        for row in db.execute("SELECT * FROM _collections ORDER BY rowid"):
            found = {**json.loads(row["options"]), **{key: row[key] for key in row.keys()}}  # noqa: SIM118
            found |= {key: json.loads(row[key]) for key in ("fields", "indexes")}
            found["system"] = bool(row["system"])
            del found["options"]
            raw.append(found)
    assert schema.require_sound(raw, []) == []


def test_unknown_keys_of_a_newer_pocketbase_are_ignored_with_a_warning() -> None:
    photos = exported(of="photos", softDelete=True)
    vector = {**text_field("v"), "type": "vector", "system": False, "hidden": False}
    photos["fields"] = [{**field, "encrypted": False} for field in photos["fields"]]
    photos["fields"].append({**vector, "presentable": False, "dimensions": 3})
    warnings = schema.require_sound([photos], [])
    assert "collection photos: key softDelete is not known and ignored" in warnings
    assert "collection photos: field image: key encrypted is not known and ignored" in warnings
    assert "collection photos: field v: type vector is not known" in warnings


@pytest.mark.parametrize("key", ["protcted", "PROTECTED", "fileRule", "downloadRule"])
def test_an_unknown_key_that_may_decide_about_access_is_refused_everywhere(key: str) -> None:
    photos = exported(of="photos")
    photos["fields"] = [{**field, key: True} for field in photos["fields"]]
    assert f"a file field has no key {key}" in "; ".join(lacks_of(photos))
