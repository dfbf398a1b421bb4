"""A load test of a deployed stack: requests at a steady rate, whatever the answers take.

    python -m benchmarks.load URL [URL...] [--rate 100] [--seconds 60] [--connections 50]

Takes the URLs in turn. A request that finds no free connection waits, and its waiting counts as
time to answer, as it would for a client. Prints statuses, percentiles and cache hits. The exit code
is 1 if more than 1 % failed.

It costs what the requests cost, and it is your own account that you load: begin with a small rate.
"""

import argparse
import http.client
import itertools
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

TIMEOUT_SECONDS = 35
FAILED_SHARE = 0.01
SERVER_ERROR = 500
PERCENTILES = (50, 90, 99, 100)


@dataclass(frozen=True)
class Outcome:
    """A request: its status, 0 without one; the seconds from its due time to its last byte; a hit
    at
    the edge.
    """

    status: int
    seconds: float
    is_hit: bool


class Client:
    """Connections to the hosts under load: each thread keeps one to each host."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, str], http.client.HTTPConnection] = {}

    def ask(self, url: SplitResult, due: float) -> Outcome:
        """One GET, which was due at a moment of the monotonic clock."""
        connection = self._connection(url)
        try:
            connection.request("GET", f"{url.path}?{url.query}" if url.query else url.path)
            response = connection.getresponse()
            response.read()
            is_hit = "hit" in response.headers.get("x-cache", "").lower()
            return Outcome(response.status, time.monotonic() - due, is_hit)
        except (OSError, http.client.HTTPException):
            connection.close()
            return Outcome(0, time.monotonic() - due, False)

    def close(self) -> None:
        """Close all connections. No request may be under way."""
        for connection in self._kept.values():
            connection.close()

    def _connection(self, url: SplitResult) -> http.client.HTTPConnection:
        key = (threading.get_ident(), f"{url.scheme}://{url.netloc}")
        if key not in self._kept:
            is_secure = url.scheme == "https"
            connect = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
            self._kept[key] = connect(url.netloc, timeout=TIMEOUT_SECONDS)
        return self._kept[key]


def run(urls: list[str], rate: float, seconds: float, connections: int) -> list[Outcome]:
    """All outcomes of a test."""
    client = Client()
    started = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        waiting = []
        targets = itertools.cycle(map(urlsplit, urls))
        for number, url in zip(range(int(rate * seconds)), targets, strict=False):
            due = started + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            waiting.append(pool.submit(client.ask, url, due))
        outcomes = [each.result() for each in waiting]
    client.close()
    return outcomes


def report(outcomes: list[Outcome]) -> str:
    """What a test found, in lines."""
    statuses = Counter(outcome.status for outcome in outcomes)
    times = sorted(outcome.seconds for outcome in outcomes)
    named = [f"{status or 'no answer'}: {count}" for status, count in sorted(statuses.items())]
    places = {each: times[min(len(times) - 1, len(times) * each // 100)] for each in PERCENTILES}
    hits = sum(outcome.is_hit for outcome in outcomes)
    return "\n".join(
        (
            f"requests   {len(outcomes)}",
            f"statuses   {', '.join(named)}",
            f"hits       {hits / len(outcomes):.0%}",
            "times      " + ", ".join(f"p{p} {value * 1000:.0f} ms" for p, value in places.items()),
        )
    )


def failed(outcomes: list[Outcome]) -> bool:
    """Whether more than one request in a hundred got no answer or a server error."""
    bad = sum(each.status == 0 or each.status >= SERVER_ERROR for each in outcomes)
    return bad > FAILED_SHARE * len(outcomes)


def main() -> int:
    """Load the URLs of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("urls", nargs="+", metavar="URL")
    parser.add_argument("--rate", type=float, default=100, help="requests per second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=50)
    given = parser.parse_args()
    outcomes = run(given.urls, given.rate, given.seconds, given.connections)
    print(report(outcomes))
    return int(failed(outcomes))


if __name__ == "__main__":
    sys.exit(main())
