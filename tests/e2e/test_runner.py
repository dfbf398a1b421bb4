"""The wiring over a socket; what each answer holds is shown by the suites of the parts."""

import http.client
import io
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from admin.target import local_runner
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import PATIENCE, ROOT, Runner, start, stop

EMPTY: Mapping[str, str] = {}
Answer = tuple[int, Mapping[str, str], bytes]


def ask(runner: Runner, method: str, path: str, headers: Mapping[str, str] = EMPTY) -> Answer:
    address = urlsplit(runner.base)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    connection.request(method, path, headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_the_public_picture_is_served(runner: Runner) -> None:
    status, headers, body = ask(runner, "GET", runner.path("picture"))
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    assert int(headers["content-length"]) == len(body)
    assert Image.open(io.BytesIO(body)).format == "JPEG"


def test_each_printed_thumb_has_its_size(runner: Runner) -> None:
    forms = {
        label.removeprefix("thumb "): label for label in runner.lines if label.startswith("thumb ")
    }
    assert len(forms) == 6
    for size, label in forms.items():
        status, _, body = ask(runner, "GET", runner.path(label))
        assert status == 200
        picture = Image.open(io.BytesIO(body))
        width, height = (int(number) for number in size.rstrip("tbf").split("x"))
        if size.endswith("f"):
            assert picture.width <= width
            assert picture.height <= height
        else:
            assert picture.width == (width or picture.width)
            assert picture.height == (height or picture.height)


def test_the_protected_file_opens_only_with_the_printed_token(tmp_path: Path) -> None:
    runner = start(tmp_path / "log")  # just now: the printed token ends soon
    path = runner.path("protected")
    assert ask(runner, "GET", path)[0] == 200
    assert ask(runner, "GET", path.partition("?")[0])[0] == 404
    stop(runner)


def test_the_printed_auth_token_is_exchanged_for_a_file_token_that_opens_the_file(
    runner: Runner,
) -> None:
    status, _, body = ask(
        runner, "POST", "/api/files/token", {"Authorization": runner.lines["auth token"]}
    )
    assert status == 200
    token = json.loads(body)["token"]
    assert (
        ask(runner, "GET", f"{runner.path('protected').partition('?')[0]}?token={token}")[0] == 200
    )


def test_a_guest_gets_no_token(runner: Runner) -> None:
    status, headers, body = ask(runner, "POST", "/api/files/token")
    assert (status, headers["content-type"]) == (401, "application/json")
    assert json.loads(body)["message"] == "The request requires valid record authorization token."


def test_the_printed_curl_command_gets_a_token(runner: Runner) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not on the PATH")
    command = runner.lines["file token"].replace("curl", "curl --silent --max-time 30", 1)
    printed = subprocess.run(
        ["sh", "-c", command], capture_output=True, check=True, timeout=PATIENCE
    ).stdout
    assert set(json.loads(printed)) == {"token"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/files/photos/nobody/none.jpg"),
        ("DELETE", "/api/files/photos/photo0000000002/x"),
        ("GET", "/api/files/token"),
        ("GET", "/api/files/photos//x"),
    ],
)
def test_every_other_path_and_method_is_a_404_in_json(
    runner: Runner, method: str, path: str
) -> None:
    status, headers, body = ask(runner, method, path)
    assert (status, headers["content-type"], headers["cache-control"]) == (
        404,
        "application/json",
        "no-store",
    )
    assert json.loads(body) == {
        "data": {},
        "message": "The requested resource wasn't found.",
        "status": 404,
    }


def test_head_has_the_size_and_no_body(runner: Runner) -> None:
    _, got, body = ask(runner, "GET", runner.path("picture"))
    status, headers, nothing = ask(runner, "HEAD", runner.path("picture"))
    assert (status, nothing) == (200, b"")
    assert headers["content-length"] == str(len(body))
    assert headers["etag"] == got["etag"]


def test_a_range_and_a_condition_pass_through(runner: Runner) -> None:
    _, got, body = ask(runner, "GET", runner.path("picture"))
    status, headers, part = ask(runner, "GET", runner.path("picture"), {"Range": "bytes=10-19"})
    assert (status, part, headers["content-range"]) == (
        206,
        body[10:20],
        f"bytes 10-19/{len(body)}",
    )
    status, headers, nothing = ask(
        runner, "GET", runner.path("picture"), {"If-None-Match": got["etag"]}
    )
    assert (status, nothing, "content-length" in headers) == (304, b"", False)


