"""Files too large for a Lambda answer, through the running service: whole, ranges, seeking."""

import hashlib
import html
import http.client
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e import webm
from tests.e2e.browser import CHROMIUM, reported_by
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import PATIENCE, ROOT, Runner
from tests.e2e.test_runner import EMPTY, Answer, ask

MIB = 1024 * 1024
SIZE = 100 * MIB
RECORD = "large0000000000"
NAME, FILM, PAPER = "film_0123456789.bin", "clip_0123456789.webm", "paper_0123456789.pdf"
PATH = f"/api/files/photos/{RECORD}/{NAME}"
PAPER_PATH = f"/api/files/open_papers/{RECORD}/{PAPER}"


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A hundred megabytes that repeat nowhere near."""
    return random.Random(1).randbytes(MIB + 1) * 100


@pytest.fixture(scope="module")
def film() -> bytes:
    return webm.film()


@pytest.fixture(scope="module")
def bucket(runner: Runner, whole: bytes, film: bytes) -> Iterator[Bucket]:
    """The runner's bucket with the large files in it."""
    bucket = Bucket.of(runner.aws)
    large = {NAME: (whole[:SIZE], "application/octet-stream"), FILM: (film, "video/webm")}
    bucket.put("photos", RECORD, "any", large)
    bucket.put("open_papers", RECORD, "paper", {PAPER: (whole[: 5 * MIB], "application/pdf")})
    yield bucket
    keys = [
        {"Key": found["Key"]}
        for found in bucket.s3.list_objects_v2(Bucket=bucket.bucket)["Contents"]
    ]
    for key in keys:
        if RECORD in key["Key"]:
            bucket.s3.delete_object(Bucket=bucket.bucket, Key=key["Key"])


def ask_elsewhere(url: str, headers: Mapping[str, str] = EMPTY) -> Answer:
    """The answer of the bucket itself."""
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.netloc, timeout=30)
    connection.request("GET", f"{target.path}?{target.query}", headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def test_a_large_file_is_a_redirect_to_all_its_bytes(
    runner: Runner, bucket: Bucket, whole: bytes
) -> None:
    status, headers, body = ask(runner, "GET", PATH)
    assert (status, body) == (302, b"")
    assert headers["cache-control"] == "public, max-age=450"
    target = urlsplit(headers["location"])
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in target.query
    status, headers, body = ask_elsewhere(headers["location"])
    assert (status, hashlib.sha256(body).digest()) == (200, hashlib.sha256(whole[:SIZE]).digest())
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"] == f"attachment; filename={NAME}"
    assert headers["cache-control"] == "max-age=2592000, stale-while-revalidate=86400"


@pytest.mark.parametrize(
    ("name", "query", "disposition", "content_type"),
    [
        (FILM, "", f"inline; filename={FILM}", "video/webm"),
        (FILM, "?download=1", f"attachment; filename={FILM}", "video/webm"),
        (FILM, "?download=0", f"inline; filename={FILM}", "video/webm"),
        (NAME, "?download=true", f"attachment; filename={NAME}", "application/octet-stream"),
    ],
)
def test_type_and_disposition_survive_the_redirect(
    runner: Runner, bucket: Bucket, name: str, query: str, disposition: str, content_type: str
) -> None:
    _, headers, _ = ask(runner, "GET", f"/api/files/photos/{RECORD}/{name}{query}")
    _, headers, _ = ask_elsewhere(headers["location"], {"Range": "bytes=0-0"})
    assert (headers["content-disposition"], headers["content-type"]) == (disposition, content_type)


def test_shared_caches_do_not_keep_a_protected_file(
    runner: Runner, bucket: Bucket, whole: bytes
) -> None:
    status, headers, _ = ask(runner, "GET", PAPER_PATH)
    assert (status, headers["cache-control"]) == (302, "private, no-store")
    status, headers, body = ask_elsewhere(headers["location"])
    assert (status, body) == (200, whole[: 5 * MIB])
    assert headers["cache-control"].startswith("private, ")


def test_head_has_the_size_and_does_not_redirect(runner: Runner, bucket: Bucket) -> None:
    status, headers, _ = ask(runner, "HEAD", PATH)
    assert status == 200
    assert "location" not in headers
    assert (headers["content-length"], headers["accept-ranges"]) == (str(SIZE), "bytes")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=-100", SIZE - 100, SIZE - 1),
        (f"bytes={SIZE - 5}-", SIZE - 5, SIZE - 1),
        (f"bytes={50 * MIB}-{54 * MIB - 1}", 50 * MIB, 54 * MIB - 1),
    ],
)
def test_a_range_that_fits_is_answered_at_once(
    runner: Runner, bucket: Bucket, whole: bytes, asked: str, first: int, last: int
) -> None:
    status, headers, body = ask(runner, "GET", PATH, {"Range": asked})
    assert (status, headers["content-range"]) == (206, f"bytes {first}-{last}/{SIZE}")
    assert body == whole[first : last + 1]


def test_a_range_that_does_not_fit_is_redirected(
    runner: Runner, bucket: Bucket, whole: bytes
) -> None:
    asked = {"Range": f"bytes=1-{5 * MIB}"}
    status, headers, _ = ask(runner, "GET", PATH, asked)
    assert status == 302
    status, headers, body = ask_elsewhere(headers["location"], asked)
    assert (status, body) == (206, whole[1 : 5 * MIB + 1])


