import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import bcrypt
import pytest

from local.gateway import Answer, Headers, Request
from local.login import Login, record_json
from pocketfiles.catalogue.cached import Snapshot
from pocketfiles.catalogue.generations import UNVERSIONED
from pocketfiles.catalogue.model import (
    Collection,
    Collections,
    Field,
    Record,
    Settings,
    TokenOptions,
)

LOCAL: Headers = (("Host", "127.0.0.1:8090"), ("Content-Type", "application/json"))
SIGNED = TokenOptions("s" * 32, 180)
USERS = Collection(
    "id_users",
    "users",
    "auth",
    (
        Field("f1", "password", "password", hidden=True),
        Field("f2", "tokenKey", "text", hidden=True),
        Field("f3", "email", "email"),
        Field("f4", "verified", "bool"),
        Field("f5", "tags", "select", max_select=3),
        Field("f6", "extra", "json"),
        Field("f7", "avatar", "file"),
    ),
    auth_token=SIGNED,
    file_token=SIGNED,
)
HASH = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
ADA = Record(
    "id_users",
    "ada",
    {
        "id": "ada",
        "email": "ada@example.com",
        "password": HASH,
        "tokenKey": "key",
        "verified": 1,
        "tags": '["a","b"]',
        "extra": '{"x": 1}',
        "avatar": None,
    },
)
PUBLIC = {
    "collectionId": "id_users",
    "collectionName": "users",
    "id": "ada",
    "email": "ada@example.com",
    "verified": True,
    "tags": ["a", "b"],
    "extra": {"x": 1},
    "avatar": "",
}


@dataclass
class Records:
    """One record, as a reader."""

    record: Record = field(default=ADA)

    def get(self, collection_id: str, record_id: str) -> Record | None:
        return self.record if record_id == self.record.id else None

    def batch(self, collection_id: str, record_ids: object) -> dict[str, Record]:
        raise AssertionError

    def referring(self, *arguments: object) -> list[str]:
        raise AssertionError

    def all(self, collection_id: str, limit: int) -> list[Record]:
        return [self.record]


def login(*, any_password: bool = False) -> Login:
    snapshot = Snapshot(UNVERSIONED, Collections([USERS]), Settings(), Records())
    return Login(lambda: snapshot, any_password)


def ask(
    form: Mapping[str, object], headers: Headers = LOCAL, *, any_password: bool = False
) -> Answer:
    path = "/api/collections/users/auth-with-password"
    body = json.dumps(form).encode()
    found = login(any_password=any_password).answer(Request("POST", path, headers, body))
    assert found is not None
    return found


def test_the_right_password_gets_the_record_and_a_token_that_refreshes() -> None:
    answer = ask({"identity": "ADA@example.com", "password": "right"})
    body = json.loads(answer.body)
    assert (answer.status, body["record"]) == (200, PUBLIC)
    headers = (("Host", "localhost"), ("Authorization", body["token"]))
    again = login().answer(Request("POST", "/api/collections/users/auth-refresh", headers))
    assert again is not None
    assert (again.status, json.loads(again.body)["record"]) == (200, PUBLIC)


@pytest.mark.parametrize(
    "form",
    [
        {"identity": "ada@example.com", "password": "wrong"},
        {"identity": "ada@example.com", "password": ""},
        {"identity": "ada@example.com", "password": "right" * 20},
        {"identity": "ada@example.com"},
        {"identity": "", "password": "right"},
        {"identity": "eve@example.com", "password": "right"},
        {},
    ],
)
def test_anything_else_is_refused_in_pocketbases_words(form: Mapping[str, object]) -> None:
    answer = ask(form)
    assert answer.status == 400
    assert json.loads(answer.body) == {
        "data": {},
        "message": "Failed to authenticate.",
        "status": 400,
    }


def test_with_the_demo_data_any_password_will_do() -> None:
    assert ask({"identity": "ada@example.com"}, any_password=True).status == 200
    assert ask({"identity": "nobody"}, any_password=True).status == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((("Host", "127.0.0.1"), ("Origin", "http://localhost:5173")), 200),
        ((("Host", "localhost:8090"), ("Origin", "http://127.0.0.1:3000")), 200),
        ((("Host", "127.0.0.1"), ("Origin", "https://evil.test")), 403),
        ((("Host", "127.0.0.1"), ("Origin", "http://localhost.evil.test")), 403),
        ((("Host", "127.0.0.1"), ("Origin", "null")), 403),
        ((("Host", "evil.test"),), 403),
        ((), 403),
    ],
)
def test_pages_of_other_machines_are_refused(headers: Headers, status: int) -> None:
    answer = ask({"identity": "ada@example.com", "password": "right"}, headers)
    assert answer.status == status
    allowed = dict(answer.headers).get("Access-Control-Allow-Origin")
    assert allowed == (dict(headers).get("Origin") if status == 200 else None)


def test_json_in_too_many_brackets_is_refused_as_an_empty_form() -> None:
    path = "/api/collections/users/auth-with-password"
    answer = login().answer(Request("POST", path, LOCAL, b"[" * 100_000))
    assert answer is not None
    assert answer.status == 400


def test_a_form_is_read_as_well_as_json() -> None:
    headers = (("Host", "localhost"), ("Content-Type", "application/x-www-form-urlencoded"))
    path = "/api/collections/users/auth-with-password"
    request = Request("POST", path, headers, b"identity=ada%40example.com&password=right")
    answer = login().answer(request)
    assert answer is not None
    assert answer.status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/collections/users/auth-with-password"),
        ("POST", "/api/collections/users/records"),
        ("POST", "/api/files/token"),
    ],
)
def test_other_requests_are_left_to_the_api(method: str, path: str) -> None:
    assert login().answer(Request(method, path, LOCAL)) is None


def test_a_forged_token_is_not_refreshed() -> None:
    headers = (("Host", "localhost"), ("Authorization", "a.b.c"))
    answer = login().answer(Request("POST", "/api/collections/users/auth-refresh", headers))
    assert answer is not None
    assert answer.status == 401


@pytest.mark.parametrize("text", ["{", "[" * 100_000])
def test_json_that_is_broken_is_null_in_the_record(text: str) -> None:
    broken = Record("id_users", "ada", {**ADA.values, "extra": text})
    assert record_json(USERS, broken)["extra"] is None
