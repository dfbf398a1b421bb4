import pytest

from pocketfiles import timing


def test_time_is_counted_by_service_including_failed_calls() -> None:
    with timing.recording() as spent:
        with timing.spent_on("s3"):
            pass
        with pytest.raises(ValueError, match="no"), timing.spent_on("s3"):
            raise ValueError("no")
        with timing.spent_on("dynamodb"):
            pass
    assert list(spent) == ["s3", "dynamodb"]
    assert all(value >= 0 for value in spent.values())


def test_outside_a_request_nothing_is_counted() -> None:
    with timing.spent_on("s3"):
        pass
    with timing.recording() as spent:
        pass
    assert spent == {}


def test_the_header_begins_with_the_total() -> None:
    assert timing.header(12.34, {"s3": 4.0}) == "total;dur=12.3, s3;dur=4.0"
