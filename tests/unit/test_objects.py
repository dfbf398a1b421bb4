from datetime import UTC, datetime

from pocketfiles.objects import Opened, Stored


def test_the_bytes_of_an_object_are_not_in_its_representation() -> None:
    stored = Stored("c/r/f.txt", 4, '"tag"', "text/plain", datetime(2026, 1, 1, tzinfo=UTC))
    assert "hush" not in repr(Opened(stored, b"hush"))
    assert Opened(stored).body is None
