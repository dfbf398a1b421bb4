"""What CloudFront is asked to forget, and how often."""

from admin.sync.invalidation import AFTER_CLOSING, AFTER_REMOVAL, closing, paths, removal


def entries(collection_id: str, record_id: str) -> list[str]:
    return [entry for entry, _ in removal(f"{collection_id}/{record_id}/file", 0)]


def test_a_record_is_forgotten_under_its_key_and_under_the_apis_path() -> None:
    assert paths(entries("c", "r")) == ["/c/r/*", "/api/files/c/r/*"]


def test_many_records_of_one_collection_are_one_path() -> None:
    few = [entry for number in range(25) for entry in entries("c", f"r{number}")]
    assert len(paths(few)) == 50
    assert paths([*few, *entries("c", "one more")]) == ["/c/*", "/api/files/c/*"]


def test_a_removed_file_is_asked_for_again_after_the_longest_request() -> None:
    assert [due for _, due in removal("c/r/f", 100)] == [100 + delay for delay in AFTER_REMOVAL]


def test_a_closed_collection_is_asked_for_until_a_day_has_passed() -> None:
    found = dict(closing("c", 0))
    assert tuple(found.values()) == AFTER_CLOSING
    assert paths(found) == ["/c/*", "/api/files/c/*"]
