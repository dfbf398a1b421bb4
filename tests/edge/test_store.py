"""What the key value store says of each collection."""

import json

from admin.target.edge_store import DEFAULT_FORMATS, MAX_STORE_BYTES, entries
from pocketfiles.catalogue.model import Collection, Field
from tests.edge.engine import ROOT


def photo(thumbs: tuple[str, ...] = (), *, protected: bool = False, name: str = "image") -> Field:
    return Field(name, name, "file", thumbs=thumbs, protected=protected)


def test_an_open_collection_is_found_by_its_lower_case_name_and_by_its_id() -> None:
    store = entries([Collection("Pbc_1", "Photos", "base", (photo(("100x300",)),))])
    assert set(store) == {"photos", "Pbc_1"}
    assert json.loads(store["photos"]) == {
        "id": "Pbc_1",
        "name": "photos",
        "open": True,
        "all": ["100x300"],
        "some": [],
    }


def test_sizes_that_only_some_fields_list_are_told_apart() -> None:
    fields = (photo(("1x1", "2x2")), photo(("2x2", "3x3"), name="other"))
    value = json.loads(entries([Collection("c", "n", "base", fields)])["n"])
    assert (value["all"], value["some"]) == (["2x2"], ["1x1", "3x3"])


def test_one_protected_field_closes_the_collection() -> None:
    fields = (photo(), photo(protected=True, name="secret"))
    assert json.loads(entries([Collection("c", "n", "base", fields)])["n"])["open"] is False


def test_a_view_is_never_open_because_its_files_lie_elsewhere() -> None:
    assert json.loads(entries([Collection("c", "n", "view", (photo(),))])["n"])["open"] is False


def test_collections_whose_names_or_ids_clash_are_left_out() -> None:
    clashing = [
        Collection("a", "Same", "base", (photo(),)),
        Collection("b", "same", "base", (photo(),)),
        Collection("c", "d", "base", (photo(),)),
        Collection("d", "e", "base", (photo(),)),
        Collection("f", "g", "base", (photo(),)),
    ]
    assert set(entries(clashing)) == {"f", "g"}


def test_an_id_that_is_another_collections_name_in_other_letters_is_left_out() -> None:
    clashing = [
        Collection("a", "c_three", "base", (photo(),)),
        Collection("C_Three", "d", "base", (photo(),)),
        Collection("f", "F", "base", (photo(),)),
    ]
    assert set(entries(clashing)) == {"f"}


def test_a_collection_without_files_is_left_out() -> None:
    assert entries([Collection("c", "n", "base")]) == {}


def test_formats_are_named_where_they_are_not_the_functions_own() -> None:
    collections = [Collection("c", "n", "base", (photo(),))]
    assert entries(collections, ("avif", "webp")) == entries(collections)
    assert "formats" not in json.loads(entries(collections)["n"])
    assert json.loads(entries(collections, ("webp",))["n"])["formats"] == ["webp"]
    assert json.loads(entries(collections, ())["n"])["formats"] == []


def test_the_functions_own_formats_are_those_of_a_value_without_any() -> None:
    [line] = [
        line
        for line in (ROOT / "edge" / "request.js").read_text().splitlines()
        if line.startswith("const FORMATS = ")
    ]
    assert line == f"const FORMATS = {list(DEFAULT_FORMATS)};"


def test_collections_beyond_the_size_of_a_store_are_left_out() -> None:
    sizes = tuple(f"{width}x100" for width in range(100, 170))
    many = [Collection(f"c{n:015}", f"n{n:015}", "base", (photo(sizes),)) for n in range(4000)]
    found = entries(many)
    size = sum(len(key) + len(value) for key, value in found.items())
    assert MAX_STORE_BYTES - 2000 < size <= MAX_STORE_BYTES
    assert found.keys() == {key for each in many[: len(found) // 2] for key in (each.name, each.id)}


def test_a_key_that_cloudfront_would_refuse_is_left_out() -> None:
    assert entries([Collection("c", "n" * 513, "base", (photo(),))]) == {}


def test_a_value_that_cloudfront_would_refuse_is_left_out() -> None:
    sizes = tuple(f"{width}x100" for width in range(100, 400))
    assert entries([Collection("c", "n", "base", (photo(sizes),))]) == {}
