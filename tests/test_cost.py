"""The cost page says what the program computes."""

from collections.abc import Callable, Iterator

import pytest

from benchmarks import cost, prices
from tests.conftest import ROOT


@pytest.mark.parametrize("table", cost.TABLES, ids=lambda table: table.__name__)
def test_the_page_has_the_computed_tables(table: Callable[[], Iterator[str]]) -> None:
    page = (ROOT / "docs" / "cost.md").read_text()
    assert "\n".join(table()) in page


def test_a_request_of_more_than_512_kib_counts_as_several() -> None:
    units = {kind.name: round(kind.parts["API"]) for kind in cost.KINDS if kind.reaches_the_api}
    assert units["original of 3 MiB by the API"] == 6
    assert units["original of 4 MiB by the API"] == 8
    assert units["token"] == 1


def test_a_hit_costs_cloudfront_alone() -> None:
    assert {name for name, value in cost.HIT.parts.items() if value} == {"CloudFront"}


def test_a_stored_public_thumb_costs_no_lambda_no_api_and_no_dynamodb() -> None:
    paid = {name for name, value in cost.FROM_BUCKET.parts.items() if value}
    assert paid == {"S3", "CloudFront"}


def test_every_price_says_where_it_was_read() -> None:
    for price in prices.PRICES.values():
        assert price.read_at == prices.REMEMBERED or price.read_at.startswith("https://")
        assert price.page.startswith("https://aws.amazon.com/")


def test_the_page_on_production_has_the_same_figures() -> None:
    page = (ROOT / "docs" / "production.md").read_text()
    for row in list(cost.edge_table())[2:-1]:
        name, before, after = row.replace("*", "").split(" | ")[:3]
        assert f"{name} | {before} | {after} |" in page
