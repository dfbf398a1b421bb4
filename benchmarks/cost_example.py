"""AWS's own example for its image service, beside what the stack costs for the same requests.

    python -m benchmarks.cost_example

Prints a table of docs/cost.md. AWS publishes a sum for each service and no unit prices, so its side
is taken over and the other side is computed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.cost import (
    BY_API,
    FROM_BUCKET,
    GIB,
    KIB,
    NEW_THUMB_AT_THE_EDGE,
    Kind,
    edge_functions,
    fixed_parts,
)
from benchmarks.prices import MILLION, dollars

PAGE = (
    "https://docs.aws.amazon.com/solutions/latest/"
    "dynamic-image-transformation-for-amazon-cloudfront/lambda-architecture-costs.html"
)
"""AWS's page, *Dynamic Image Transformation for Amazon CloudFront, Lambda architecture costs*."""

SERVED = 10 * MILLION
"""Requests in a month."""

HITS = 0.9
"""The share that CloudFront answers from its cache."""

RESPONSE_BYTES = 45 * KIB
PROCESSING_MILLISECONDS = 350
"""The size of a picture, and what making it takes."""

OF_AWS = {"API": 11.00, "Lambda": 10.93, "S3": 10.40, "logs and metrics": 11.15}
"""Dollars a month on AWS's page, by service, without CloudFront."""

MISSES = SERVED * (1 - HITS)
SERVICES = (*OF_AWS, "DynamoDB", "origin secret", "edge functions")
COLUMNS = ("AWS's service", "all new, in 350 ms", "all new", "stored, by the API", "stored")
NOTHING = "-"


@dataclass(frozen=True)
class Month:
    """The example's month when all misses are of one kind."""

    miss: Kind
    has_functions: bool = True

    @property
    def parts(self) -> dict[str, float]:
        """Dollars by service, without CloudFront's requests and transfer."""
        millions = MISSES / MILLION
        found = {name: value * millions for name, value in self.miss.parts.items()}
        fixed = fixed_parts()
        return {
            "API": found["API"],
            "Lambda": found["Lambda"],
            "S3": found["S3"],
            "logs and metrics": found["logs"] + fixed["custom metrics"],
            "DynamoDB": found["DynamoDB"],
            "origin secret": fixed["origin secret"],
            "edge functions": edge_functions(SERVED) if self.has_functions else 0.0,
        }

    @property
    def total(self) -> float:
        """Dollars for the month, without CloudFront's requests and transfer."""
        return sum(self.parts.values())


def of_example(kind: Kind) -> Kind:
    """A kind of request with the example's size of a response."""
    return replace(kind, response_bytes=RESPONSE_BYTES)


NEW = Month(of_example(NEW_THUMB_AT_THE_EDGE))
NEW_AS_SLOW = Month(replace(NEW.miss, milliseconds=PROCESSING_MILLISECONDS))
BY_THE_API = Month(of_example(BY_API), has_functions=False)
STORED = Month(of_example(FROM_BUCKET))
MONTHS = (NEW_AS_SLOW, NEW, BY_THE_API, STORED)


def cloudfront() -> float:
    """Dollars for the requests and the transfer of the month, which are the same for both."""
    requests = SERVED * dollars("cloudfront_request")
    return requests + SERVED * RESPONSE_BYTES / GIB * dollars("cloudfront_transfer_gb")


def example_table() -> Iterator[str]:
    """Rows of Markdown: dollars a month by service, of AWS's service and of the stack."""
    yield f"| each of the {MISSES / MILLION:.0f} million misses | {' | '.join(COLUMNS)} |"
    yield "|---|" + "---:|" * len(COLUMNS)
    for service in SERVICES:
        values = [OF_AWS.get(service, 0.0), *(month.parts[service] for month in MONTHS)]
        shown = (f"{value:.2f}" if value else NOTHING for value in values)
        yield f"| {service} | {' | '.join(shown)} |"
    totals = [sum(OF_AWS.values()), *(month.total for month in MONTHS)]
    yield f"| **sum** | {' | '.join(f'**{total:.2f}**' for total in totals)} |"


def main() -> None:
    """Print the table, and what CloudFront costs beside it."""
    print("\n".join(example_table()))
    print(f"\nCloudFront, for both: {cloudfront():.2f}")


if __name__ == "__main__":
    main()
