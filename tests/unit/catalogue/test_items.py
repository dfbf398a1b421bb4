import json
from dataclasses import replace
from typing import Any

import pytest

from pocketfiles.catalogue.items import (
    COMPRESS_ABOVE_BYTES,
    catalogue_from,
    collection_item,
    header_item,
    record_from,
    record_items,
    settings_item,
)
from pocketfiles.catalogue.model import Collection, Record, Settings, Source
from pocketfiles.errors import Outdated
from tests.unit.catalogue.papers import AUTH, PAPERS, RAW, paper


def test_nothing_is_stored_that_serving_does_not_read() -> None:
    stored = json.dumps(
        [collection_item(AUTH, 1), settings_item({"smtp": {"password": "p"}, "s3": {}})]
    )
    for secret in ("never kept", "oauth2", "passwordAuth", "not kept", "smtp", "s3", '\\"max\\"'):
        assert secret not in stored


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"n": None, "i": 1, "f": 1.0, "big": 2**60, "t": "é\u2028\x00", "e": ""},
        {"f": 0.1 + 0.2, "neg": -0.0},
        {"long": "x" * COMPRESS_ABOVE_BYTES},
        {"long": "é" * COMPRESS_ABOVE_BYTES, "f": 5.0},
    ],
)
def test_columns_come_back_exactly_as_they_were(values: dict[str, Any]) -> None:
    record = paper("r1", **values)
    read = record_from(record_items(PAPERS, record)[0], PAPERS)
    assert read == record
    types = {name: type(value) for name, value in record.values.items()}
    assert {name: type(value) for name, value in read.values.items()} == types


def test_long_records_are_compressed() -> None:
    (short,) = record_items(PAPERS, paper("r", a="x" * 8000))
    (long,) = record_items(PAPERS, paper("r", a="x" * 9000))
    assert (set(short["record"]), set(long["record"])) == ({"S"}, {"B"})
    assert len(long["record"]["B"]) < 200
    assert record_from(long, PAPERS).values["a"] == "x" * 9000


def test_a_renamed_field_keeps_its_values() -> None:
    (item,) = record_items(PAPERS, paper("r", title="On rings"))
    renamed = replace(
        PAPERS,
        fields=tuple(
            replace(field, name="heading") if field.name == "title" else field
            for field in PAPERS.fields
        ),
    )
    assert record_from(item, renamed).values == {"id": "r", "heading": "On rings"}
    assert record_items(renamed, paper("r", heading="On rings")) == [item]


def test_values_of_a_field_that_is_gone_are_left_out() -> None:
    (item,) = record_items(PAPERS, paper("r", title="On rings"))
    assert record_from(item, replace(PAPERS, fields=())).values == {"id": "r"}


def test_a_record_of_format_1_is_read() -> None:
    item = {"pk": {"S": "pbc_papers"}, "sk": {"S": "r"}, "data": {"S": '{"id":"r","title":"x"}'}}
    assert record_from(item, PAPERS) == paper("r", title="x")


def test_a_views_record_knows_where_its_files_lie() -> None:
    record = Record("pbc_papers", "r", {"id": "r"}, {"a.txt": Source("pbc_users", "u1")})
    assert record_from(record_items(PAPERS, record)[0], PAPERS) == record


def test_an_index_item_stands_for_each_relation_value() -> None:
    items = record_items(PAPERS, paper("r", owner="ada", shared='["bob","ada","bob",""]'))
    assert [(item["pk"]["S"], item["sk"]["S"]) for item in items] == [
        ("pbc_papers", "r"),
        ("pbc_papers#f2#ada", "r"),
        ("pbc_papers#f3#bob", "r"),
        ("pbc_papers#f3#ada", "r"),
    ]
    assert all(set(item) == {"pk", "sk"} for item in items[1:])


def test_a_catalogue_comes_in_its_order_with_settings_and_what_is_indexed() -> None:
    items = [
        header_item(3, {("pbc_papers", "f1")}),
        collection_item(RAW, 12),
        collection_item({**AUTH, "held": True}, 3),
        settings_item({"superuserIPs": ["192.0.2.1"]}),
    ]
    collections, settings, held = catalogue_from(items, versioned=True)
    assert [(each.name, each.position) for each in collections] == [("users", 3), ("papers", 12)]
    assert collections.find("papers") == Collection.from_json(RAW, 12)
    assert collections.indexed == {("pbc_papers", "f1")}
    assert settings == Settings(superuser_ips=("192.0.2.1",))
    assert held == {"pbc_users"}


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_version_that_is_not_whole_is_outdated(kept: int) -> None:
    items = [header_item(3, ()), collection_item(RAW, 1), collection_item(AUTH, 2)]
    with pytest.raises(Outdated):
        catalogue_from(items[:kept], versioned=True)
