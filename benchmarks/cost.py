"""What the stack costs, in US dollars, from list prices and measured durations.

    python -m benchmarks.cost

Prints the tables of docs/cost.md but one, which ``benchmarks.cost_example`` prints.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.prices import MILLION, PRICES, dollars

SHOWN_BY_THE_MILLION = 0.001
"""Dollars up to which a price is shown for a million units."""

KIB = 1024
MIB = KIB * KIB
GIB = KIB * MIB


FILES_GB = 1769 / KIB
TOKENS_GB = 512 / KIB
LOG_BYTES = 1.8e3
"""Bytes of logs for each request: six events, with Lambda's own and the API's access log."""

HTTP_API_UNIT = 512 * KIB
CLOUDFRONT_FUNCTIONS = 2
"""Calls for each request behind CloudFront: viewer request and viewer response."""

KEY_VALUE_READS = 1
"""Reads of the store for each request: the collection, by its name or id."""

FREE_FUNCTION_CALLS = 2 * MILLION
FREE_KEY_VALUE_READS = 2 * MILLION
"""What CloudFront's free tier takes off the functions and the store each month."""

INIT_MILLISECONDS = 500
INIT_SHARE = 0.01
"""A cold start's billed initialization, and the share of requests that meet one."""

METRICS = 19
"""Custom metrics of a stack with traffic, without an audit log and without thumbs that fail: each
reason to fail adds one."""

ALARM_METRICS = 16
"""Metrics that the alarms of a stack watch by default, metric math counted by its parts."""


CONCURRENCY = 100
THROTTLE_RATE = 1000
"""The defaults of ``ReservedConcurrency`` and ``ThrottleRate``, which bound what abuse can cost."""

LARGEST_BODY = 10 * MIB
"""Bytes of the largest body that an HTTP API takes."""

SECONDS_A_DAY = 86_400


def edge_functions(requests: float) -> float:
    """Dollars for CloudFront's functions, and for the store that they read."""
    call = CLOUDFRONT_FUNCTIONS * dollars("cloudfront_function")
    read = KEY_VALUE_READS * dollars("key_value_read")
    return requests * (call + read)


@dataclass(frozen=True)
class Kind:
    """A kind of request: what it does, and the bytes of its response."""

    name: str
    milliseconds: float = 0
    reads: int = 0
    gets: int = 0
    puts: int = 0
    response_bytes: int = 20 * KIB
    memory_gb: float = FILES_GB
    reaches_the_api: bool = True
    has_functions: bool = True
    """Whether CloudFront runs its functions: it does not with ``CdnDirect=no``."""

    @property
    def parts(self) -> dict[str, float]:
        """Dollars for a million requests, by service."""
        seconds = (self.milliseconds + INIT_SHARE * INIT_MILLISECONDS) / 1000
        units = max(1, math.ceil(self.response_bytes / HTTP_API_UNIT))
        api = {
            "Lambda": dollars("lambda_request")
            + seconds * self.memory_gb * dollars("lambda_arm_gb_second"),
            "API": units * dollars("http_api_request"),
            "DynamoDB": self.reads * dollars("dynamodb_read"),
            "S3": self.gets * dollars("s3_get") + self.puts * dollars("s3_put"),
            "logs": LOG_BYTES / 1e9 * dollars("logs_gb"),
        }
        s3_only = dict.fromkeys(api, 0.0) | {"S3": self.gets * dollars("s3_get")}
        edge = dollars("cloudfront_request") + edge_functions(1) * self.has_functions
        found = {**(api if self.reaches_the_api else s3_only), "CloudFront": edge}
        return {name: value * MILLION for name, value in found.items()}

    @property
    def total(self) -> float:
        """Dollars for a million requests."""
        return sum(self.parts.values())


HIT = Kind("hit at the edge", reaches_the_api=False)
FROM_BUCKET = Kind("public file or stored thumb from the bucket", gets=1, reaches_the_api=False)
BY_API = Kind("stored thumb, small file by the API", 32, reads=1, gets=1)
NEW_THUMB = Kind("new thumb (12-megapixel JPEG)", 200, reads=1, gets=2, puts=1)
PROTECTED = Kind("protected file, simple rule", 46, reads=3, gets=1)
LARGE = Kind("original of 3 MiB by the API", 60, reads=1, gets=1, response_bytes=3 * MIB)
KINDS = (
    HIT,
    FROM_BUCKET,
    BY_API,
    NEW_THUMB,
    PROTECTED,
    LARGE,
    Kind("original of 4 MiB by the API", 70, reads=1, gets=1, response_bytes=4 * MIB),
    Kind("redirect of a large file", 32, reads=1, gets=2, response_bytes=KIB),
    Kind("HEAD, or not modified", 32, reads=1, gets=1, response_bytes=0),
    Kind("token", 15, reads=1, response_bytes=KIB, memory_gb=TOKENS_GB),
)

NEW_THUMB_AT_THE_EDGE = replace(NEW_THUMB, gets=NEW_THUMB.gets + 1)
"""CloudFront asks the bucket first, by a GET that finds nothing."""

