"""What counts as a difference between two answers."""

import pytest

from admin.comparison.client import Answer
from admin.comparison.judge import _json_keys


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (b'{"b": 1, "a": 2}', ["a", "b"]),
        (b"<html>", []),
        (b"7", []),
        (b"[" * 100_000, []),
    ],
    ids=["an object", "no JSON", "a number", "too many brackets"],
)
def test_the_keys_of_a_body_are_those_of_its_object(body: bytes, keys: list[str]) -> None:
    assert _json_keys(Answer(200, {}, len(body), "", body)) == keys
