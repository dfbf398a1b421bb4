"""Conditions, ranges and downloads in any combination, against a model of RFC 9110 (§13, §14) and
PocketBase's unusual ranges (pocketbase.md §5.3, §5.4)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.deployed import Answer, Deployed
from tests.functions.conftest import FILES

NAMES = ["plain.txt", "one.png", "empty.txt"]
LIST_TAG = re.compile(r'^(W/)?("[^"]*")$')


@dataclass(frozen=True)
class Thing:
    """The file, as the model sees it."""

    body: bytes
    tag: str
    modified: datetime

    @property
    def size(self) -> int:
        return len(self.body)


@dataclass(frozen=True)
class Outcome:
    """A status, and the parts of the file in the body, as (first, last)."""

    status: int
    parts: tuple[tuple[int, int], ...] = ()
    unsatisfied: bool = False


# -------------------------------------------------------------------- the model


def outcome(thing: Thing, headers: dict[str, str]) -> Outcome:
    early = precondition(thing, headers)
    if early:
        return Outcome(early)
    whole = Outcome(200, ((0, thing.size - 1),))
    asked = headers.get("range", "")
    if not asked or not range_applies(thing, headers.get("if-range")):
        return whole
    try:
        found = parts_of(asked, thing.size)
    except ValueError:
        return Outcome(416)
    if found is None:
        return whole if thing.size == 0 else Outcome(416, unsatisfied=True)
    total = sum(last - first + 1 for first, last in found)
    return Outcome(206, tuple(found)) if found and total <= thing.size else whole


def precondition(thing: Thing, headers: dict[str, str]) -> int | None:
    match, none = headers.get("if-match"), headers.get("if-none-match")
    if match is not None:
        if not listed(match, thing.tag, strongly=True):
            return 412
    elif (since := date_of(headers.get("if-unmodified-since"))) and thing.modified > since:
        return 412
    if none is not None:
        return 304 if listed(none, thing.tag, strongly=False) else None
    since = date_of(headers.get("if-modified-since"))
    return 304 if since and thing.modified <= since else None


def listed(value: str, tag: str, *, strongly: bool) -> bool:
    if value == "*":
        return True
    for item in value.split(","):
        found = LIST_TAG.match(item.strip())
        if found is None:
            return False  # the rest of a malformed list does not count
        if found[2] == tag and not (strongly and found[1]):
            return True
    return False


def date_of(value: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def range_applies(thing: Thing, value: str | None) -> bool:
    if value is None:
        return True
    return value == thing.tag or date_of(value) == thing.modified


def parts_of(value: str, size: int) -> list[tuple[int, int]] | None:
    """The satisfiable parts, or ``None`` if none is. Raises ``ValueError``."""
    if not value.startswith("bytes="):
        raise ValueError
    found: list[tuple[int, int]] = []
    beyond = False
    for item in value.removeprefix("bytes=").split(","):
        text = item.strip(" \t")
        if not text:
            continue
        first, dash, last = text.partition("-")
        if not dash:
            raise ValueError
        if not first.strip(" \t"):
            length = min(number(last), size)
            found.append((size - length, size - 1))
        elif number(first) >= size:
            beyond = True
        else:
            end = number(last) if last.strip(" \t") else size - 1
            if end < number(first):
                raise ValueError
            found.append((number(first), min(end, size - 1)))
    return None if beyond and not found else found


def number(text: str) -> int:
    digits = text.strip(" \t").removeprefix("+")
    if not digits.isascii() or not digits.isdigit():
        raise ValueError
    return int(digits)


# -------------------------------------------------------------------- what is tried

TAGS = [
    "{tag}",
    "W/{tag}",
    '"other"',
    'W/"other"',
    "*",
    "junk",
    '""',
    '"x", {tag}',
    "junk, {tag}",
    '{tag}, "x"',
]
DATES = ["same", "before", "after", "long before", "junk", "Mon, 32 Jan 2026 00:00:00 GMT"]

numbers = st.one_of(st.integers(0, 300), st.sampled_from([0, 255, 256, 2**62])).map(str)
ends = st.tuples(st.sampled_from(["", " ", "+"]), numbers, st.sampled_from(["", " "])).map("".join)
items = st.one_of(
    st.tuples(ends, st.just("-"), ends).map("".join),
    ends.map(lambda n: f"{n}-"),
    ends.map(lambda n: f"-{n}"),
    st.sampled_from(["", " ", "-", "x", "1-2-3", "--1", "5", "²-³"]),
)
byte_ranges = st.tuples(
    st.sampled_from(["bytes="] * 9 + ["Bytes=", "bytes", "items=", "bytes "]),
    st.lists(items, min_size=1, max_size=4).map(",".join),
).map("".join)
sent = st.fixed_dictionaries(
    {},
    optional={
        "if-match": st.sampled_from(TAGS),
        "if-none-match": st.sampled_from(TAGS),
        "if-modified-since": st.sampled_from(DATES),
        "if-unmodified-since": st.sampled_from(DATES),
        "if-range": st.sampled_from(TAGS + DATES),
        "range": byte_ranges,
    },
)
FORMS = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]


def filled(value: str, thing: Thing, form: str) -> str:
    """The header's value that matches this file."""
    moved = {
        "same": timedelta(),
        "before": timedelta(seconds=-1),
        "after": timedelta(seconds=1),
        "long before": timedelta(days=-9000),
    }
    if value in moved:
        return (thing.modified + moved[value]).strftime(form)
    return value.replace("{tag}", thing.tag)


