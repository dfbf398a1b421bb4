import pytest

from pocketfiles import keys
from pocketfiles.errors import NotFound


def test_keys_are_pocketbases() -> None:
    original = keys.original("col", "rec", "pic_1.png")
    assert original == "col/rec/pic_1.png"
    assert keys.thumb(original, "100x100") == "col/rec/thumbs_pic_1.png/100x100_pic_1.png"


@pytest.mark.parametrize("part", ["", ".", "..", "a/b", "/", "../x"])
def test_no_part_leads_out_of_its_folder(part: str) -> None:
    for parts in ((part, "rec", "f"), ("col", part, "f"), ("col", "rec", part)):
        with pytest.raises(NotFound):
            keys.original(*parts)
