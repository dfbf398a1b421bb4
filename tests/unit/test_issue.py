import json
from dataclasses import replace

import jwt
import pytest

from pocketfiles.catalogue.cached import Catalogue
from pocketfiles.catalogue.model import Collection, Record, TokenOptions
from pocketfiles.errors import (
    NotFound,
    Overloaded,
    Refusal,
    StorageUnavailable,
    TokenNotIssued,
    Unauthenticated,
)
from pocketfiles.http.messages import Reply
from pocketfiles.issue import PATH, TokenService
from pocketfiles.log_fields import LogFields
from tests.clock import Clock
from tests.fakes import FakeTable, request

NOW = 1_800_000_000.9
USERS = Collection(
    "pbc_users",
    "users",
    "auth",
    auth_token=TokenOptions("a" * 40, 60),
    file_token=TokenOptions("f" * 40, 180),
)
ADA = Record("pbc_users", "ada", {"tokenKey": "k" * 40})
AUTH = jwt.encode({"collectionId": "pbc_users", "id": "ada", "type": "auth"}, "k" * 40 + "a" * 40)


def issued(
    query: str = "", *, users: Collection = USERS, method: str = "POST", path: str = PATH
) -> Reply:
    service = TokenService(Catalogue(FakeTable([users], [ADA]), 5, Clock()))
    return service.issue(request(method, path, query, authorization=AUTH), NOW)


def test_a_token_has_pocketbases_claims_and_signature() -> None:
    reply = issued()
    token = json.loads(reply.body)["token"]
    assert reply.body == b'{"token":"%s"}\n' % token.encode()
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    claims = jwt.decode(token, "k" * 40 + "f" * 40, algorithms=["HS256"])
    assert claims == {
        "collectionId": "pbc_users",
        "exp": 1_800_000_180,
        "id": "ada",
        "type": "file",
    }
    assert list(claims) == sorted(claims)


def test_the_response_is_not_cached_and_the_log_has_no_token() -> None:
    reply = issued()
    assert reply.status == 200
    assert dict(reply.headers) == {
        "cache-control": "no-store",
        "content-type": "application/json",
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "x-xss-protection": "1; mode=block",
    }
    assert reply.log_fields == LogFields(token_issued=True)


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("fields=a", set()),
        ("fields=token", {"token"}),
        ("fields=a,%20token%20", {"token"}),
        ("fields=*", {"token"}),
        ("fields=", {"token"}),
        ("fields=,", {"token"}),
    ],
)
def test_the_parameter_fields_reduces_the_body(query: str, keys: set[str]) -> None:
    assert set(json.loads(issued(query).body)) == keys


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ("token:excerpt(5)", b'{"token":"eyJhb"}\n'),
        ("token:excerpt(5,true)", b'{"token":"eyJhb..."}\n'),
        ("token:excerpt(%205%20,%200)", b'{"token":"eyJhb"}\n'),
        ("token,token:excerpt(5)", b'{"token":"eyJhb"}\n'),
        ("*:excerpt(3)", b'{"token":"eyJ"}\n'),
        ("token:excerpt(5),token.x", b'{"token":"eyJhb"}\n'),
        ("token:excerpt(,5)x", b'{"token":"eyJhb"}\n'),
        ("token:excerpt%205.9", b'{"token":"eyJhb"}\n'),
        ("token:excerpt(010)", b'{"token":"eyJhbGci"}\n'),
        ("token:excerpt(0x5,yes)", b'{"token":"eyJhb"}\n'),
        ("*:excerpt(1_0)", b'{"token":"eyJhbGciOi"}\n'),
        ("x*:excerpt(3)", b"{}\n"),
        ("a\\'b", b"{}\n"),
        ("'token,x'", b"{}\n"),
        ("token'", b""),
        ("token,(", b""),
        ("token:excerpt('5')", b""),
        ("token:excerpt(9223372036854775808)", b""),
        ("token:excerpt(-5)", b""),
        ("token:excerpt(\N{DIGIT FIVE}\N{ARABIC-INDIC DIGIT FIVE})", b""),
        ("*.x", b"{}\n"),
        ("token%20:excerpt(5)", b"{}\n"),
        ("token:excerpt()", b""),
        ("token:excerpt(0)", b""),
        ("token:excerpt(5,true,x)", b""),
        ("token:nope(1)", b""),
        ("a:nope(1),token", b""),
        ("token:excerpt(5", b""),
        ("token:", b""),
    ],
)
def test_a_modifier_of_fields_shortens_the_token_or_empties_the_body(
    fields: str, body: bytes
) -> None:
    assert issued(f"fields={fields}").body == body


@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("PUT", PATH), ("POST", f"{PATH}/"), ("POST", "/api/files")]
)
def test_any_other_route_is_not_found(method: str, path: str) -> None:
    with pytest.raises(NotFound):
        issued(method=method, path=path)


def test_a_guest_gets_no_token() -> None:
    service = TokenService(Catalogue(FakeTable([USERS], [ADA]), 5, Clock()))
    with pytest.raises(Unauthenticated):
        service.issue(request("POST", PATH), NOW)


def test_a_collection_without_secrets_cannot_sign() -> None:
    keyless = replace(USERS, file_token=TokenOptions("", 180))
    record = Record("pbc_users", "ada", {"tokenKey": ""})
    auth = jwt.encode({"collectionId": "pbc_users", "id": "ada", "type": "auth"}, "a" * 40)
    service = TokenService(Catalogue(FakeTable([keyless], [record]), 5, Clock()))
    with pytest.raises(TokenNotIssued):
        service.issue(request("POST", PATH, authorization=auth), NOW)


class Failing(FakeTable):
    """A table that cannot be read."""

    failure: Refusal = StorageUnavailable("DynamoDB: ResourceNotFoundException")

    def get(self, collection_id: str, record_id: str) -> Record | None:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "seen"),
    [(StorageUnavailable("x"), TokenNotIssued), (Overloaded("x"), Overloaded)],
)
def test_a_table_that_cannot_be_read_is_a_failure_to_sign(
    failure: Refusal, seen: type[Refusal]
) -> None:
    table = Failing([USERS])
    table.failure = failure
    service = TokenService(Catalogue(table, 5, Clock()))
    with pytest.raises(seen):
        service.issue(request("POST", PATH, authorization=AUTH), NOW)
