import base64
import hmac
import json
from dataclasses import replace
from typing import Any

import jwt
import pytest

from pocketfiles import tokens
from pocketfiles.catalogue.model import Collection, Record, TokenOptions
from pocketfiles.errors import TokenNotIssued

NOW = 1_800_000_000.5
KEY = "k" * 50
USERS = Collection(
    id="pbc_users",
    name="users",
    type="auth",
    auth_token=TokenOptions("a" * 50, 432_000),
    file_token=TokenOptions("f" * 50, 180),
)
ADA = Record("pbc_users", "ada", {"tokenKey": KEY})
CLAIMS = {"collectionId": "pbc_users", "exp": int(NOW) + 60, "id": "ada", "type": "file"}


def owner(collection: str, record: str) -> tuple[Collection, Record] | None:
    return (
        (USERS, ADA) if collection.lower() in {"pbc_users", "users"} and record == "ada" else None
    )


def sign(claims: dict[str, Any], key: str = KEY + "f" * 50, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm=algorithm)


def verified(token: str) -> tokens.Identity:
    return tokens.verify(token, "file", owner, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"exp": int(NOW) + 1},
        {"exp": int(NOW) + 1.9},
        {"exp": 9e18},
        {"exp": 0},
        {"collectionId": "users"},
        {"collectionId": "USERS"},
        {"nbf": int(NOW)},
        {"iat": int(NOW)},
        {"aud": "someone", "iss": "x", "sub": 7, "jti": 9, "refreshable": False, "x": None},
    ],
)
def test_valid_tokens_are_accepted(changes: dict[str, Any]) -> None:
    assert verified(sign({**CLAIMS, **changes})).record == ADA


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(NOW)},
        {"exp": int(NOW) - 1},
        {"exp": int(NOW) + 0.9},
        {"exp": "4070908800"},
        {"exp": None},
        {"exp": True},
        {"exp": []},
        {"exp": 2.0**63},
        {"exp": 1e300},
        {"nbf": int(NOW) + 1},
        {"nbf": "x"},
        {"iat": int(NOW) + 1},
        {"iat": None},
        {"type": "auth"},
        {"type": ""},
        {"type": ["file"]},
        {"id": "bob"},
        {"id": ""},
        {"id": 7},
        {"collectionId": "photos"},
        {"collectionId": None},
    ],
)
def test_invalid_claims_are_rejected(changes: dict[str, Any]) -> None:
    with pytest.raises(tokens.BadToken):
        verified(sign({**CLAIMS, **changes}))


@pytest.mark.parametrize("name", ["id", "collectionId", "type"])
def test_a_missing_claim_is_rejected(name: str) -> None:
    with pytest.raises(tokens.BadToken, match=name):
        verified(sign({key: value for key, value in CLAIMS.items() if key != name}))


def test_a_token_without_exp_never_expires() -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != "exp"}
    assert verified(sign(claims)).expires is None
    assert verified(sign({**CLAIMS, "exp": 0})).expires is None


def test_a_fractional_exp_is_truncated_to_seconds() -> None:
    assert verified(sign({**CLAIMS, "exp": int(NOW) + 5.9})).expires == int(NOW) + 5


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_only_hs256_is_accepted(algorithm: str) -> None:
    with pytest.raises(tokens.BadToken):
        verified(sign(CLAIMS, algorithm=algorithm))


def test_an_unsigned_token_is_rejected() -> None:
    with pytest.raises(tokens.BadToken):
        verified(jwt.encode(CLAIMS, None, algorithm="none"))


def test_a_signature_by_another_key_is_rejected() -> None:
    for key in (KEY + "a" * 50, "f" * 50 + KEY, "x" * 100):
        with pytest.raises(tokens.BadToken, match="signature"):
            verified(sign(CLAIMS, key))


@pytest.mark.parametrize(
    "token",
    ["", "abc", "a.b", "a.b.c", "a.b.c.d", "..", "a..c", "a.b.c\n", "ä.b.c", "a" * 100_000]
    + [
        f"e30.{base64.urlsafe_b64encode(payload).decode().rstrip('=')}.x"
        for payload in (b"[]", b'"x"', b"{", b"\xff")
    ]
    + [f"e30.{base64.urlsafe_b64encode(b'[' * 50_000).decode().rstrip('=')}.x"],
)
def test_garbage_is_rejected(token: str) -> None:
    with pytest.raises(tokens.BadToken):
        verified(token)


def test_padding_and_other_characters_are_rejected() -> None:
    good = sign(CLAIMS)
    for bad in (
        good + "=",
        good + "!",
        good[:-4] + " " + good[-4:],
        f'"{good}"',
        f"Bearer {good}",
    ):
        with pytest.raises(tokens.BadToken):
            verified(bad)


def test_line_breaks_in_the_signature_do_not_count() -> None:
    good = sign(CLAIMS)
    for same in (good + "\n", good[:-3] + "\r\n" + good[-3:]):
        assert verified(same).record == ADA


