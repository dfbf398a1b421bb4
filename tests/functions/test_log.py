"""One JSON log line per request, without anything that opens a file."""

import json
import time

import pytest

from pocketfiles import aws
from tests.conftest import Cloud
from tests.deployed import Deployed, deployed
from tests.functions.conftest import ADA, BOB, ROOT, fill, make_token
from tests.pointer import put_pointer

TIMES = {"s3_milliseconds", "dynamodb_milliseconds"}
"""On the lines of requests that called these services."""

EVERY_LINE = {
    "cold_start",
    "function_arn",
    "function_memory_size",
    "function_name",
    "function_request_id",
    "level",
    "location",
    "message",
    "bytes",
    "method",
    "milliseconds",
    "service",
    "status",
    "timestamp",
    "version",
}


@pytest.mark.parametrize(
    ("method", "target", "own"),
    [
        ("GET", "/api/files/photos/photo1/plain.txt", {"status": 200, "collection": "photos"}),
        ("GET", "/api/files/PHOTOS/photo1/plain.txt?x=1", {"status": 200, "collection": "photos"}),
        ("HEAD", "/api/files/photos/photo1/plain.txt", {"status": 200, "collection": "photos"}),
        ("OPTIONS", "/api/files/photos/photo1/plain.txt", {"status": 204}),
        ("GET", "/nowhere", {"status": 404, "reason": "no such route"}),
        ("GET", "/api/files/no/x/y", {"status": 404, "reason": "no such collection"}),
        ("GET", "/api/files/photos/no/y", {"status": 404, "reason": "no such record"}),
        (
            "GET",
            "/api/files/photos/photo1/y",
            {"status": 404, "reason": "no field holds this file"},
        ),
        (
            "GET",
            "/api/files/photos/photo1/gone.png",
            {"status": 404, "reason": "the object is missing"},
        ),
        (
            "GET",
            "/api/files/papers/paper1/secret.txt",
            {"status": 404, "reason": "the view rule says no", "denied": True},
        ),
        ("POST", "/api/files/token", {"status": 401, "reason": "no valid auth token"}),
        (
            "GET",
            "/api/files/photos/photo1/one.png?thumb=junk",
            {"status": 200, "collection": "photos", "thumb": "failed", "reason": "bad-size"},
        ),
    ],
)
def test_each_request_is_logged_in_one_line(
    stable: Deployed, method: str, target: str, own: dict[str, object]
) -> None:
    stable.logged()
    stable.ask(method, target)
    (line,) = stable.lines()
    assert set(line) - TIMES == EVERY_LINE | set(own)
    assert (line["level"], line["message"], line["method"]) == ("INFO", "answered", method)
    assert {name: line[name] for name in own} == own
    assert line["milliseconds"] >= 0
    assert line["function_name"] == ("TokensFunction" if method == "POST" else "FilesFunction")


def test_no_token_query_or_presigned_url_is_ever_logged(cloud: Cloud) -> None:
    fill(cloud, {})
    tokens = [make_token(record) for record in (ADA, BOB, ROOT)]
    auths = [make_token(record, "auth") for record in (ADA, ROOT)]
    with deployed(cloud, INLINE_LIMIT_BYTES="4", POWERTOOLS_LOG_LEVEL="DEBUG") as api:
        locations = []
        for token in [*tokens, "mal.form.ed"]:
            answer = api.get(f"/api/files/papers/paper1/secret.txt?token={token}&password=hunter2")
            locations.append(answer.headers.get("location", ""))
        for auth in auths:
            issued = api.ask(
                "POST", "/api/files/token", {"Authorization": auth, "X-Key": "hunter2"}
            )
            tokens.append(issued.json["token"])
        assert sum(map(bool, locations)) == 2
        logged = api.logged()
    assert logged.count("\n") == 6 + 2  # two protected files were opened
    for secret in (*tokens, *auths, "hunter2", "mal.form", "Signature", "token=", "http://"):
        assert secret not in logged
    for token in (*tokens, *auths):
        assert not any(part in logged for part in token.split(".")[1:])


SECRET = "/api/files/papers/paper1/secret.txt"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, "the token expired"),
        ({"collectionId": "nowhere"}, "the token is not valid: expired"),
        ({"type": "auth"}, "the token is not valid: expired"),
        ({"id": BOB.id}, "the token is not valid: expired"),  # signed with Ada's key
    ],
)
def test_the_log_says_that_a_genuine_token_expired(
    stable: Deployed, changed: dict[str, object], reason: str
) -> None:
    stable.logged()
    token = make_token(ADA, **({"exp": int(time.time()) - 1} | changed))
    expired = stable.get(f"{SECRET}?token={token}")
    assert expired.body == stable.get(SECRET).body
    assert [line["reason"] for line in stable.lines()] == [reason, "the view rule says no"]


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        ("abc", "not three parts"),
        ("malformed.in9every.part7", "unreadable claims"),
        (make_token(ADA, "auth"), "a token of another type than file"),
        (make_token(ADA, id=BOB.id), "signature: not by the owner's key"),
        (make_token(ADA, collectionId="nowhere"), "the token's owner is unknown"),
    ],
)
def test_the_log_says_what_is_wrong_with_a_token_and_the_client_learns_nothing(
    stable: Deployed, token: str, problem: str
) -> None:
    stable.logged()
    refused = stable.get(f"{SECRET}?token={token}")
    guest = stable.get(SECRET)
    assert (refused.status, refused.body) == (guest.status, guest.body)
    logged = stable.logged()
    assert not any(part in logged for part in token.split(".")[1:])
    reasons = [json.loads(line)["reason"] for line in logged.splitlines()]
    assert reasons == [f"the token is not valid: {problem}", "the view rule says no"]