@pytest.fixture(scope="module")
def things(stable: Deployed) -> dict[str, Thing]:
    found = {}
    for name in NAMES:
        headers = stable.ask("HEAD", f"/api/files/photos/photo1/{name}").headers
        modified = parsedate_to_datetime(headers["last-modified"])
        found[name] = Thing(FILES[name][0], headers["etag"], modified)
    return found


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(NAMES),
    headers=sent,
    form=st.sampled_from(FORMS),
    download=st.sampled_from(["", "?download=1", "?download=no"]),
)
def test_any_combination_of_headers_is_answered_as_the_model_says(
    stable: Deployed,
    things: dict[str, Thing],
    name: str,
    headers: dict[str, str],
    form: str,
    download: str,
) -> None:
    thing = things[name]
    asked = {header: filled(value, thing, form) for header, value in headers.items()}
    wire = {header: value.encode().decode("latin-1") for header, value in asked.items()}
    expected = outcome(thing, asked)
    target = f"/api/files/photos/photo1/{name}{download}"
    answer, head = stable.ask("GET", target, wire), stable.ask("HEAD", target, wire)
    assert answer.status == expected.status
    check_body(thing, expected, answer)
    check_headers(thing, expected, answer)
    inline = name == "one.png" and download != "?download=1"
    kind = "inline" if inline else "attachment"
    assert answer.headers["content-disposition"] == f"{kind}; filename={name}"
    check_head(answer, head)


def check_body(thing: Thing, expected: Outcome, answer: Answer) -> None:
    if expected.status in {304, 412}:
        assert answer.body == b""
    elif expected.status == 416:
        assert answer.body.startswith(b"invalid range")
    elif len(expected.parts) == 1:
        first, last = expected.parts[0]
        assert answer.body == thing.body[first : last + 1]
    else:
        wanted = [
            (f"bytes {first}-{last}/{thing.size}", thing.body[first : last + 1])
            for first, last in expected.parts
        ]
        assert multipart(answer) == wanted


def multipart(answer: Answer) -> list[tuple[str, bytes]]:
    boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
    pieces = answer.body.split(b"--" + boundary)
    assert (pieces[0], pieces[-1]) == (b"", b"--\r\n")
    found = []
    for piece in pieces[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        content_range = BytesParser().parsebytes(head)["content-range"]
        found.append((content_range, content.removesuffix(b"\r\n")))
    return found


def check_headers(thing: Thing, expected: Outcome, answer: Answer) -> None:
    headers = answer.headers
    assert ("etag" in headers) == (expected.status != 416)
    assert headers.get("etag", thing.tag) == thing.tag
    assert ("accept-ranges" in headers) == (expected.status in {200, 206})
    assert (headers["cache-control"] == "no-store") == (expected.status >= 400)
    if expected.status == 206 and len(expected.parts) == 1:
        first, last = expected.parts[0]
        assert headers["content-range"] == f"bytes {first}-{last}/{thing.size}"
    elif expected.unsatisfied:
        assert headers["content-range"] == f"bytes */{thing.size}"
    else:
        assert "content-range" not in headers


def check_head(answer: Answer, head: Answer) -> None:
    """HEAD is GET without the body. Only a 412 has no length then."""

    def comparable(headers: dict[str, str]) -> dict[str, str]:
        return {
            n: re.sub("boundary=.*", "", v) for n, v in headers.items() if n != "content-length"
        }

    assert (head.status, head.body) == (answer.status, b"")
    assert comparable(dict(head.headers)) == comparable(dict(answer.headers))
    if answer.status in {200, 206, 416}:
        assert head.headers["content-length"] == str(len(answer.body))
