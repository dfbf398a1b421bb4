import pytest

from pocketfiles.catalogue.model import Collection, Collections, Field, Record, Settings, listed

SINGLE = Field("f1", "one", "file", max_select=1)
MANY = Field("f2", "many", "file", max_select=9)


@pytest.mark.parametrize(
    ("raw", "single", "many"),
    [
        (None, (), ()),
        ("", (), ()),
        ("a.png", ("a.png",), ("a.png",)),
        ('["a.png","b.png"]', ("b.png",), ("a.png", "b.png")),
        ('["a","","a","b","a"]', ("b",), ("a", "b")),
        ("[]", (), ()),
        ('[""]', (), ()),
        ("a[1].png", ("a[1].png",), ("a[1].png",)),
        ('["a",1,null]', ('["a",1,null]',), ("a", '["a",1,null]')),
        ('["a","b",null]', ("b",), ("a", "b")),
        ('["a",NaN]', ('["a",NaN]',), ('["a",NaN]',)),
        ('["a"] b', ('["a"] b',), ('["a"] b',)),
        ('{"a":["b"]}', ('{"a":["b"]}',), ('{"a":["b"]}',)),
        ("[" * 20_000, ("[" * 20_000,), ("[" * 20_000,)),
        (7, ("7",), ("7",)),
    ],
)
def test_a_column_is_a_list_of_names(
    raw: str | None, single: tuple[str, ...], many: tuple[str, ...]
) -> None:
    assert listed(raw, multiple=False) == single
    assert listed(raw, multiple=True) == many
    record = Record("c", "r", {"one": raw, "many": raw})
    assert (record.names(SINGLE), record.names(MANY)) == (single, many)


@pytest.mark.parametrize(
    ("raw", "is_loaded"),
    [
        (None, True),
        ("", True),
        ("null", True),
        ("{}", True),
        ('{"lon":1.5,"lat":null}', True),
        ('{"LON":1,"other":"x"}', True),
        ('{"lon":"1"}', False),
        ('{"Lat":true}', False),
        ('{"lon":[1],"lon":1}', False),
        ('{"lon":1e400}', False),
        ('{"lon":1' + "0" * 400 + "}", False),
        ("[1,2]", False),
        ("5", False),
        (5, False),
        (0.5, False),
        ("x", False),
        ('{"lon":NaN}', False),
        ("[" * 20_000, False),
    ],
)
def test_a_record_without_a_point_where_one_belongs_cannot_be_loaded(
    raw: str | float | None, is_loaded: bool
) -> None:
    collection = Collection("c", "c", "base", (Field("f", "place", "geoPoint"),))
    assert collection.can_load(Record("c", "r", {"place": raw})) is is_loaded


def test_a_field_reads_pocketbases_json_with_nulls_and_gaps() -> None:
    assert Field.from_json(
        {"name": "a", "type": "file", "thumbs": None, "maxSelect": None}
    ) == Field("a", "a", "file")
    full = {
        "id": "x",
        "name": "a",
        "type": "file",
        "thumbs": ["1x1"],
        "maxSelect": 2,
        "protected": True,
        "hidden": True,
    }
    assert Field.from_json(full) == Field("x", "a", "file", True, 2, True, ("1x1",))


def test_a_collection_reads_its_auth_options() -> None:
    raw = {
        "id": "c",
        "name": "users",
        "type": "auth",
        "fields": [{"name": "a", "type": "file"}],
        "viewRule": "",
    }
    found = Collection.from_json({**raw, "fileToken": {"secret": "s", "duration": 180}}, 3)
    assert (found.file_token.secret, found.file_token.duration, found.auth_token.secret) == (
        "s",
        180,
        "",
    )
    assert (found.view_rule, found.position) == ("", 3)
    assert found.field("a") is found.file_fields[0]
    assert found.field("A") is None


def test_secrets_are_not_shown_in_a_representation() -> None:
    raw = {
        "id": "c",
        "name": "u",
        "type": "auth",
        "fields": [],
        "authToken": {"secret": "hush", "duration": 1},
    }
    assert "hush" not in repr(Collection.from_json(raw))
    assert "hush" not in repr(Record("c", "r", {"tokenKey": "hush"}))


PHOTOS = Collection("id_photos", "Photos", "base", position=1)
TRAP = Collection("id_trap", "id_photos", "base", position=2)
STREET = Collection("id_street", "Straße", "base", position=0)
ALL = Collections([PHOTOS, TRAP, STREET])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("photos", PHOTOS),
        ("PHOTOS", PHOTOS),
        ("id_photos", PHOTOS),
        ("ID_PHOTOS", TRAP),
        ("STRA\N{LATIN CAPITAL LETTER SHARP S}E", STREET),
        ("strasse", None),
        ("photo\N{LATIN SMALL LETTER LONG S}", PHOTOS),
        ("photo", None),
        ("", None),
    ],
)
def test_the_oldest_collection_of_that_name_or_id_is_found(
    asked: str, found: Collection | None
) -> None:
    assert ALL.find(asked) is found


def test_collections_come_in_order_of_creation() -> None:
    assert list(ALL) == [STREET, PHOTOS, TRAP]


def test_settings_read_the_address_rules() -> None:
    raw = {
        "superuserIPs": ["1.2.3.4"],
        "trustedProxy": {"headers": ["X-A"], "useLeftmostIP": True},
        "smtp": {},
    }
    assert Settings.from_json(raw) == Settings(("1.2.3.4",))
    assert Settings.from_json({"superuserIPs": None, "trustedProxy": None}) == Settings()
