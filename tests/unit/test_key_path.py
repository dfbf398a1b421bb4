import pytest

from pocketfiles.key_path import as_file_request
from tests.fakes import request


def test_a_request_without_the_header_stays_as_it_is() -> None:
    asked = request(path="/api/files/c/r/thumbs_a.jpg/100x100_a.jpg", query="x=1")
    assert as_file_request(asked) is asked


@pytest.mark.parametrize(
    ("path", "file", "thumb", "accept"),
    [
        ("c/r/a.jpg", "c/r/a.jpg", None, "*/*"),
        ("c/r/thumbs_a.jpg/100x100_a.jpg", "c/r/a.jpg", "100x100", "*/*"),
        ("c/r/thumbs_a_b.jpg/0x30t_a_b.jpg", "c/r/a_b.jpg", "0x30t", "*/*"),
        ("c/r/thumbs_a.jpg/100x100_a.jpg.avif", "c/r/a.jpg", "100x100", "image/avif"),
        ("c/r/thumbs_a.jpg/100x100_a.jpg.webp", "c/r/a.jpg", "100x100", "image/webp"),
        ("c/r/thumbs_a.webp/100x100_a.webp", "c/r/a.webp", "100x100", "*/*"),
        ("c/r/a/b/d", "c/r/a/b/d", None, "*/*"),
    ],
)
def test_a_key_becomes_the_request_for_its_file(
    path: str, file: str, thumb: str | None, accept: str
) -> None:
    asked = request(path=f"/api/files/{path}", x_path_is_key="yes", accept="image/avif")
    changed = as_file_request(asked)
    assert changed.path == f"/api/files/{file}"
    assert changed.query.get("thumb") == thumb
    assert changed.headers == {"accept": accept}


def test_a_token_has_no_effect_on_a_request_by_key() -> None:
    asked = request(path="/api/files/c/r/a.jpg", query="token=x", x_path_is_key="yes")
    assert as_file_request(asked).query == {}