@pytest.mark.parametrize(
    ("method", "target", "headers", "owner"),
    [
        ("GET", f"{SECRET}?token={make_token(ADA)}", {}, "users/ada"),
        ("HEAD", f"{SECRET}?token={make_token(ADA)}", {}, "users/ada"),
        ("GET", f"{SECRET}?token={make_token(ROOT)}", {"if-none-match": "*"}, "_superusers/root"),
        ("GET", "/api/files/paper_view/row1/secret.txt", {}, "guest"),
    ],
)
def test_each_opening_of_a_protected_file_leaves_one_audit_line(
    stable: Deployed, method: str, target: str, headers: dict[str, str], owner: str
) -> None:
    stable.logged()
    assert stable.ask(method, target, headers).status in {200, 304}
    opened, answered = stable.lines()
    assert (opened["message"], answered["message"]) == ("opened", "answered")
    collection, record = target.split("/")[3:5]
    assert (opened["collection"], opened["record"]) == (collection, record)
    assert (opened["owner"], opened["generation"]) == (owner, 0)
    assert "token" not in str(opened) and "secret" not in str(opened)


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (SECRET, {}),
        (f"{SECRET}?token={make_token(BOB)}", {}),
        (f"{SECRET}?token={make_token(ADA)}", {"if-match": '"other"'}),
        ("/api/files/papers/paper1/cover.txt", {}),
        ("/api/files/paper_view/row1/lost.txt", {}),
    ],
    ids=["denied", "denied by the rule", "a condition that fails", "public", "missing"],
)
def test_what_is_not_opened_leaves_no_audit_line(
    stable: Deployed, target: str, headers: dict[str, str]
) -> None:
    stable.logged()
    stable.ask("GET", target, headers)
    assert [line["message"] for line in stable.lines()] == ["answered"]


def test_audit_lines_are_never_left_out(cloud: Cloud) -> None:
    fill(cloud, {})
    with deployed(cloud, LOG_PERCENT="1") as api:
        for _ in range(20):
            api.get(f"{SECRET}?token={make_token(ADA)}")
        assert sum(line["message"] == "opened" for line in api.lines()) == 20


@pytest.mark.parametrize("hours", [1, 3])
def test_a_dead_sync_is_measured_and_denies_protected_files_alone(
    hours: int, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(cloud, {})
    age = hours * 3600
    put_pointer(cloud, heartbeat={"N": repr(time.time() - age)})
    with deployed(cloud, MAX_SYNC_AGE_SECONDS="7200") as api:
        assert api.get("/api/files/photos/photo1/plain.txt").status == 200
        api.lines()
        metrics = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert metrics["SyncAge"][0] >= age
        opened = api.get(f"{SECRET}?token={make_token(ADA)}")
        line = api.lines()[-1]
    if hours < 2:
        assert opened.status == 200
    else:
        assert opened.status == 404
        assert line["reason"] == "no sync has been alive for too long"
        assert (line["denied"], line["operator_must_act"]) == (True, True)


def audit_events(group: str) -> list[dict[str, object]]:
    """The lines in the stream ``openings`` of a log group."""
    found = aws.client("logs").get_log_events(logGroupName=group, logStreamName="openings")
    return [json.loads(event["message"]) for event in found["events"]]


def test_audit_lines_go_to_a_log_group_of_their_own(cloud: Cloud) -> None:
    fill(cloud, {})
    group = f"audit-{cloud.table}"
    logs = aws.client("logs")
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="openings")
    with deployed(cloud, AUDIT_LOG_GROUP=group, AUDIT_LOG_STREAM="openings") as api:
        assert api.get(f"{SECRET}?token={make_token(ADA)}").status == 200
        assert api.get(SECRET).status == 404
        assert api.get("/api/files/papers/paper1/cover.txt").status == 200
        lines = api.lines()
    (event,) = audit_events(group)
    assert [line["message"] for line in lines] == ["answered"] * 3
    assert "logs_milliseconds" in lines[0]
    assert event == {
        "message": "opened",
        "collection": "papers",
        "record": "paper1",
        "owner": "users/ada",
        "generation": 0,
        "function_request_id": lines[0]["function_request_id"],
    }


def test_an_audit_line_that_its_group_does_not_take_is_in_the_functions_log_and_is_counted(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(cloud, {})
    audit_log = {"AUDIT_LOG_GROUP": "no-such-group", "AUDIT_LOG_STREAM": "openings"}
    with deployed(cloud, LOG_PERCENT="1", **audit_log) as api:
        for _ in range(2):
            assert api.get(f"{SECRET}?token={make_token(ADA)}").status == 200
            opened, answered = api.lines()
            assert (opened["message"], opened["owner"]) == ("opened", "users/ada")
            assert answered["audit_failed"] == "CloudWatch Logs: ResourceNotFoundException"
            assert answered["operator_must_act"] is True
            metrics = json.loads(capsys.readouterr().out.splitlines()[-1])
            assert (metrics["AuditFailed"], metrics["OperatorMustAct"]) == ([1.0], [1.0])
