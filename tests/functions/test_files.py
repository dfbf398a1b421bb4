"""Files served: public, protected, through a view, by GET, HEAD and OPTIONS."""

import hashlib
import time

import pytest

from tests.conftest import Cloud
from tests.deployed import Deployed, deployed
from tests.functions.conftest import ADA, BOB, FILES, PAPERS, ROOT, fill, make_token

PLAIN = "/api/files/photos/photo1/plain.txt"
SECRET = "/api/files/papers/paper1/secret.txt"
PUBLIC = "max-age=2592000, stale-while-revalidate=86400"
NOT_FOUND = b'{"data":{},"message":"The requested resource wasn\'t found.","status":404}\n'
POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; sandbox"


def test_a_public_file_has_all_its_headers(stable: Deployed) -> None:
    answer = stable.get(PLAIN)
    body = FILES["plain.txt"][0]
    assert (answer.status, answer.body) == (200, body)
    headers = dict(answer.headers)
    assert headers.pop("last-modified").endswith(" GMT")
    assert headers == {
        "accept-ranges": "bytes",
        "cache-control": PUBLIC,
        "content-disposition": "attachment; filename=plain.txt",
        "content-length": "256",
        "content-security-policy": POLICY,
        "content-type": "text/plain; charset=utf-8",
        "etag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        "vary": "Origin",
        "x-content-type-options": "nosniff",
        "x-xss-protection": "1; mode=block",
    }


@pytest.mark.parametrize("name", FILES)
def test_head_has_the_same_headers_as_the_whole_file(stable: Deployed, name: str) -> None:
    path = f"/api/files/photos/photo1/{name}"
    answer, head = stable.get(path), stable.ask("HEAD", path)
    assert (answer.status, answer.body) == (200, FILES[name][0])
    assert (head.status, head.body) == (200, b"")
    assert head.headers == answer.headers


def test_a_name_that_reads_like_a_path_or_is_escaped_is_decoded_once(stable: Deployed) -> None:
    assert stable.get("/api/files/photos/photo1/%70lain.txt").status == 200
    assert stable.get("/api/files/photos/photo1/%2570lain.txt").status == 404
    assert stable.get("/api/files/photos/photo1/..%2fphoto1%2fplain.txt").status == 404


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/api/files/photos/photo1/other.txt"),
        ("GET", "/api/files/photos/photo1/gone.png"),
        ("GET", "/api/files/photos/photo1/gone.png?thumb=4x4"),
        ("GET", "/api/files/photos/nope/plain.txt"),
        ("GET", SECRET),
        ("GET", f"{SECRET}?token=x"),
        ("GET", "/api/files/token"),
        ("POST", PLAIN),
        ("DELETE", PLAIN),
        ("PUT", "/api/files/token"),
    ],
)
def test_missing_and_denied_files_have_identical_responses(
    stable: Deployed, method: str, target: str
) -> None:
    answer = stable.ask(method, target)
    assert (answer.status, answer.body) == (404, NOT_FOUND)
    assert answer.headers == {
        "cache-control": "no-store",
        "content-length": "74",
        "content-type": "application/json",
        "vary": "Origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "x-xss-protection": "1; mode=block",
    }


def test_head_of_a_missing_file_has_neither_body_nor_length(stable: Deployed) -> None:
    answer = stable.ask("HEAD", "/api/files/photos/photo1/other.txt")
    assert (answer.status, answer.body) == (404, b"")
    assert "content-length" not in answer.headers


def test_an_unknown_collection_has_its_own_message(stable: Deployed) -> None:
    answer = stable.get("/api/files/nope/x/y")
    assert (answer.status, answer.json["message"]) == (
        404,
        "Missing or invalid collection context.",
    )


