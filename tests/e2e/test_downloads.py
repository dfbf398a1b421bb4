"""Download programs and large files: nobody takes a part for the whole."""

import random
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.e2e.bucket import Bucket
from tests.e2e.conftest import PATIENCE, Runner, start, stop

MIB = 1024 * 1024
RECORD, NAME = "large0000000000", "data_0123456789.bin"
CONTENT = random.Random(5).randbytes(MIB) * 9
CURL = ["curl", "--silent", "--show-error", "--fail", "--location", "--output", "got"]
WGET = ["wget", "--quiet", "--output-document", "got"]
WITH_LOGIN = {"Authorization": "an auth token"}


def needs(program: str) -> pytest.MarkDecorator:
    reason = f"no {program} on the PATH: downloads are not tried with it"
    return pytest.mark.skipif(shutil.which(program) is None, reason=reason)


@pytest.fixture(scope="module", params=["api", pytest.param("edge", marks=needs("node"))])
def runner(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    """The API itself, and the edge in front of it, with a large public and a protected file."""
    options = ["--cdn"] if request.param == "edge" else []
    found = start(tmp_path_factory.mktemp("downloads") / "log", *options)
    bucket = Bucket.of(found.aws)
    file = {NAME: (CONTENT, "application/octet-stream")}
    bucket.put("photos", RECORD, "any", file)
    bucket.put("open_papers", RECORD, "paper", file)
    yield found
    stop(found)


each_collection = pytest.mark.parametrize("collection", ["photos", "open_papers"])


def url_of(runner: Runner, collection: str) -> str:
    return f"{runner.base}/api/files/{collection}/{RECORD}/{NAME}"


def run(command: list[str], folder: Path) -> int:
    return subprocess.run(command, cwd=folder, timeout=PATIENCE, check=False).returncode


@each_collection
@pytest.mark.parametrize(
    ("command", "resume"),
    [
        pytest.param(CURL, ["--continue-at", "-"], id="curl", marks=needs("curl")),
        pytest.param(WGET, ["--continue"], id="wget", marks=needs("wget")),
    ],
)
@pytest.mark.parametrize("there", [0, 1, 3 * MIB, 6 * MIB, len(CONTENT) - 1])
def test_a_broken_download_is_resumed_to_its_end(
    runner: Runner,
    collection: str,
    command: list[str],
    resume: list[str],
    there: int,
    tmp_path: Path,
) -> None:
    (tmp_path / "got").write_bytes(CONTENT[:there])
    assert run([*command, *resume, url_of(runner, collection)], tmp_path) == 0
    assert (tmp_path / "got").read_bytes() == CONTENT


@each_collection
@needs("wget")
def test_wget_finds_a_complete_download_complete(
    runner: Runner, collection: str, tmp_path: Path
) -> None:
    (tmp_path / "got").write_bytes(CONTENT)
    run([*WGET, "--continue", url_of(runner, collection)], tmp_path)
    assert (tmp_path / "got").read_bytes() == CONTENT


@each_collection
@needs("curl")
def test_curl_leaves_authorization_out_of_the_redirect(
    runner: Runner, collection: str, tmp_path: Path
) -> None:
    login = ["--header", "Authorization: an auth token"]
    assert run([*CURL, *login, url_of(runner, collection)], tmp_path) == 0
    assert (tmp_path / "got").read_bytes() == CONTENT


@needs("wget")
def test_wget_with_authorization_is_refused_by_s3_where_it_is_redirected(
    runner: Runner, tmp_path: Path
) -> None:
    url = url_of(runner, "open_papers")
    server_error = 8
    assert run([*WGET, "--header=Authorization: an auth token", url], tmp_path) == server_error
    assert run([*WGET, url], tmp_path) == 0
    assert (tmp_path / "got").read_bytes() == CONTENT


def test_urllib_with_authorization_is_refused_by_s3_unless_it_keeps_it_from_redirects(
    runner: Runner,
) -> None:
    url = url_of(runner, "open_papers")
    with pytest.raises(HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, headers=WITH_LOGIN), timeout=PATIENCE)
    with refused.value as answer:
        assert answer.code == 400
        assert b"Only one auth mechanism allowed" in answer.read()
    request = urllib.request.Request(url)
    request.add_unredirected_header("Authorization", "an auth token")
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.read() == CONTENT
