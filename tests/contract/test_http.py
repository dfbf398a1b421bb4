"""Every recorded answer of PocketBase, replayed through the API that template.yaml declares."""

import copy
import hashlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from admin.sync.prepare import import_directory
from tests.conftest import DEMO, ROOT, make_cloud
from tests.contract.deviations import (
    DEVIATIONS,
    MEASURED,
    Bucket,
    Deviation,
    Expected,
    Row,
    claims_of,
)
from tests.deployed import Answer, Deployed, deployed

FILES = {"http.jsonl": 345, "http-more.jsonl": 770}


def recorded_rows(file: str) -> list[Row]:
    lines = (ROOT / "tests/contract" / file).read_text("utf-8").splitlines()
    return [Row(**json.loads(line)) for line in lines]


ROWS = [row for file in FILES for row in recorded_rows(file)]
COMPATIBILITY = ROOT / "docs" / "compatibility.md"
FILE_TOKEN_SECONDS = 180
TOKEN_START = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ"
"""How each new token begins: its header, and the quote before the name of its first claim."""
BOUNDARY = re.compile(r"boundary=([0-9a-f]{60})")


@dataclass
class World:
    """The API over the demo data, and its bucket."""

    api: Deployed
    bucket: Bucket


@pytest.fixture(scope="module")
def world(endpoint: str) -> Iterator[World]:
    cloud = make_cloud(endpoint)
    import_directory(DEMO, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    with deployed(cloud) as api:
        yield World(api, Bucket(cloud.s3, cloud.bucket))


def ask(world: World, row: Row) -> Answer:
    """Our answer to the row's request, its dates moved to those of our own object."""
    recorded = dict(row.response_headers).get("last-modified") or recorded_date(row)
    headers = dict(row.headers)
    for name, value in headers.items():
        if value and value == recorded:
            headers[name] = last_modified(world, row)
    body = row.body.encode()
    if row.raw_body:  # chunked on the wire; a gateway passes on what it carries
        headers.pop("Transfer-Encoding")
        body = unchunked(body)
    return world.api.ask(row.method, row.path, headers, body)


def unchunked(body: bytes) -> bytes:
    """What a chunked body carries (RFC 9112 §7.1)."""
    size, _, rest = body.partition(b"\r\n")
    length = int(size, 16)
    return rest[:length] + unchunked(rest[length + 2 :]) if length else b""


def recorded_date(row: Row) -> str:
    """When the row's file was modified, as other rows tell."""
    path = row.path.partition("?")[0]
    dates = (
        dict(other.response_headers).get("last-modified") for other in ROWS if other.path == path
    )
    return next((date for date in dates if date), "")


def last_modified(world: World, row: Row) -> str:
    served = row.served or row.path.partition("?")[0].rpartition("/")[2]
    modified = world.bucket.get(served)["LastModified"]
    return str(modified.strftime("%a, %d %b %Y %H:%M:%S GMT"))


def expected_of(world: World, row: Row, answer: Answer) -> Expected:
    """PocketBase's answer with our own dates, changed by every deviation that covers the row."""
    expected = Expected.of(row)
    for deviation in DEVIATIONS:
        if deviation.covers(row):
            before = copy.deepcopy(expected)
            deviation.change(row, expected, world.bucket)
            assert expected != before, f"{deviation.name} changes nothing here"
    if "last-modified" in expected.headers:
        expected.headers["last-modified"] = [date_of(world, row, answer)]
    return expected


def date_of(world: World, row: Row, answer: Answer) -> str:
    """The object's date. A thumb that was just made may be dated a second off its object."""
    date = last_modified(world, row)
    if row.is_thumb:
        ours = answer.headers["last-modified"]
        difference = parsedate_to_datetime(ours) - parsedate_to_datetime(date)
        return ours if abs(difference.total_seconds()) <= 2 else date
    return date


def seen(row: Row, answer: Answer) -> Expected:
    """Our answer in the same terms; a random boundary gives way to the recorded one."""
    headers = dict(answer.headers) | ({"server-timing": MEASURED} if answer.timed else {})
    body = answer.body
    ours = BOUNDARY.search(headers.get("content-type", ""))
    theirs = BOUNDARY.search(dict(row.response_headers).get("content-type", ""))
    if ours and theirs:
        headers["content-type"] = headers["content-type"].replace(ours[1], theirs[1])
        body = body.replace(ours[1].encode(), theirs[1].encode())
    checksum = hashlib.sha256(body).hexdigest() if row.sha256 else ""
    return Expected(answer.status, {n: [v] for n, v in headers.items()}, len(body), checksum)


@pytest.mark.parametrize(("file", "count"), [*FILES.items()])
def test_all_recorded_requests_are_here(file: str, count: int) -> None:
    assert len(recorded_rows(file)) == count


def parameters() -> Iterator[Any]:
    """Every row by file and line."""
    for file in FILES:
        for line, row in enumerate(recorded_rows(file), 1):
            yield pytest.param(row, id=f"{file} {line}: {row.name}")


@pytest.mark.parametrize("row", [*parameters()])
def test_the_answer_is_pocketbases_but_for_named_deviations(world: World, row: Row) -> None:
    answer = ask(world, row)
    assert seen(row, answer) == expected_of(world, row, answer)
    if row.text == "(a new token)":
        check_token(row, answer)
    elif not row.sha256:
        assert row.text is not None, "a recorded body that nothing compares"
        assert answer.body.decode() == row.text


def check_token(row: Row, answer: Answer) -> None:
    """The new token says of its owner what the one that asked for it says.

    An excerpt is as long as recorded, and too short to hold a claim.
    """
    token = answer.json["token"]
    if token.endswith("..."):
        assert token == f"{TOKEN_START}..."
        return
    assert token.startswith(TOKEN_START)
    asked = claims_of(row.headers["Authorization"].split(" ")[-1])
    claims = claims_of(token)
    ids = {"users": "_pb_users_auth_"}
    assert set(claims) == {"collectionId", "exp", "id", "type"}
    assert claims["collectionId"] == ids.get(str(asked["collectionId"]), asked["collectionId"])
    assert (claims["id"], claims["type"]) == (asked["id"], "file")
    assert abs(int(str(claims["exp"])) - time.time() - FILE_TOKEN_SECONDS) < 10


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=[deviation.name for deviation in DEVIATIONS])
def test_a_deviation_covers_some_rows_and_stands_in_the_table(deviation: Deviation) -> None:
    assert any(deviation.covers(row) for row in ROWS)
    assert listed().count(deviation.name) == 1


def listed() -> list[str]:
    """The names in the one table of docs/compatibility.md."""
    lines = COMPATIBILITY.read_text().splitlines()
    assert sum(line.startswith("|---") for line in lines) == 1, "one table holds them all"
    cells = [line.strip("|").split("|") for line in lines if line.startswith("| ")]
    assert {len(row) for row in cells} == {4}
    return [row[0].strip() for row in cells[1:]]


def test_no_deviation_is_listed_twice() -> None:
    assert len(set(listed())) == len(listed())