@pytest.mark.parametrize("target", [PLAIN, "/api/files/token", "/anything"])
def test_a_preflight_is_answered_on_every_path(stable: Deployed, target: str) -> None:
    headers = {"Origin": "https://app.test", "Access-Control-Request-Headers": "authorization"}
    answer = stable.ask("OPTIONS", target, headers)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers == {
        "access-control-allow-headers": "authorization",
        "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE",
        "access-control-allow-origin": "*",
        "vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    }


def test_any_origin_may_read_files_and_errors(stable: Deployed) -> None:
    for target in (PLAIN, "/nowhere"):
        assert (
            stable.get(target, origin="https://app.test").headers["access-control-allow-origin"]
            == "*"
        )
        assert "access-control-allow-origin" not in stable.get(target).headers


# -------------------------------------------------------------------- protection


@pytest.mark.parametrize(
    ("query", "opens"),
    [
        (f"token={make_token(ADA)}", True),
        (f"token={make_token(ROOT)}", True),
        (f"token={make_token(BOB)}", False),
        (f"token={make_token(ADA, exp=int(time.time()) - 1)}", False),
        (f"token={make_token(ADA, 'auth')}", False),
        (f"token={make_token(ADA)[:-2]}AA", False),
        ("token=", False),
        ("", False),
    ],
)
def test_a_protected_file_is_served_to_those_its_rule_allows(
    stable: Deployed, query: str, opens: bool
) -> None:
    answer = stable.get(f"{SECRET}?{query}")
    assert answer.body == (PAPERS["secret.txt"][0] if opens else NOT_FOUND)
    assert stable.ask("HEAD", f"{SECRET}?{query}").status == answer.status


def test_authorization_opens_no_protected_file(stable: Deployed) -> None:
    assert stable.get(SECRET, authorization=make_token(ROOT, "auth")).status == 404


def test_a_protected_response_is_private_until_its_token_expires(stable: Deployed) -> None:
    answer = stable.get(f"{SECRET}?token={make_token(ADA, exp=int(time.time()) + 100)}")
    private, _, seconds = answer.headers["cache-control"].partition(", max-age=")
    assert private == "private"
    assert 90 < int(seconds) <= 100


def test_a_field_that_is_not_protected_is_public_whatever_the_rule(stable: Deployed) -> None:
    answer = stable.get("/api/files/papers/paper1/cover.txt")
    assert (answer.status, answer.headers["cache-control"]) == (200, PUBLIC)


def test_a_protected_thumb_needs_the_token_too_even_when_stored(api: Deployed) -> None:
    path = "/api/files/papers/paper1/secret.png?thumb=4x4"
    assert api.get(path).status == 404
    assert api.get(f"{path}&token={make_token(ADA)}").status == 200
    assert "pbc_papers/paper1/thumbs_secret.png/4x4_secret.png" in api.stored()
    assert api.get(path).status == 404


def test_a_changed_token_key_revokes_tokens_at_once(api: Deployed, cloud: Cloud) -> None:
    token = make_token(ADA)
    assert api.get(f"{SECRET}?token={token}").status == 200
    cloud.dynamodb.delete_item(
        TableName=cloud.table, Key={"pk": {"S": "pbc_users"}, "sk": {"S": "ada"}}
    )
    assert api.get(f"{SECRET}?token={token}").status == 404


def test_a_view_serves_the_file_of_its_source_by_its_own_rule(stable: Deployed) -> None:
    answer = stable.get("/api/files/paper_view/row1/secret.txt")
    assert (answer.status, answer.body) == (200, PAPERS["secret.txt"][0])
    assert answer.headers["cache-control"] == "private, no-cache"
    assert stable.get("/api/files/paper_view/row1/lost.txt").status == 404
    assert stable.get("/api/files/paper_view/paper1/secret.txt").status == 404


# -------------------------------------------------------------------- the superusers' addresses


def test_a_superuser_from_another_address_is_refused_by_header_on_any_file(
    fenced: Deployed,
) -> None:
    auth = make_token(ROOT, "auth")
    answer = fenced.get(PLAIN, authorization=auth)
    assert answer.status == 403
    assert answer.json == {
        "data": {},
        "message": "You are not allowed to perform this request.",
        "status": 403,
    }
    assert fenced.get(PLAIN, authorization=make_token(ADA, "auth")).status == 200
    assert fenced.get(PLAIN).status == 200


def test_a_superusers_file_token_from_another_address_counts_as_a_guests(fenced: Deployed) -> None:
    target = f"{SECRET}?token={make_token(ROOT)}"
    assert fenced.get(target).status == 404
    assert fenced.get(f"{SECRET}?token={make_token(ADA)}").status == 200


# -------------------------------------------------------------------- what breaks


def test_a_missing_table_is_a_400(cloud: Cloud) -> None:
    with deployed(cloud, TABLE_NAME="no-such-table") as api:
        answer = api.get(PLAIN)
        assert (answer.status, answer.json["message"]) == (
            400,
            "Filesystem initialization failure.",
        )
        line = api.lines()[-1]
        assert line["reason"] == "DynamoDB: ResourceNotFoundException"
        assert line["operator_must_act"] is True


def test_an_empty_table_is_a_404_that_an_operator_must_mend(cloud: Cloud) -> None:
    with deployed(cloud) as api:
        assert api.get(PLAIN).status == 404
        token = make_token(ADA, "auth")
        assert api.ask("POST", "/api/files/token", {"authorization": token}).status == 401
        lines = api.lines()
    assert [line["reason"] for line in lines] == ["the table has no collections"] * 2
    assert [line["operator_must_act"] for line in lines] == [True] * 2


def test_a_missing_bucket_is_a_400(cloud: Cloud) -> None:
    fill(cloud, {})
    with deployed(cloud, BUCKET_NAME="no-such-bucket") as api:
        for target in (PLAIN, "/api/files/photos/photo1/one.png?thumb=4x4"):
            answer = api.get(target)
            assert (answer.status, answer.json["message"]) == (
                400,
                "Filesystem initialization failure.",
            )
            assert answer.headers["cache-control"] == "no-store"
            assert api.lines()[-1]["reason"] == "S3: NoSuchBucket"


def test_an_empty_setting_is_a_500_and_named_in_the_log(cloud: Cloud) -> None:
    with deployed(cloud, TABLE_NAME="") as api:
        answer = api.get(PLAIN)
        assert (answer.status, answer.json["message"]) == (
            500,
            "Something went wrong while processing your request.",
        )
        assert answer.headers["content-type"] == "application/json"
        assert "TABLE_NAME is missing" in api.logged()


def test_a_damaged_catalogue_is_a_500_with_a_stack_trace(api: Deployed, cloud: Cloud) -> None:
    cloud.dynamodb.put_item(
        TableName=cloud.table,
        Item={"pk": {"S": "pbc_photos"}, "sk": {"S": "photo1"}, "data": {"S": "{"}},
    )
    answer = api.get(f"{PLAIN}?token=t0p.s3cr.et")
    assert (answer.status, answer.headers["cache-control"]) == (500, "no-store")
    trace, line = api.lines()
    assert trace["level"] == "ERROR"
    assert "JSONDecodeError" in trace["exception"]
    assert (line["level"], line["status"]) == ("INFO", 500)
    assert "s3cr" not in str([trace, line])
