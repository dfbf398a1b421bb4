"""What the stack costs, in US dollars, from list prices and measured durations.

    python -m benchmarks.cost

Prints the tables of docs/production.md. Prices are those of us-east-1. Each names the page where it
stands and whether it was read there or on a page that quotes it, or is only remembered; look them
up before you plan with them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

MILLION = 1_000_000
SHOWN_BY_THE_MILLION = 0.001
"""Dollars up to which a price is shown for a million units."""

KIB = 1024
MIB = KIB * KIB
GIB = KIB * MIB


@dataclass(frozen=True)
class Price:
    """A list price in dollars per unit, the page where it stands, and how it is known."""

    dollars: float
    unit: str
    page: str
    known: str


AWS = "https://aws.amazon.com"
READ = "read there or quoted from there, November 2026"
REMEMBERED = "remembered, November 2026"

PRICES = {
    "lambda_arm_gb_second": Price(0.0000133334, "GB-second, arm64", f"{AWS}/lambda/pricing/", READ),
    "lambda_request": Price(0.20 / MILLION, "request", f"{AWS}/lambda/pricing/", READ),
    "http_api_request": Price(
        1.00 / MILLION, "request, each 512 KB of it", f"{AWS}/api-gateway/pricing/", REMEMBERED
    ),
    "dynamodb_read": Price(
        0.125 / MILLION, "strongly consistent read of 4 KB", f"{AWS}/dynamodb/pricing/", READ
    ),
    "s3_get": Price(0.40 / MILLION, "GET", f"{AWS}/s3/pricing/", REMEMBERED),
    "s3_put": Price(5.00 / MILLION, "PUT", f"{AWS}/s3/pricing/", REMEMBERED),
    "s3_transfer_gb": Price(0.09, "GB out of S3", f"{AWS}/s3/pricing/", REMEMBERED),
    "cloudfront_request": Price(
        1.00 / MILLION, "HTTPS request", f"{AWS}/cloudfront/pricing/", REMEMBERED
    ),
    "cloudfront_function": Price(
        0.10 / MILLION, "call of a CloudFront Function", f"{AWS}/cloudfront/pricing/", REMEMBERED
    ),
    "cloudfront_transfer_gb": Price(
        0.085, "GB out of CloudFront", f"{AWS}/cloudfront/pricing/", READ
    ),
    "logs_gb": Price(0.50, "GB of logs", f"{AWS}/cloudwatch/pricing/", REMEMBERED),
    "metric_month": Price(0.30, "custom metric, a month", f"{AWS}/cloudwatch/pricing/", REMEMBERED),
    "alarm_month": Price(
        0.10, "metric of an alarm, a month", f"{AWS}/cloudwatch/pricing/", REMEMBERED
    ),
    "secret_month": Price(0.40, "secret, a month", f"{AWS}/secrets-manager/pricing/", REMEMBERED),
    "firewall_month": Price(
        7.00, "web ACL with two rules, a month", f"{AWS}/waf/pricing/", REMEMBERED
    ),
    "machine_month": Price(
        12.00, "virtual machine of 2 GB, a month", f"{AWS}/lightsail/pricing/", REMEMBERED
    ),
}

FILES_GB = 1769 / KIB
TOKENS_GB = 512 / KIB
LOG_BYTES = 1.8e3
"""Bytes of logs for each request: six events, with Lambda's own and the API's access log."""

HTTP_API_UNIT = 512 * KIB
CLOUDFRONT_FUNCTIONS = 2
"""Calls for each request behind CloudFront: viewer request and viewer response."""

ALWAYS_FREE_REQUESTS = 10 * MILLION
"""Requests that CloudFront answers each month for nothing, with 1 TB of transfer."""

INIT_MILLISECONDS = 500
INIT_SHARE = 0.01
"""A cold start's billed initialization, and the share of requests that meet one."""

METRICS = 19
"""Custom metrics of a stack with traffic: its names, and failures once more by reason."""

ALARM_METRICS = 15
"""Metrics that the alarms of a stack watch, metric math counted by its parts."""


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
        edge = dollars("cloudfront_request") + CLOUDFRONT_FUNCTIONS * dollars("cloudfront_function")
        found = {**(api if self.reaches_the_api else s3_only), "CloudFront": edge}
        return {name: value * MILLION for name, value in found.items()}

    @property
    def total(self) -> float:
        """Dollars for a million requests."""
        return sum(self.parts.values())


KINDS = (
    Kind("hit at the edge", reaches_the_api=False),
    Kind("public file or stored thumb from the bucket", gets=1, reaches_the_api=False),
    Kind("stored thumb, small file by the API", 32, reads=1, gets=1),
    Kind("new thumb (12-megapixel JPEG)", 200, reads=1, gets=2, puts=1),
    Kind("protected file, simple rule", 46, reads=3, gets=1),
    Kind("original of 3 MiB by the API", 60, reads=1, gets=1, response_bytes=3 * MIB),
    Kind("original of 4 MiB by the API", 70, reads=1, gets=1, response_bytes=4 * MIB),
    Kind("redirect of a large file", 32, reads=1, gets=2, response_bytes=KIB),
    Kind("HEAD, or not modified", 32, reads=1, gets=1, response_bytes=0),
    Kind("token", 15, reads=1, response_bytes=KIB, memory_gb=TOKENS_GB),
)


def dollars(name: str) -> float:
    """A price."""
    return PRICES[name].dollars


def fixed_parts() -> dict[str, float]:
    """Dollars for a month that do not depend on the number of requests."""
    return {
        "custom metrics": METRICS * dollars("metric_month"),
        "alarms": ALARM_METRICS * dollars("alarm_month"),
        "origin secret": dollars("secret_month"),
        "web ACL": dollars("firewall_month"),
    }


def break_even_misses() -> float:
    """Misses of the CDN in a month above which PocketBase on a machine of its own is cheaper.

    Both have the same CDN in front, so hits cost the same. The stack pays for its metrics and its
    secret, too.
    """
    miss = next(kind for kind in KINDS if kind.name.startswith("stored thumb"))
    of_a_miss = (miss.total - miss.parts["CloudFront"]) / MILLION
    fixed = fixed_parts()
    return (dollars("machine_month") - fixed["custom metrics"] - fixed["origin secret"]) / of_a_miss


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
    """Rows of Markdown: each price and where it stands."""
    yield "| price | dollars | page | known |"
    yield "|---|---:|---|---|"
    for price in PRICES.values():
        per_million = price.dollars * MILLION
        is_small = price.dollars <= SHOWN_BY_THE_MILLION
        text = f"{per_million:.3g} a million" if is_small else f"{price.dollars:.3g}"
        yield f"| {price.unit} | {text} | <{price.page}> | {price.known} |"


def main() -> None:
    """Print all tables."""
    for table in (request_table(), fixed_table(), price_table()):
        print("\n".join(table), end="\n\n")
    print(f"break-even: {break_even_misses() / MILLION:.1f} million misses a month")


if __name__ == "__main__":
    main()
