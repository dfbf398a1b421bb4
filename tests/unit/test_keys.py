import pytest
from hypothesis import given
from hypothesis import strategies as st

from pocketfiles import keys
from pocketfiles.errors import NotFound

PART = st.text(st.characters(exclude_characters="/"), min_size=1).filter(
    lambda part: part not in {".", ".."}
)
ID = st.text("abc123_", min_size=1)


def test_keys_are_those_of_pocketbase() -> None:
    original = keys.original("col", "rec", "pic_1.png")
    assert original == "col/rec/pic_1.png"
    assert keys.thumbs_prefix(original) == "col/rec/thumbs_pic_1.png/"
    assert keys.thumb(original, "100x100") == "col/rec/thumbs_pic_1.png/100x100_pic_1.png"


@pytest.mark.parametrize("part", ["", ".", "..", "a/b", "/", "../x"])
def test_no_part_leads_out_of_its_folder(part: str) -> None:
    for parts in ((part, "rec", "f"), ("col", part, "f"), ("col", "rec", part)):
        with pytest.raises(NotFound):
            keys.original(*parts)


@given(PART, PART, PART, PART)
def test_every_object_key_can_be_taken_apart_again(
    collection: str, record: str, name: str, size: str
) -> None:
    original = keys.original(collection, record, name)
    assert keys.parse(original) == keys.Original(original)
    assert keys.parse(keys.thumb(original, size)) == keys.Thumb(
        original, keys.thumb_name(name, size)
    )


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a",
        "a/b",
        "a/b/",
        "/b/c",
        "a//c",
        "a/b/thumbs_c/",
        "a/b/thumbs_/x",
        "/b/thumbs_c/x",
        "a/b/other/x",
        "a/b/thumbs_c/x/y",
    ],
)
def test_other_object_keys_are_not_ours(key: str) -> None:
    assert keys.parse(key) is None


def test_an_original_may_have_the_name_of_a_thumbs_folder() -> None:
    assert keys.parse("c/r/thumbs_a.png") == keys.Original("c/r/thumbs_a.png")


@given(ID, ID, st.text())
def test_every_reference_can_be_taken_apart_again(collection: str, field: str, target: str) -> None:
    reference = keys.Reference(collection, field, target)
    assert keys.parse_reference(reference.pk) == reference
    assert not keys.is_record(reference.pk)


def test_the_partition_key_of_records_is_distinguished_from_others() -> None:
    assert keys.is_record("pbc_photos")
    assert not keys.is_record(keys.CATALOGUE)
    assert keys.parse_reference("pbc_photos") is None
    assert keys.parse_reference(keys.CATALOGUE) is None


def test_the_collection_of_a_record_and_of_an_index_item_is_known() -> None:
    assert keys.collection_of("docs") == "docs"
    assert keys.collection_of(keys.Reference("docs", "owner", "a#b").pk) == "docs"


@pytest.mark.parametrize("text", ["", "x" * 1025, "\ud800"])
def test_some_texts_can_be_no_records_id(text: str) -> None:
    assert not keys.may_be_record_id(text)
    assert keys.may_be_record_id("ä" * 512)
