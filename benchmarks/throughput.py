"""Requests per second through `python -m local`: functions, gateway and moto in one process.

    python -m benchmarks.throughput [--requests N] [--clients N]

The figures say how the local server feels; moto, not our code, takes most of the time.
"""

import argparse
import http.client
import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

RESULT = Path(__file__).resolve().parent / "results" / "throughput.json"
ROOT = Path(__file__).resolve().parent.parent
DATABASE = ROOT / "local" / "demo" / "pb_data"
SIZES = (
    "100x300",
    "300x100t",
    "300x100b",
    "200x200f",
    "0x300",
    "300x0",
    "50x50",
    "640x480f",
    "64x64",
)


@contextmanager
def runner() -> Iterator[str]:
    """A running server's address; it ends with the block."""
    command = [sys.executable, "-m", "local", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None  # noqa: S101 - PIPE
        ready = next(line for line in process.stdout if line.startswith("ready: "))
        yield ready.removeprefix("ready: ").strip()
    finally:
        process.terminate()
        process.wait(timeout=20)


def get(address: str, paths: Iterable[str]) -> int:
    """GET each path over one connection; how many came."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    count = 0
    for path in paths:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{path}: {answer.status}")
        count += 1
    connection.close()
    return count


def rate(address: str, paths: list[str], clients: int) -> float:
    """Requests per second when ``clients`` share the paths."""
    shares = [paths[start::clients] for start in range(clients)]
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        count = sum(pool.map(get, itertools.repeat(address), shares))
    return count / (time.perf_counter() - started)


def pictures() -> list[str]:
    """Paths of the demo's JPEG and PNG pictures."""
    folder = DATABASE / "storage" / "pbc_1063624087" / "photo0000000001"
    names = sorted(
        path.name
        for path in folder.iterdir()
        if re.search(r"^(photo|tall|wide|odd).*\.(jpg|png)$", path.name)
    )
    return [f"/api/files/photos/photo0000000001/{name}" for name in names]


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--clients", type=int, default=4)
    arguments = parser.parse_args()
    new = [f"{path}?thumb={size}" for path in pictures() for size in SIZES]
    with runner() as address:
        get(address, ["/api/files/photos/photo0000000002/hero_1m1al7dkg1.jpg"])
        results = {"distinct new thumbs": rate(address, new, arguments.clients)}
        stored = list(itertools.islice(itertools.cycle(new), arguments.requests))
        results["stored thumbs"] = rate(address, stored, arguments.clients)
    for name, found in results.items():
        print(f"{name:20} {found:7.1f} requests/s")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(
        json.dumps({"clients": arguments.clients, "per_second": results}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