@pytest.mark.parametrize("part", [0, 1])
def test_line_breaks_in_what_is_signed_spoil_the_signature(part: int) -> None:
    parts = sign(CLAIMS).split(".")
    parts[part] += "\n"
    with pytest.raises(tokens.BadToken, match="signature"):
        verified(".".join(parts))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "hs256"},
        {"alg": "HS256 "},
        {"alg": ["HS256"]},
        {"alg": None},
        {"typ": "JWT"},
        {"alg": "RS256"},
        {"alg": "ES256"},
    ],
)
def test_a_well_signed_token_of_another_algorithm_is_rejected(header: dict[str, Any]) -> None:
    """The signature fits; only the header does not."""

    def encoded(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    signed = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(CLAIMS).encode())}"
    key = (KEY + "f" * 50).encode()
    signature = hmac.digest(key, signed.encode(), "sha256")
    with pytest.raises(tokens.BadToken, match="algorithm"):
        verified(f"{signed}.{encoded(signature)}")


def test_every_changed_bit_of_the_signature_is_noticed() -> None:
    signed, _, signature = sign(CLAIMS).rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=")
    for index in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[index // 8] ^= 1 << index % 8
        other = base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("=")
        with pytest.raises(tokens.BadToken, match="signature"):
            verified(f"{signed}.{other}")


def test_an_issued_token_is_read_by_another_implementation() -> None:
    token = tokens.issue(USERS, ADA, "auth", NOW)
    claims = jwt.decode(token, KEY + "a" * 50, algorithms=["HS256"], options={"verify_exp": False})
    assert (claims["id"], claims["refreshable"]) == ("ada", True)


def test_a_record_of_another_collection_type_owns_no_token() -> None:
    base = replace(USERS, type="base")
    with pytest.raises(tokens.BadToken, match="no auth record"):
        tokens.verify(sign(CLAIMS), "file", lambda *_: (base, ADA), NOW)


def test_an_owner_without_a_key_has_no_tokens() -> None:
    bare, nobody = replace(USERS, file_token=TokenOptions()), Record("pbc_users", "ada", {})
    with pytest.raises(tokens.BadToken):
        tokens.verify(sign(CLAIMS), "file", lambda *_: (bare, nobody), NOW)
    with pytest.raises(TokenNotIssued):
        tokens.issue(bare, nobody, "file", NOW)


def test_a_file_token_has_exactly_these_claims_in_this_order() -> None:
    head, payload, _ = tokens.issue(USERS, ADA, "file", NOW).split(".")
    plain = [base64.urlsafe_b64decode(part + "==").decode() for part in (head, payload)]
    assert plain[0] == '{"alg":"HS256","typ":"JWT"}'
    assert plain[1] == json.dumps(
        {"collectionId": "pbc_users", "exp": int(NOW) + 180, "id": "ada", "type": "file"},
        separators=(",", ":"),
    )


@pytest.mark.parametrize("kind", ["auth", "file"])
def test_an_issued_token_verifies_as_its_own_type_only(kind: tokens.Kind) -> None:
    token = tokens.issue(USERS, ADA, kind, NOW)
    assert tokens.verify(token, kind, owner, NOW).record == ADA
    with pytest.raises(tokens.BadToken):
        tokens.verify(token, "auth" if kind == "file" else "file", owner, NOW)


def test_a_new_token_key_revokes_old_tokens() -> None:
    changed = replace(ADA, values={"tokenKey": "n" * 50})
    with pytest.raises(tokens.BadToken):
        tokens.verify(sign(CLAIMS), "file", lambda *_: (USERS, changed), NOW)


def test_no_reason_contains_a_part_of_the_token() -> None:
    token = sign({**CLAIMS, "type": "secret-type", "id": "secret-id"})
    with pytest.raises(tokens.BadToken) as caught:
        verified(token)
    assert "secret" not in str(caught.value)
    assert not any(part in str(caught.value) for part in token.split("."))


@pytest.mark.parametrize(
    ("token", "expired"),
    [
        (sign({**CLAIMS, "exp": int(NOW)}), True),
        (sign({**CLAIMS, "exp": 1}), True),
        (sign(CLAIMS), False),
        (sign({**CLAIMS, "exp": 0}), False),
        (sign({**CLAIMS, "exp": "soon"}), False),
        (sign({**CLAIMS, "exp": 1}, key="another key" * 5), False),
        (sign({**CLAIMS, "exp": 1, "type": "auth"}), False),
        (sign({**CLAIMS, "exp": 1, "nbf": 2}), False),
        ("", False),
        ("a.b.c", False),
    ],
)
def test_only_a_token_that_was_valid_until_its_end_has_expired(token: str, expired: bool) -> None:
    assert tokens.has_expired(token, "file", owner, NOW) is expired
