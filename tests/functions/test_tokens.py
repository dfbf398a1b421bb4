"""File tokens, from the request for one to a file opened with it."""

import time

import jwt
import pytest

from tests.conftest import Cloud
from tests.deployed import Deployed, deployed
from tests.functions.conftest import ADA, BOB, ROOT, fill, make_token

ROUTE = "/api/files/token"
SECRET = "/api/files/papers/paper1/secret.txt"


def test_an_auth_token_is_exchanged_for_a_file_token_that_opens_the_file(stable: Deployed) -> None:
    answer = stable.ask("POST", ROUTE, {"Authorization": make_token(ADA, "auth")})
    assert answer.status == 200
    assert answer.headers == {
        "cache-control": "no-store",
        "content-length": str(len(answer.body)),
        "content-type": "application/json",
        "vary": "Origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "x-xss-protection": "1; mode=block",
    }
    token = answer.json["token"]
    claims = jwt.decode(token, "ada" * 20 + "f" * 40, algorithms=["HS256"])
    assert claims.pop("exp") == pytest.approx(time.time() + 180, abs=5)
    assert claims == {"collectionId": "pbc_users", "id": "ada", "type": "file"}
    assert stable.get(f"{SECRET}?token={token}").status == 200


def test_another_users_token_does_not_open_the_file(stable: Deployed) -> None:
    answer = stable.ask("POST", ROUTE, {"Authorization": f"Bearer {make_token(BOB, 'auth')}"})
    assert stable.get(f"{SECRET}?token={answer.json['token']}").status == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "x"},
        {"Authorization": make_token(ADA)},
        {"Authorization": make_token(ADA, "auth", exp=int(time.time()) - 1)},
        {"Authorization": make_token(ADA, "auth", id="nobody")},
    ],
)
def test_no_file_token_without_a_valid_auth_token(
    stable: Deployed, headers: dict[str, str]
) -> None:
    answer = stable.ask("POST", ROUTE, headers)
    assert answer.status == 401
    assert answer.json["message"] == "The request requires valid record authorization token."


def test_a_superuser_from_another_address_gets_no_token(fenced: Deployed) -> None:
    headers = {"Authorization": make_token(ROOT, "auth")}
    assert fenced.ask("POST", ROUTE, headers).status == 403


def test_a_missing_table_is_a_failure_to_sign(cloud: Cloud) -> None:
    with deployed(cloud, TABLE_NAME="no-such-table") as api:
        answer = api.ask("POST", ROUTE, {"Authorization": make_token(ADA, "auth")})
        assert (answer.status, answer.json["message"]) == (400, "Failed to generate file token.")


def test_the_tokens_function_needs_no_bucket(cloud: Cloud) -> None:
    fill(cloud, {})
    with deployed(cloud, BUCKET_NAME="") as api:
        assert api.ask("POST", ROUTE, {"Authorization": make_token(ADA, "auth")}).status == 200
