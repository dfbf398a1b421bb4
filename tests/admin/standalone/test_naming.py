"""Names of stored files, against what PocketBase was seen to make of them."""

import pytest

from admin.standalone.naming import stored_name

CASES = [
    ("photo.png", "photo_RANDOM.png"),
    ("My Pic (1).PNG", "my_pic_1_RANDOM.PNG"),
    ("myABCTest.txt", "my_abctest_RANDOM.txt"),
    ("a1B2.txt", "a1_b2_RANDOM.txt"),
    ("x.txt", "xRANDOM_RANDOM.txt"),
    ("тест.png", "RANDOM_RANDOM.png"),
    ("noext", "noext_RANDOM.sniffed"),
    ("data.tar.gz", "data_RANDOM.tar.gz"),
    ("my.file.v2.PNG", "my_file_RANDOM.v2.PNG"),
    (".hidden", "RANDOM_RANDOM.hidden"),
    ("weird*+=#.x*y+z=w#", "weird_RANDOM.x*y+z=w#"),
    ("name.я", "name_RANDOM.sniffed"),
    ("a/b\\c.txt", "a_b_c_RANDOM.txt"),
    ("../../etc/passwd", "RANDOM_RANDOM.etcpasswd"),
    ("b" * 200 + ".txt", "b" * 100 + "_RANDOM.txt"),
    ("long." + "e" * 40, "long_RANDOM." + "e" * 20),
    ("é" * 200 + "end.txt", "end_RANDOM.txt"),
]


@pytest.mark.parametrize(("original", "stored"), CASES)
def test_a_name_is_made_safe_and_unguessable(original: str, stored: str) -> None:
    drawn: list[tuple[str, int]] = []

    def letters(alphabet: str, count: int) -> str:
        drawn.append((alphabet, count))
        return "RANDOM"

    assert stored_name(original, ".sniffed", letters) == stored
    assert set(drawn) == {("abcdefghijklmnopqrstuvwxyz0123456789", 10)}
