import jwt
import pytest

from pocketfiles.catalogue.cached import Snapshot, snapshot_of
from pocketfiles.catalogue.model import Collection, Record, Settings, TokenOptions
from pocketfiles.errors import Forbidden
from pocketfiles.http.messages import Request
from pocketfiles.identity import authenticated, refuse_foreign_superuser, token_owner
from tests.fakes import FakeTable, request

NOW = 1_800_000_000.0
OPTIONS = {"auth_token": TokenOptions("a" * 40, 60), "file_token": TokenOptions("f" * 40, 180)}
USERS = Collection("pbc_users", "users", "auth", **OPTIONS)  # type: ignore[arg-type]
ROOTS = Collection("pbc_roots", "_superusers", "auth", **OPTIONS)  # type: ignore[arg-type]
ADA = Record("pbc_users", "ada", {"tokenKey": "k" * 40})
ROOT = Record("pbc_roots", "root", {"tokenKey": "r" * 40})
HERE = "192.0.2.7"


def token(record: Record, kind: str, **claims: object) -> str:
    key = record.token_key + ("a" if kind == "auth" else "f") * 40
    return jwt.encode(
        {
            "collectionId": record.collection_id,
            "id": record.id,
            "type": kind,
            "exp": NOW + 9,
            **claims,
        },
        key,
    )


def snapshot(*superuser_ips: str) -> Snapshot:
    rules = Settings(superuser_ips=superuser_ips)
    return snapshot_of(FakeTable([USERS, ROOTS], [ADA, ROOT], rules))


def bearing(value: str, **headers: str) -> Request:
    return request("POST", authorization=value, **headers)


ADAS = token(ADA, "auth")


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (ADAS, True),
        (f"Bearer {ADAS}", True),
        (f"bearer {ADAS}", True),
        (f"BEARER {ADAS}", True),
        (f" {ADAS} ", True),
        (f"Bearer  {ADAS}", False),
        (f"Bearer{ADAS}", False),
        (f"Token {ADAS}", False),
        (f"{ADAS},{ADAS}", False),
        ("Bearer ", False),
        ("Bearer", False),
        ("", False),
        ("abc", False),
        (token(ADA, "file"), False),
        (token(ADA, "auth", exp=NOW), False),
    ],
)
def test_authorization_identifies_a_record_or_nobody(value: str, known: bool) -> None:
    identity = authenticated(bearing(value), snapshot(), NOW)
    assert (identity is not None and identity.record == ADA) is known


def test_a_request_without_authorization_costs_no_read() -> None:
    table = FakeTable()
    known = snapshot_of(table)
    table.calls.clear()
    assert authenticated(request("POST"), known, NOW) is None
    assert table.calls == []


@pytest.mark.parametrize(
    ("query", "owner"),
    [
        (f"token={token(ADA, 'file')}", ADA),
        (f"token={token(ROOT, 'file')}", ROOT),
        (f"token={token(ADA, 'file', exp=0)}", ADA),
        (f"token={ADAS}", None),
        (f"Token={token(ADA, 'file')}", None),
        (f"token=x&token={token(ADA, 'file')}", None),
        (f"token=Bearer%20{token(ADA, 'file')}", None),
        ("token=", None),
        ("", None),
    ],
)
def test_the_file_token_in_the_query_identifies_its_owner(query: str, owner: Record | None) -> None:
    identity, _ = token_owner(request(query=query), snapshot(), NOW)
    assert (identity.record if identity else None) == owner


def test_authorization_opens_no_file() -> None:
    assert token_owner(bearing(token(ROOT, "auth")), snapshot(), NOW) == (None, "")


@pytest.mark.parametrize(
    ("listed", "headers", "allowed"),
    [
        ((), {}, True),
        ((HERE,), {}, True),
        (("192.0.2.0/24",), {}, True),
        (("198.51.100.1",), {}, False),
        (("198.51.100.1",), {"x_forwarded_for": "198.51.100.1"}, False),
    ],
)
def test_a_superuser_may_come_from_listed_addresses_only(
    listed: tuple[str, ...], headers: dict[str, str], allowed: bool
) -> None:
    known = snapshot(*listed)
    by_header = bearing(token(ROOT, "auth"), **headers)
    by_query = request(query=f"token={token(ROOT, 'file')}", **headers)
    if allowed:
        assert authenticated(by_header, known, NOW) is not None
        refuse_foreign_superuser(by_header, known, NOW)
    else:
        for check in (authenticated, refuse_foreign_superuser):
            with pytest.raises(Forbidden):
                check(by_header, known, NOW)
    identity, problem = token_owner(by_query, known, NOW)
    assert ((identity is not None), not problem) == (allowed, allowed)


def test_other_records_may_come_from_any_address() -> None:
    known = snapshot("198.51.100.1")
    assert authenticated(bearing(ADAS), known, NOW)
    refuse_foreign_superuser(bearing(ADAS), known, NOW)
    refuse_foreign_superuser(request(), known, NOW)


def test_authorization_costs_no_read_while_no_address_is_listed() -> None:
    table = FakeTable([ROOTS], [ROOT])
    known = snapshot_of(table)
    refuse_foreign_superuser(bearing(token(ROOT, "auth")), known, NOW)
    assert table.calls == [("pointer",), ("catalogue",)]


def test_the_collections_secret_alone_signs_for_no_record_whose_values_are_not_known() -> None:
    unknown = Record("pbc_users", "ada", {}, is_unreadable=True)
    known = snapshot_of(FakeTable([USERS], [unknown]))
    assert authenticated(bearing(token(unknown, "auth")), known, NOW) is None
