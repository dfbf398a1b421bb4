"""The cost page says what the program computes."""

from collections.abc import Callable, Iterator

import pytest

from benchmarks import cost, cost_example, prices
from pocketfiles import metrics
from tests.conftest import ROOT
from tests.test_alarms import TEMPLATE, alarms

TABLES = (*cost.TABLES, cost_example.example_table)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
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
        assert price.read_at.startswith("https://")
        assert price.page.startswith("https://aws.amazon.com/")


def words(name: str) -> str:
    """A page of docs/ with one blank between words, wherever its lines end."""
    return " ".join((ROOT / "docs" / name).read_text().split())


def test_the_sentences_have_the_computed_figures() -> None:
    functions = cost.edge_functions(prices.MILLION)
    saved = cost.beside_cloudfront(cost.BY_API) - cost.beside_cloudfront(cost.FROM_BUCKET)
    page = words("cost.md")
    for sentence in (
        f"{functions:.2f} less for each million",
        f"Everything else becomes {functions:.2f} dearer",
        f"{cost_example.cloudfront():.2f} for both at list prices",
        f"the secret, {cost.quiet_month():.2f} a month",
        f"free tier takes {cost.free_functions():.2f} off the functions",
        f"= {cost.busy_functions_a_day():.0f} dollars",
        f"{cost.busy_api_a_day():.0f} dollars a day for small bodies",
        f"at most {cost.busy_api_a_day(cost.LARGEST_BODY):,.0f} dollars a day",
    ):
        assert sentence in page
    page = words("production.md")
    for sentence in (
        f"cost {functions:.2f} dollars a million",
        f"saves {saved:.2f} dollars a million against the API",
        f"fewer than {cost.break_even_share():.0%} of the requests miss".replace("%", " %"),
        f"A quiet month costs {cost.quiet_month():.0f} dollars",
    ):
        assert sentence in page


def test_awss_example_is_added_up_and_computed_from_its_assumptions() -> None:
    assert round(sum(cost_example.OF_AWS.values()), 2) == 43.48
    assert round(cost_example.MISSES) == prices.MILLION
    by_the_api = cost_example.BY_THE_API
    misses = cost.beside_cloudfront(by_the_api.miss) * cost_example.MISSES / prices.MILLION
    assert by_the_api.total == pytest.approx(misses + cost.quiet_month())
    stored = cost_example.STORED
    assert stored.total == pytest.approx(
        cost.beside_cloudfront(stored.miss)
        + cost.edge_functions(cost_example.SERVED)
        + cost.quiet_month()
    )
    assert cost_example.NEW_AS_SLOW.total > cost_example.NEW.total


def test_the_page_on_production_has_the_same_figures() -> None:
    page = (ROOT / "docs" / "production.md").read_text()
    for row in list(cost.edge_table())[2:-1]:
        name, before, after = row.replace("*", "").split(" | ")[:3]
        assert f"{name} | {before} | {after} |" in page


def test_the_metrics_of_a_month_are_those_that_the_functions_count() -> None:
    of_the_audit_log = {metrics.AUDIT_FAILED, metrics.DURATION_BY_SERVICE["logs"]}
    assert len(metrics.NAMES - of_the_audit_log) == cost.METRICS


def test_the_alarms_of_a_month_are_the_templates() -> None:
    by_parameter = {"HasSyncAlarm", "HasReleaseAlarm"}
    conditions = {name: TEMPLATE["Resources"][name]["Condition"] for name in alarms()}
    watched = [alarm for name, alarm in alarms().items() if conditions[name] not in by_parameter]
    assert sum(len(alarm.metrics) for alarm in watched) == cost.ALARM_METRICS
