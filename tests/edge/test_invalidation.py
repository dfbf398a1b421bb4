"""What CloudFront is asked to forget, and how often."""

from admin.sync.invalidation import (
    AFTER_CLOSING,
    LONGEST_REQUEST_SECONDS,
    closing,
    paths,
    removal,
)


def test_a_record_is_forgotten_under_its_key_and_under_the_apis_path() -> None:
    assert paths([removal("c", "r", 0)]) == ["/c/r/*", "/api/files/c/r/*"]


def test_many_records_of_one_collection_are_one_path() -> None:
    few = [removal("c", f"r{number}", 0) for number in range(25)]
    assert len(paths(few)) == 50
    assert paths([*few, removal("c", "one more", 0)]) == ["/c/*", "/api/files/c/*"]


def test_a_removed_file_is_asked_for_again_after_the_longest_request() -> None:
    pending = removal("c", "r", now=100)
    later = pending.asked(now=100)
    assert later is not None
    assert later.due == (100 + LONGEST_REQUEST_SECONDS,)
    assert later.asked(now=100 + LONGEST_REQUEST_SECONDS) is None


def test_a_closed_collection_is_asked_for_until_a_day_has_passed() -> None:
    pending = closing("c", now=0)
    assert pending.due == tuple(map(float, AFTER_CLOSING))
    assert paths([pending]) == ["/c/*", "/api/files/c/*"]
