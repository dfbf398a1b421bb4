"""What ``fields`` picks, and what it refuses, as PocketBase does."""

import pytest

from pocketfiles.http.fields import MalformedFields, picked

TEXT = "abcdefghijklmnop"


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ("", TEXT),
        (" , ", TEXT),
        ("name", TEXT),
        ("other", None),
        ("name.x", TEXT),
        ("name.x:excerpt(5)", TEXT),
        ("other.name", None),
        ("*", TEXT),
        ("*:excerpt(3)", "abc"),
        ("name,*:excerpt(3)", TEXT),
        ("name:excerpt(3),name", TEXT),
        ("name,name:excerpt(3)", "abc"),
        ("name:excerpt(3),name.x", "abc"),
        ("name:excerpt(3,true)", "abc..."),
        ("name:excerpt(16,true)", TEXT),
        ("name:excerpt(,3)x", "abc"),
        ("name:excerpt 3", "abc"),
        ("name:excerpt(3.9)", "abc"),
        ("name:excerpt(+3)", "abc"),
        ("name:excerpt(010)", "abcdefgh"),
        ("name:excerpt(0x5)", "abcde"),
        ("name:excerpt(1_0)", "abcdefghij"),
    ],
)
def test_fields_pick_a_text_and_shorten_it(fields: str, kept: str | None) -> None:
    assert picked(fields, "name", TEXT) == kept


@pytest.mark.parametrize(
    "fields",
    [
        "'",
        "name'",
        "name,(",
        "name:",
        "name:upper(3)",
        "name:excerpt()",
        "name:excerpt(0)",
        "name:excerpt(-1)",
        "name:excerpt(x)",
        "name:excerpt('5')",
        "name:excerpt(5,true,1)",
        "other:upper(3),name",
    ],
)
def test_what_is_malformed_picks_nothing(fields: str) -> None:
    with pytest.raises(MalformedFields):
        picked(fields, "name", TEXT)
