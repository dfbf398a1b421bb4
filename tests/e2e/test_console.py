"""The page of a deployed stack, ``admin console --stack NAME``, in a real browser.

CloudFormation is moto's; S3, DynamoDB and the URL in the stack's outputs are the runner's.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import boto3
import pytest
from moto.server import ThreadedMotoServer

from local import cloud
from local.signature import Credentials
from tests.conftest import ROOT
from tests.e2e.browser import CHROMIUM
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import PATIENCE, Runner, start, stop
from tests.e2e.devtools import Tab, tab
from tests.e2e.test_page import SECRET, TEXT

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the PATH: the page is not tried in a browser"
)

HOSTILE = "<img src=x onerror=hurt()>"
HOSTILE_NAME = "'><svg onload=hurt()>\"&lt;.txt"


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """A service with a file and a user whose names are HTML."""
    runner = start(tmp_path_factory.mktemp("deployed") / "log")
    bucket = Bucket.of(runner.aws)
    bucket.put("photos", "hostile00000000", "any", {HOSTILE_NAME: (b"text", "text/plain")})
    command = ["put", "users", "hostile00000000", "--set", f"name={HOSTILE}"]
    names = ["--table", runner.aws.table, "--bucket", runner.aws.bucket]
    environment = aws(runner)
    subprocess.run(
        [sys.executable, "-m", "admin", *command, *names], cwd=ROOT, env=environment, check=True
    )
    yield runner
    stop(runner)


def aws(runner: Runner) -> dict[str, str]:
    """The environment of a program that speaks to the runner's S3 and DynamoDB."""
    environment = dict(os.environ)
    credentials = Credentials(runner.aws.access_key_id, runner.aws.secret_access_key)
    cloud.point_at(runner.aws.endpoint, credentials, environment)
    return environment


@pytest.fixture(scope="module")
def cloudformation(runner: Runner) -> Iterator[str]:
    """The address of a CloudFormation with the stack ``acme``."""
    outputs = {
        "TableName": runner.aws.table,
        "BucketName": runner.aws.bucket,
        "Url": f"{runner.base}/api/files/",
    }
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    session = boto3.Session("test", "test", region_name=runner.aws.region)
    client = session.client("cloudformation", endpoint_url=endpoint)
    client.create_stack(StackName="acme", TemplateBody=json.dumps(template))
    yield endpoint
    server.stop()


@pytest.fixture(scope="module")
def console(runner: Runner, cloudformation: str) -> Iterator[str]:
    """The page's address."""
    environment = {**aws(runner), "AWS_ENDPOINT_URL_CLOUDFORMATION": cloudformation}
    command = [sys.executable, "-m", "admin", "console", "--stack", "acme"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("console: ").strip()
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with tab(tmp_path_factory.mktemp("console")) as opened:
        opened.show(1280, 900)
        yield opened


def visit(browser: Tab, console: str, place: str) -> None:
    """Show one of the page's places, from the start."""
    browser.open("about:blank")
    browser.open(console + place)
    browser.until(f"document.body && document.body.dataset.shown === {json.dumps(place)}")


def stored(runner: Runner) -> list[dict[str, Any]]:
    found = Bucket.of(runner.aws).dynamodb.scan(TableName=runner.aws.table)["Items"]
    return sorted(map(dict, found), key=str)


def test_it_shows_what_the_stack_serves_and_writes_nothing(
    browser: Tab, console: str, runner: Runner
) -> None:
    before = stored(runner)
    visit(browser, console, "#/files/photos")
    assert "acme" in browser.run("document.body.innerText")
    browser.until(
        "[...document.querySelectorAll('.gallery img')].some((each) => each.naturalWidth)"
    )
    visit(browser, console, f"#/file/{SECRET}")
    browser.run(
        "(() => { const user = document.getElementById('user');"
        " user.value = 'users/userada00000000'; user.dispatchEvent(new Event('change')); })()"
    )
    browser.until("document.querySelector('pre').innerText.includes('token=')")
    url = browser.run("document.querySelector('pre').innerText.match(/'(.*)'/)[1]")
    assert url.startswith(f"{runner.base}/api/files/{SECRET}?token=")
    visit(browser, console, f"#/explain?url={runner.base}/api/files/{SECRET}")
    assert "the view rule says no" in browser.run(TEXT)
    visit(browser, console, "#/rules")
    assert "open_papers" in browser.run(TEXT)
    assert stored(runner) == before


@pytest.mark.parametrize(
    "place",
    [
        "#/files/photos",
        f"#/file/photos/hostile00000000/{quote(HOSTILE_NAME, safe='')}",
        f"#/explain?url={quote('/api/files/photos/hostile00000000/' + HOSTILE_NAME, safe='')}",
        f"#/explain?url={quote(HOSTILE, safe='')}",
        f"#/files/{quote(HOSTILE, safe='')}",
        "#/rules",
    ],
)
def test_names_that_are_html_stay_text(browser: Tab, console: str, place: str) -> None:
    browser.open("about:blank")
    browser.open(console + place)
    browser.until("document.body && document.body.dataset.shown")
    assert (
        browser.run("document.querySelectorAll('img[src=x], svg[onload], [onerror]').length") == 0
    )
    options = browser.run("document.getElementById('user').innerText")
    assert HOSTILE in options


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"},
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/vnd.pocketfiles+json"])
def test_other_pages_are_refused(headers: dict[str, str], accept: str, console: str) -> None:
    asked = {"Accept": accept, **headers}
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(console, headers=asked), timeout=PATIENCE)
    assert refused.value.code == 403
    refused.value.close()


def test_nothing_but_the_pages_own_code_may_run(console: str) -> None:
    asked = urllib.request.Request(console, headers={"Accept": "text/html"})
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        policy = answer.headers["Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].startswith("'sha256-")
    assert "unsafe" not in policy


def test_only_reading_is_offered(console: str) -> None:
    request = urllib.request.Request(console, data=b"{}", method="POST")
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(request, timeout=PATIENCE)
    assert refused.value.code == 501
    refused.value.close()


def test_only_the_page_itself_is_served(console: str) -> None:
    for path in ("admin", "..%2f", "page.js"):
        with pytest.raises(HTTPError) as refused:
            urllib.request.urlopen(console + path, timeout=PATIENCE)
        assert refused.value.code == 404
        refused.value.close()