BEFORE_AND_AFTER = (
    ("hit at the edge", HIT, HIT),
    ("public thumb that is stored, small public file", BY_API, FROM_BUCKET),
    ("public thumb that is made", NEW_THUMB, NEW_THUMB_AT_THE_EDGE),
    ("public original of 3 MiB", LARGE, FROM_BUCKET),
    ("protected file, simple rule", PROTECTED, PROTECTED),
)
"""Kinds of requests without and with the functions at the edge (``CdnDirect``)."""


def fixed_parts() -> dict[str, float]:
    """Dollars for a month that do not depend on the number of requests."""
    return {
        "custom metrics": METRICS * dollars("metric_month"),
        "alarms": ALARM_METRICS * dollars("alarm_month"),
        "origin secret": dollars("secret_month"),
        "web ACL": dollars("firewall_month"),
    }


def beside_cloudfront(kind: Kind) -> float:
    """Dollars for a million requests, without what CloudFront itself costs."""
    return kind.total - kind.parts["CloudFront"]


def break_even_share() -> float:
    """The share of requests that miss above which CloudFront's functions save what they cost."""
    saved = beside_cloudfront(BY_API) - beside_cloudfront(FROM_BUCKET)
    return edge_functions(MILLION) / saved


def free_functions() -> float:
    """Dollars a month that CloudFront's free tier takes off the functions and the store."""
    calls = FREE_FUNCTION_CALLS * dollars("cloudfront_function")
    return calls + FREE_KEY_VALUE_READS * dollars("key_value_read")


def busy_functions_a_day() -> float:
    """Dollars for a day in which as many files functions run as may."""
    return CONCURRENCY * FILES_GB * SECONDS_A_DAY * dollars("lambda_arm_gb_second")


def busy_api_a_day(body_bytes: int = 0) -> float:
    """Dollars for a day of as many requests as the API accepts, each with a body."""
    units = max(1, math.ceil(body_bytes / HTTP_API_UNIT))
    return THROTTLE_RATE * SECONDS_A_DAY * units * dollars("http_api_request")


def quiet_month() -> float:
    """Dollars for a month with the template's defaults and next to no requests."""
    fixed = fixed_parts()
    return fixed["custom metrics"] + fixed["origin secret"]


def break_even_misses(miss: Kind) -> float:
    """Misses of the CDN in a month above which PocketBase on a machine of its own is cheaper.

    Both have the same CDN in front, so hits cost the same. The stack pays for its metrics and its
    secret, too.
    """
    left = dollars("machine_month") - quiet_month()
    return left / beside_cloudfront(miss) * MILLION


def break_even_table() -> Iterator[str]:
    """Rows of Markdown: what a miss costs, and where a machine becomes cheaper."""
    yield "| a miss | dollars a million, beside CloudFront | break-even, misses a month |"
    yield "|---|---:|---:|"
    kinds = {"open collections, from the bucket": FROM_BUCKET, "all others, by the API": BY_API}
    for name, kind in kinds.items():
        millions = break_even_misses(kind) / MILLION
        yield f"| {name} | {beside_cloudfront(kind):.2f} | {millions:.1f} million |"


def edge_table() -> Iterator[str]:
    """Rows of Markdown: dollars for a million requests without and with the edge, by kind."""
    yield "| kind | `CdnDirect=no` | `CdnDirect=yes` | then paid for |"
    yield "|---|---:|---:|---|"
    for name, before, after in BEFORE_AND_AFTER:
        without = replace(before, has_functions=False)
        paid = ", ".join(part for part, value in after.parts.items() if value)
        yield f"| {name} | {without.total:.2f} | **{after.total:.2f}** | {paid} |"


def request_table() -> Iterator[str]:
    """Rows of Markdown: dollars for a million requests of each kind."""
    names = list(KINDS[0].parts)
    yield f"| kind | {' | '.join(names)} | sum |"
    yield "|---|" + "---:|" * (len(names) + 1)
    for kind in KINDS:
        values = " | ".join(f"{value:.2f}" for value in kind.parts.values())
        yield f"| {kind.name} | {values} | **{kind.total:.2f}** |"


def fixed_table() -> Iterator[str]:
    """Rows of Markdown: dollars for a month."""
    yield "| a month | dollars |"
    yield "|---|---:|"
    for name, value in fixed_parts().items():
        yield f"| {name} | {value:.2f} |"


def price_table() -> Iterator[str]:
    """Rows of Markdown: each price, AWS's page for it, and where it was read."""
    yield "| price | dollars | AWS's page | read at |"
    yield "|---|---:|---|---|"
    for price in PRICES.values():
        per_million = price.dollars * MILLION
        is_small = price.dollars <= SHOWN_BY_THE_MILLION
        text = f"{per_million:.3g} a million" if is_small else f"{price.dollars:.3g}"
        yield f"| {price.unit} | {text} | <{price.page}> | <{price.read_at}> |"


TABLES = (
    request_table,
    edge_table,
    fixed_table,
    break_even_table,
    price_table,
)
"""Every table of docs/cost.md but that of ``cost_example``."""


def main() -> None:
    """Print all tables."""
    for table in TABLES:
        print("\n".join(table()), end="\n\n")


if __name__ == "__main__":
    main()
