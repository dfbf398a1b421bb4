import pytest

from pocketfiles.http.caching import CachePolicy

PUBLIC = "max-age=2592000, stale-while-revalidate=86400"


@pytest.mark.parametrize(
    ("policy", "of_the_file", "of_a_redirect"),
    [
        (CachePolicy(), PUBLIC, "public, max-age=450"),
        (CachePolicy(is_by_name=True), "max-age=2592000, s-maxage=60", "public, max-age=60"),
        (CachePolicy(is_fallback=True), "no-store", "private, no-store"),
        (CachePolicy(private=True), "private, no-cache", "private, no-store"),
        (CachePolicy(True, 120.9), "private, max-age=120", "private, no-store"),
        (CachePolicy(True, 1e12), "private, max-age=2592000", "private, no-store"),
        (CachePolicy(True, -3), "private, max-age=0", "private, no-store"),
        (CachePolicy(True, 120, is_fallback=True), "private, no-store", "private, no-store"),
    ],
)
def test_protected_files_are_private_and_fallbacks_are_not_stored(
    policy: CachePolicy, of_the_file: str, of_a_redirect: str
) -> None:
    assert policy.cache_control() == of_the_file
    assert policy.redirect_cache_control(900) == of_a_redirect


@pytest.mark.parametrize(
    ("seconds_left", "seconds"), [(None, 900), (1e9, 900), (60.9, 60), (0.4, 1), (-5, 1)]
)
def test_a_redirect_lives_no_longer_than_the_token(
    seconds_left: float | None, seconds: int
) -> None:
    assert CachePolicy(True, seconds_left).redirect_seconds(900) == seconds
