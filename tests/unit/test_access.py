from typing import Any

import pytest

from pocketfiles.access import Access, AccessRequest
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.model import Collection, Field, Record
from pocketfiles.config import RuleLimits
from pocketfiles.errors import DecisionFailed, NotFound
from pocketfiles.http.messages import Request
from pocketfiles.tokens import Identity
from tests.fakes import FakeTable, request

NOW = 1_800_000_000.0
FIELDS = (
    Field("f1", "id", "text"),
    Field("f2", "title", "text"),
    Field("f3", "owner", "relation", collection_id="pbc_users", max_select=1),
)
USERS = Collection(
    "pbc_users", "users", "auth", (Field("f9", "id", "text"), Field("f8", "name", "text"))
)
ROOTS = Collection("pbc_roots", "_superusers", "auth")
ADA = Record("pbc_users", "ada", {"id": "ada", "name": "Ada"})
PAPER = Record("pbc_papers", "p1", {"id": "p1", "title": "One", "owner": "ada"})
OWNER = Identity(USERS, ADA)
OTHER = Identity(USERS, Record("pbc_users", "bob", {"id": "bob", "name": "Bob"}))
ROOT = Identity(ROOTS, Record("pbc_roots", "root", {"id": "root"}))
IS_OWNER = "owner = @request.auth.id"


def allows(
    rule: str | None, who: Identity | None, asked: Request | None = None, max_rows: int = 10
) -> bool:
    papers = Collection("pbc_papers", "papers", "base", FIELDS, view_rule=rule)
    snapshot = snapshot_of(FakeTable([USERS, papers, ROOTS], [ADA, PAPER]))
    try:
        access_request = AccessRequest(snapshot, papers, PAPER, who, asked or request(), NOW)
        Access(RuleLimits(max_rows=max_rows)).check(access_request)
    except NotFound:
        return False
    return True


@pytest.mark.parametrize(
    ("rule", "who", "allowed"),
    [
        (None, None, False),
        (None, OWNER, False),
        (None, ROOT, True),
        ("", None, True),
        ("", OWNER, True),
        (IS_OWNER, None, False),
        (IS_OWNER, OWNER, True),
        (IS_OWNER, OTHER, False),
        (IS_OWNER, ROOT, True),
        ("owner.name = 'Ada'", None, True),
        ("owner.name = 'Bob'", None, False),
        ("@request.context = 'protectedFile'", None, True),
        (" ", OWNER, False),
        ("// nothing", OWNER, False),
        ("nonsense = 1", OWNER, False),
        ("title", OWNER, False),
        ("nonsense = 1", ROOT, True),
    ],
)
def test_the_view_rule_decides_unless_a_superuser_asks(
    rule: str | None, who: Identity | None, allowed: bool
) -> None:
    assert allows(rule, who) is allowed


@pytest.mark.parametrize(
    ("rule", "asked", "allowed"),
    [
        ("@request.method = 'HEAD'", {"method": "HEAD"}, True),
        ("@request.method = 'HEAD'", {"method": "GET"}, False),
        ("@request.query.a = '1'", {"query": "a=1&a=2"}, True),
        ("@request.query.a = '2'", {"query": "a=1&a=2"}, False),
        ("@request.headers.x_key = 's'", {"x_key": "s"}, True),
        ("@request.headers.host = 'h'", {"host": "h"}, False),
        ("@request.body.a = 1", {"content_type": "application/json", "body": '{"a":1}'}, True),
        (
            "@request.body.a = 'x'",
            {
                "content_type": "application/x-www-form-urlencoded",
                "body": "a=y",
                "query": "a=x",
            },
            True,
        ),
    ],
)
def test_a_rule_sees_the_request(rule: str, asked: dict[str, Any], allowed: bool) -> None:
    assert allows(rule, None, request(**asked)) is allowed


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", "{"),
        ("application/json", "[1]"),
        ("application/json", "[" * 50_000),
        ("text/plain", "a"),
        ("", "a"),
        ("application/json", '{"a":NaN}'),
        ("multipart/form-data; boundary=x", "--x--"),
    ],
)
def test_a_request_with_an_unreadable_body_is_denied(content_type: str, body: str) -> None:
    asked = request(content_type=content_type, body=body)
    assert not allows("title = 'One'", None, asked)
    assert not allows("", None, asked)
    assert not allows("title = 'One'", ROOT, asked)
    assert allows("title = 'One'", None)


class _Broken(FakeTable):
    def referring(self, *_: Any) -> list[str]:
        raise AttributeError("no such thing")


def test_a_bug_of_the_rule_engine_denies_and_is_known_as_a_bug() -> None:
    rule = "@collection.users.name ?= 'Ada'"
    papers = Collection("pbc_papers", "papers", "base", FIELDS, view_rule=rule)
    snapshot = snapshot_of(_Broken([USERS, papers], [ADA, PAPER]))
    asked = AccessRequest(snapshot, papers, PAPER, None, request(), NOW)
    with pytest.raises(DecisionFailed, match="AttributeError"):
        Access(RuleLimits()).check(asked)


def test_a_rule_that_would_read_too_many_records_denies() -> None:
    rule = "@collection.users.name ?> 'A'"
    assert allows(rule, None)
    assert not allows(rule, None, max_rows=0)
