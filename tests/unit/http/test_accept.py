import pytest

from pocketfiles.http.accept import first_named

BROWSER = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
OFFERED = ("image/avif", "image/webp")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (BROWSER, "image/avif"),
        ("image/webp, image/avif", "image/avif"),
        ("IMAGE/WebP", "image/webp"),
        ("image/avif;q=0, image/webp;q=0.5", "image/webp"),
        ("image/avif; q=0.000", ""),
        ("image/avif;q=", "image/avif"),
        ("image/avif;level=0", "image/avif"),
        ("image/*, */*", ""),
        ("", ""),
        (";,;=,", ""),
    ],
)
def test_only_a_type_that_is_named_counts(accept: str, chosen: str) -> None:
    assert first_named(accept, OFFERED) == chosen


def test_what_is_not_offered_is_not_chosen() -> None:
    assert first_named(BROWSER, ["image/webp"]) == "image/webp"
    assert first_named(BROWSER, []) == ""
