"""Sidecars that PocketBase did not write."""

import os
from pathlib import Path

import pytest

from admin.source.storage import escaped, find, why_absent
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


def test_metadata_without_a_utf8_form_is_replaced() -> None:
    assert escaped({"original-filename": "a\ud800"}) == {"original-filename": "a%3F"}


def test_a_sidecar_nested_without_end_tells_nothing(tmp_path: Path) -> None:
    Shaped(tmp_path).store("c/r/a.txt", b"a", "text/plain")
    (tmp_path / "storage/c/r/a.txt.attrs").write_text("[" * 200_000)
    found = find(tmp_path, "c/r/a.txt")
    assert found is not None
    assert found.content_type == UNKNOWN_TYPE


def test_a_sidecar_that_is_a_named_pipe_is_not_opened(tmp_path: Path) -> None:
    Shaped(tmp_path).store("c/r/a.txt", b"a", "text/plain")
    sidecar = tmp_path / "storage/c/r/a.txt.attrs"
    sidecar.unlink()
    os.mkfifo(sidecar)
    found = find(tmp_path, "c/r/a.txt")
    assert found is not None
    assert found.content_type == UNKNOWN_TYPE


@pytest.mark.parametrize(
    "name", ["n" * 700_000, "a\0b", "n" * 256], ids=["too long a path", "a NUL", "too long"]
)
def test_a_name_that_no_file_can_have_is_missing(name: str, tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    assert find(tmp_path, f"c/r/{name}") is None
    assert why_absent(tmp_path, f"c/r/{name}") == "is missing in storage"
