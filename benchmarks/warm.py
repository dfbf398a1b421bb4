"""Our own processor time per warm request: S3 and DynamoDB answer at once from memory.

    python -m benchmarks.warm [--requests N]

From the payload-2.0 event to the response, base64 and the log line included; median of blocks.
"""

import argparse
import io
import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from statistics import median
from typing import Any

from aws_lambda_powertools import Logger

from files import build
from pocketfiles import handle, metrics, tokens
from pocketfiles.catalogue.model import Collection, Field, Record, TokenOptions
from pocketfiles.config import Settings
from tests.fakes import FakeBucket, FakeTable

RESULT = Path(__file__).resolve().parent / "results" / "warm.json"
BLOCKS = 20
KEY = "k" * 50

USERS = Collection("c_users", "users", "auth", file_token=TokenOptions("s" * 50, 180))
ADA = Record("c_users", "ada", {"tokenKey": KEY, "email": "ada@files.test"})
PHOTOS = Collection(
    "c_photos", "photos", "base", fields=(Field("f1", "image", "file", max_select=1),)
)
PAPERS = Collection(
    "c_papers",
    "papers",
    "base",
    fields=(
        Field("f1", "file", "file", max_select=1, protected=True),
        Field("f2", "owner", "relation", max_select=1, collection_id="c_users"),
    ),
    view_rule='@request.auth.id != "" && owner = @request.auth.id',
)
RECORDS = [
    ADA,
    Record("c_photos", "r1", {"image": "cat.jpg"}),
    Record("c_papers", "r1", {"file": "plan.txt", "owner": "ada"}),
]
OBJECTS = {
    "c_photos/r1/cat.jpg": (b"x" * 2000, "image/jpeg"),
    "c_photos/r1/thumbs_cat.jpg/100x100_cat.jpg": (b"t" * 5000, "image/jpeg"),
    "c_papers/r1/plan.txt": (b"p" * 2000, "text/plain; charset=utf-8"),
}


def event(path: str, query: str = "") -> dict[str, Any]:
    """A GET as API Gateway hands it over."""
    headers = {
        "host": "files.test",
        "user-agent": "bench",
        "accept": "*/*",
        "accept-encoding": "gzip",
    }
    http = {"method": "GET", "path": path, "sourceIp": "192.0.2.1", "protocol": "HTTP/1.1"}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {"http": http},
        "isBase64Encoded": False,
    }


def cases() -> dict[str, dict[str, Any]]:
    """What is asked, by name."""
    token = tokens.issue(USERS, ADA, "file", time.time() + 3600)
    return {
        "stored thumb": event("/api/files/photos/r1/cat.jpg", "thumb=100x100"),
        "small file": event("/api/files/photos/r1/cat.jpg"),
        "404": event("/api/files/photos/r1/dog.jpg"),
        "protected, simple rule": event("/api/files/papers/r1/plan.txt", f"token={token}"),
    }


def measure(call: Callable[[], Any], requests: int) -> list[float]:
    """Milliseconds of processor time per call, a figure per block."""
    found = []
    for _ in range(BLOCKS):
        started = time.process_time()
        for _ in range(requests):
            call()
        found.append((time.process_time() - started) * 1000 / requests)
    return found


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=100, help="per block")
    requests = parser.parse_args().requests
    table = FakeTable([USERS, PHOTOS, PAPERS], RECORDS)
    service = build.file_service(Settings("t", "b", catalogue_ttl=3600), table, FakeBucket(OBJECTS))
    log = Logger(service="bench", stream=io.StringIO())
    results: dict[str, float] = {}
    for name, asked in cases().items():

        def call(asked: dict[str, Any] = asked) -> dict[str, Any]:
            return handle.answer(
                asked, lambda request: service.answer(request, time.time()), log, metrics.emit
            )

        with redirect_stdout(io.StringIO()):  # where metrics go
            status = call()["statusCode"]
            results[name] = median(measure(call, requests))
        print(f"{name:24} {status}  {results[name]:6.3f} ms")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"python": sys.version, "milliseconds": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
