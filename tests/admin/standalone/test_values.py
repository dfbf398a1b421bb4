"""Values that `put` is given as texts: what is stored, and what is refused."""

from typing import Any

import pytest

from admin.errors import AdminError
from admin.standalone.values import is_missing, typed
from pocketfiles.catalogue.model import Field


def field(kind: str, max_select: int = 1, **limits: Any) -> Field:
    return Field("f", "f", kind, max_select=max_select, limits=limits)


COLOURS = ["red", "blue"]
STORED: list[tuple[Field, str, Any]] = [
    (field("text"), " a,b ", " a,b "),
    (field("text", min=2, max=3), "äöü", "äöü"),
    (field("text", min=2), "", ""),
    (field("editor", maxSize=9), "<p>ü</p>", "<p>ü</p>"),
    (field("bool"), "true", 1),
    (field("number"), "3", 3),
    (field("number"), "3.0", 3),
    (field("number"), "-1.5", -1.5),
    (field("number", min=0, max=9), "9", 9),
    (field("date"), "", ""),
    (field("date"), "2026-01-31", "2026-01-31 00:00:00.000Z"),
    (field("date"), "2026-01-31 12:30", "2026-01-31 12:30:00.000Z"),
    (field("date"), "2026-01-31T12:30:01.5+02:00", "2026-01-31 10:30:01.500Z"),
    (field("date"), "2026-01-31 12:30:01.123Z", "2026-01-31 12:30:01.123Z"),
    (field("date", min="2026-01-31 00:00:00.000Z"), "2026-01-31", "2026-01-31 00:00:00.000Z"),
    (field("date", max="2026-01-31"), "2026-01-31T01:00+01:00", "2026-01-31 00:00:00.000Z"),
    (field("date", max="never"), "2026-01-31", "2026-01-31 00:00:00.000Z"),
    (field("date", min="2026-01-31"), "", ""),
    (field("autodate"), "2026-01-31", "2026-01-31 00:00:00.000Z"),
    (field("email"), "ada@example.com", "ada@example.com"),
    (field("email", onlyDomains=["example.com"]), "ada@example.com", "ada@example.com"),
    (field("email"), "", ""),
    (field("url"), "https://example.com/a?b=c", "https://example.com/a?b=c"),
    (field("url"), "example.com", "example.com"),
    (field("url"), "http://localhost:80", "http://localhost:80"),
    (field("url"), "", ""),
    (field("json"), '{"a": [1]}', '{"a": [1]}'),
    (field("json"), '"text"', '"text"'),
    (field("json"), "", None),
    (field("geoPoint"), '{"lon": 12.5, "lat": 41}', '{"lon":12.5,"lat":41}'),
    (field("select", values=COLOURS), "red", "red"),
    (field("select", values=COLOURS), "", ""),
    (field("select"), "anything", "anything"),
    (field("select", 2, values=COLOURS), "red,blue,red", '["red","blue"]'),
    (field("select", 2, values=COLOURS), "", "[]"),
    (field("relation", 2), "a,b", '["a","b"]'),
    (field("relation", 3, minSelect=2), "a,b", '["a","b"]'),
    (field("relation", 3, minSelect=2), "", "[]"),
]


@pytest.mark.parametrize(("field", "text", "value"), STORED)
def test_a_value_is_stored_as_pocketbase_stores_it(field: Field, text: str, value: Any) -> None:
    found = typed(field, text)
    assert found == value
    assert type(found) is type(value)


REFUSED: list[tuple[Field, str, str]] = [
    (field("text", min=3), "äö", "it has at least 3 characters"),
    (field("text", max=3), "äöüß", "it has at most 3 characters"),
    (field("editor", maxSize=8), "<p>ü</p>", "it has at most 8 bytes"),
    (field("bool"), "yes", "it is true or false"),
    (field("number"), "many", "a number is expected"),
    (field("number"), "nan", "a number is expected"),
    (field("number"), "1e999", "a number is expected"),
    (field("number", min=0), "-1", "it is at least 0"),
    (field("number", max=9), "10", "it is at most 9"),
    (field("number", onlyInt=True), "1.5", "a whole number is expected"),
    (field("date"), "tomorrow", "a date such as 2026-01-31"),
    (field("date"), "2026-02-31", "a date such as 2026-01-31"),
    (field("date"), "0001-01-01T00:00:00+02:00", "a date such as 2026-01-31"),
    (
        field("date", min="2026-01-31"),
        "2026-01-30",
        "it is 2026-01-31 00:00:00.000Z at the earliest",
    ),
    (field("date", max="2026-01-31"), "2026-02-01", "it is 2026-01-31 00:00:00.000Z at the latest"),
    (field("email"), "ada", "an e-mail address is expected"),
    (field("email"), "ada@example", "an e-mail address is expected"),
    (field("email"), "a da@example.com", "an e-mail address is expected"),
    (field("email", onlyDomains=["a.com"]), "ada@b.com", "its domain is one of a.com"),
    (field("email", exceptDomains=["b.com"]), "ada@b.com", "the domain b.com is not allowed"),
    (field("url"), "no url", "a URL such as"),
    (field("url"), "https://", "a URL such as"),
    (field("url"), "http://[", "a URL such as"),
    (field("url", onlyDomains=["a.com"]), "https://b.com/", "its domain is one of a.com"),
    (field("json"), "{a}", "JSON is expected"),
    (field("json", maxSize=3), '"äö"', "it has at most 3 bytes"),
    (field("json"), "NaN", "JSON is expected"),
    (field("json"), "[" * 100_000, "JSON is expected"),
    (field("geoPoint"), "12,41", "JSON is expected"),
    (field("geoPoint"), "[1,2]", "an object such as"),
    (field("geoPoint"), '{"lon":181,"lat":0}', "lon is a number from -180 to 180"),
    (field("geoPoint"), '{"lon":0,"lat":"x"}', "lat is a number from -90 to 90"),
    (field("password"), "secret", "nobody signs in here with a password"),
    (field("select", values=COLOURS), "green", "there are red, blue"),
    (field("select", 2, values=COLOURS), "red,green", "there are red, blue"),
    (field("select", 2), "a,b,c", "it holds 2 at most"),
    (field("relation", 2), "a,b,c", "it holds 2 at most"),
    (field("relation", 3, minSelect=2), "a", "it holds 2 at least"),
]


@pytest.mark.parametrize(("field", "text", "reason"), REFUSED)
def test_a_value_that_a_field_does_not_take_is_refused(
    field: Field, text: str, reason: str
) -> None:
    with pytest.raises(AdminError) as failure:
        typed(field, text)
    assert f"is no value for the {field.type} field f: {reason}" in str(failure.value)


@pytest.mark.parametrize(
    ("kind", "value", "missing"),
    [
        ("text", "", True),
        ("text", "[]", False),
        ("bool", 0, True),
        ("bool", 1, False),
        ("number", 0, True),
        ("number", 0.5, False),
        ("date", "", True),
        ("json", None, True),
        ("json", "{}", True),
        ("json", "0", False),
        ("geoPoint", '{"lon":0,"lat":0}', True),
        ("geoPoint", '{"lon":0,"lat":1}', False),
        ("file", "[]", True),
        ("file", "a.txt", False),
        ("password", "", False),
    ],
)
def test_a_required_field_needs_more_than_its_types_empty_value(
    kind: str, value: Any, missing: bool
) -> None:
    assert is_missing(field(kind, required=True), value) is missing
    assert not is_missing(field(kind), value)