def test_a_range_past_the_end_is_a_416(runner: Runner, bucket: Bucket) -> None:
    status, headers, _ = ask(runner, "GET", PATH, {"Range": f"bytes={SIZE}-"})
    assert (status, headers["content-range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="no curl on the PATH: downloads are not tried with it"
)
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("-L", slice(0, SIZE)),
        ("-r 0-999", slice(0, 1000)),
        ("-L -r 0-999", slice(0, 1000)),
        (f"-L -r {90 * MIB}-", slice(90 * MIB, SIZE)),
        ("-L -r -7", slice(SIZE - 7, SIZE)),
    ],
)
def test_curl_downloads_it(
    runner: Runner, bucket: Bucket, whole: bytes, tmp_path: Path, arguments: str, expected: slice
) -> None:
    curl(runner, *arguments.split(), "-o", str(tmp_path / "got"))
    got = (tmp_path / "got").read_bytes()
    assert hashlib.sha256(got).digest() == hashlib.sha256(whole[expected]).digest()


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="no curl on the PATH: downloads are not tried with it"
)
def test_curl_resumes_a_download(
    runner: Runner, bucket: Bucket, whole: bytes, tmp_path: Path
) -> None:
    got = tmp_path / "got"
    got.write_bytes(whole[: 30 * MIB])
    curl(runner, "-L", "-C", "-", "-o", str(got))
    assert hashlib.sha256(got.read_bytes()).digest() == hashlib.sha256(whole[:SIZE]).digest()


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="no curl on the PATH: downloads are not tried with it"
)
@pytest.mark.parametrize(
    ("arguments", "status"), [(["-I"], "200"), ([], "302"), (["-L", "-I"], "200")]
)
def test_curl_sees_the_status(
    runner: Runner, bucket: Bucket, arguments: list[str], status: str
) -> None:
    heard = curl(runner, *arguments, "-o", os.devnull, "-w", "%{http_code} %{header_json}")
    assert heard.split()[0] == status
    if status == "200":
        assert f'"content-length":["{SIZE}"]' in heard


def curl(runner: Runner, *arguments: str) -> str:
    command = [
        "curl",
        "--silent",
        "--show-error",
        "--max-time",
        "60",
        *arguments,
        runner.base + PATH,
    ]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=PATIENCE
    ).stdout


MEASURE = """
import json, resource, sys
sys.path.insert(0, "functions")
from files.app import handler
from local.runtime import Context
import time

def ask(method, path, headers):
    http = {"method": method, "path": path, "sourceIp": "192.0.2.1"}
    event = {"rawPath": path, "rawQueryString": "", "headers": headers}
    event["requestContext"] = {"http": http}
    return handler(event, Context("id", "F", 1769, time.monotonic() + 28))["statusCode"]

requests = json.loads(sys.argv[1])
for path in sys.argv[2:]:
    statuses = [ask(method, path, headers) for _ in range(3) for method, headers in requests]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps([statuses[: len(requests)], peak]), file=sys.stderr)
"""


def test_a_large_file_takes_no_more_memory_than_a_small_one(
    runner: Runner, bucket: Bucket, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = f"/api/files/photos/{RECORD.replace('large', 'small')}/{NAME}"
    bucket.put(
        "photos",
        RECORD.replace("large", "small"),
        "any",
        {NAME: (whole[:5000], "application/octet-stream")},
    )
    given = {
        "AWS_ENDPOINT_URL": runner.aws.endpoint,
        "AWS_ACCESS_KEY_ID": runner.aws.access_key_id,
        "AWS_SECRET_ACCESS_KEY": runner.aws.secret_access_key,
        "AWS_DEFAULT_REGION": runner.aws.region,
        "TABLE_NAME": bucket.table,
        "BUCKET_NAME": bucket.bucket,
    }
    requests = '[["GET", {}], ["HEAD", {}], ["GET", {"range": "bytes=100-4000"}]]'
    command = [sys.executable, "-c", MEASURE, requests, small, PATH]
    measured = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | given,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    ).stderr
    (statuses, before), (large_statuses, after) = map(json.loads, measured.splitlines())
    assert statuses == [200, 200, 206]
    assert large_statuses == [302, 200, 206]
    assert after - before < 8 * MIB


SEEK = """<video crossorigin="anonymous" preload="metadata" muted src="%s"></video><script>
const video = document.querySelector("video"), canvas = document.createElement("canvas"), seen = [];
const seconds = [27.1, 3.1, 15.1, 0.3, 29.7];
video.onerror = () => tell({error: `${video.error.code} ${video.error.message}`});
video.onloadeddata = () => { video.onloadeddata = null; video.currentTime = seconds[0]; };
video.onseeked = () => {
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0);
  seen.push([video.currentTime, pen.getImageData(40, 40, 1, 1).data[0], video.buffered.length]);
  if (seen.length < seconds.length) video.currentTime = seconds[seen.length];
  else tell({seen, duration: video.duration, size: [video.videoWidth, video.videoHeight]});
};
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH: no video is sought in")
def test_a_browser_seeks_in_a_video(
    runner: Runner, bucket: Bucket, film: bytes, tmp_path: Path
) -> None:
    assert len(film) > 20 * MIB
    url = f"{runner.base}/api/files/photos/{RECORD}/{FILM}"
    reported = reported_by(SEEK % html.escape(url), tmp_path)
    assert "error" not in reported, reported
    assert (reported["duration"], reported["size"]) == (webm.SECONDS, [640, 360])
    seconds, reds, buffered = zip(*reported["seen"], strict=True)
    assert seconds == (27.1, 3.1, 15.1, 0.3, 29.7)
    assert [round(red / 16) for red in reds] == [13, 1, 7, 0, 14]
    assert max(buffered) > 1  # pieces with gaps between them: it did not read the whole
