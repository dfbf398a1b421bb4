"""The cost page says what the program computes."""

import pytest

from benchmarks import cost
from tests.conftest import ROOT


@pytest.mark.parametrize(
    "rows",
    [cost.request_table, cost.fixed_table, cost.price_table],
    ids=lambda rows: rows.__name__,
)
def test_the_page_has_the_computed_tables(rows: object) -> None:
    page = (ROOT / "docs" / "cost.md").read_text()
    assert "\n".join(rows()) in page  # type: ignore[operator]


def test_a_request_of_more_than_512_kib_counts_as_several() -> None:
    units = {kind.name: round(kind.parts["API"]) for kind in cost.KINDS if kind.reaches_the_api}
    assert units["original of 3 MiB by the API"] == 6
    assert units["original of 4 MiB by the API"] == 8
    assert units["token"] == 1


def test_a_hit_costs_cloudfront_alone() -> None:
    hit = cost.KINDS[0]
    assert {name for name, value in hit.parts.items() if value} == {"CloudFront"}