def test_a_preflight_is_answered_on_the_token_route_too(runner: Runner) -> None:
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    status, headers, _ = ask(runner, "OPTIONS", "/api/files/token", asked)
    assert (status, headers["access-control-allow-origin"]) == (204, "*")


def test_many_requests_at_once_are_all_answered(runner: Runner) -> None:
    paths = [
        runner.path(label) for label in runner.lines if label.split(" ")[0] in {"picture", "thumb"}
    ]
    paths.append(runner.protected().removeprefix(runner.base))
    alone = {path: ask(runner, "GET", path)[2] for path in paths}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda path: (path, ask(runner, "GET", path)), paths * 5))
    assert {status for _, (status, _, _) in answers} == {200}
    assert all(body == alone[path] for path, (_, _, body) in answers)


def test_the_state_file_opens_the_bucket(runner: Runner) -> None:
    found = Bucket.of(runner.aws)
    assert found.s3.list_objects_v2(Bucket=found.bucket)["KeyCount"] > 0


def test_other_credentials_open_nothing(runner: Runner) -> None:
    guessed = replace(runner.aws, secret_access_key="local")
    found = Bucket.of(guessed)
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        found.s3.list_buckets()
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        found.dynamodb.list_tables()


def test_the_state_file_is_the_owners_alone_and_goes_with_the_service(tmp_path: Path) -> None:
    runner = start(tmp_path / "log")
    (path,) = local_runner.folder({"XDG_RUNTIME_DIR": str(tmp_path)}).iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    stop(runner)
    assert not path.exists()


def test_the_log_holds_no_token(runner: Runner, runner_log: Path) -> None:
    ask(runner, "GET", runner.protected().removeprefix(runner.base))
    log = runner_log.read_text()
    path = runner.path("protected").partition("?")[0]
    assert re.search(rf"^GET {path}\?token=\.\.\.  200  \d+ B  \d+ ms$", log, re.MULTILINE)
    assert "eyJ" not in log
    assert "Traceback" not in log


def test_with_json_the_functions_own_lines_are_printed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    runner = start(log, "--json")
    ask(runner, "GET", runner.path("picture"))
    stop(runner)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert ["_aws" in line for line in lines] == [False, True]
    assert (lines[0]["message"], lines[0]["status"]) == ("answered", 200)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    log = tmp_path / "log"
    runner = start(log)
    kept = socket.create_connection(
        (str(urlsplit(runner.base).hostname), int(urlsplit(runner.base).port or 0))
    )
    assert stop(runner, number) == 0
    kept.close()
    assert "Traceback" not in log.read_text()


def test_a_login_is_printed_like_every_other_request(runner: Runner, runner_log: Path) -> None:
    address = urlsplit(runner.base)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    path = "/api/collections/users/auth-with-password?printed"
    connection.request("POST", path, body="{}", headers={"Content-Type": "application/json"})
    assert connection.getresponse().status == 400
    connection.close()
    assert f"POST {path}  400  " in runner_log.read_text()


def failing(*arguments: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "local", *arguments]
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_a_port_in_use_is_an_error(runner: Runner) -> None:
    port = str(urlsplit(runner.base).port)
    code, printed, errors = failing("--port", port)
    assert (code, printed) == (1, "")
    assert errors.startswith(f"error: cannot listen on 127.0.0.1 port {port}: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    "make", [lambda path: path / "nowhere", lambda path: path], ids=["missing", "empty"]
)
def test_a_directory_that_is_not_a_pocketbase_is_an_error(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    code, printed, errors = failing("--port", "0", "--data", str(make(tmp_path)))
    assert (code, printed) == (1, "")
    assert errors.startswith("error: ")
    assert "Traceback" not in errors


def test_containers_of_sam_local_are_led_to_the_same_bucket(tmp_path: Path) -> None:
    variables = tmp_path / "env.json"
    runner = start(tmp_path / "log", "--sam-env", str(variables))
    found = json.loads(variables.read_text())["Parameters"]
    assert (
        found["AWS_ENDPOINT_URL"]
        == f"http://host.docker.internal:{urlsplit(runner.aws.endpoint).port}"
    )
    assert {"TABLE_NAME", "BUCKET_NAME"} < set(found)
    assert stop(runner) == 0
    assert not variables.exists()
