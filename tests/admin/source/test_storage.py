"""Sidecars with what no header of HTTP can carry."""

from pathlib import Path

import pytest

from admin.source.storage import escaped, find
from pocketfiles.objects import UNKNOWN_TYPE
from tests.admin.shaped import Shaped


@pytest.mark.parametrize(
    "content_type", ["", " text/plain", "text/plain\r\nx: y", "text/ä", "text/\u202e", "text/\0"]
)
def test_a_content_type_that_is_no_header_value_is_unknown(
    tmp_path: Path, content_type: str
) -> None:
    Shaped(tmp_path).store("c/r/a.txt", b"a", content_type)
    found = find(tmp_path, "c/r/a.txt")
    assert found is not None
    assert found.content_type == UNKNOWN_TYPE


def test_metadata_whose_name_is_no_header_name_is_left_out() -> None:
    metadata = {"original-filename": "ä b.txt", "": "x", "a b": "x", "ä": "x", "a\n": "x"}
    assert escaped(metadata) == {"original-filename": "%C3%A4%20b.txt"}
