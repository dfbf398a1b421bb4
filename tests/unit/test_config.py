import pytest

from pocketfiles.config import ConfigError, Settings

NAMES = {"TABLE_NAME": "t", "BUCKET_NAME": "b"}


def test_names_alone_give_the_defaults() -> None:
    assert Settings.from_env(NAMES, files=True) == Settings(table_name="t", bucket_name="b")


def test_the_token_function_has_no_bucket() -> None:
    assert Settings.from_env(NAMES, files=False).bucket_name == ""


@pytest.mark.parametrize("name", ["TABLE_NAME", "BUCKET_NAME"])
def test_a_missing_name_is_told_by_name(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Settings.from_env({**NAMES, name: ""}, files=True)


NUMBERS = {
    "CATALOGUE_TTL_SECONDS": "catalogue_ttl",
    "INLINE_LIMIT_BYTES": "inline_limit",
    "REDIRECT_SECONDS": "redirect_seconds",
    "RULE_MAX_ROWS": "rule_max_rows",
    "THUMB_JPEG_QUALITY": "thumb_jpeg_quality",
    "THUMB_WEBP_QUALITY": "thumb_webp_quality",
    "THUMB_PNG_TOLERANCE": "thumb_png_tolerance",
    "THUMB_MAX_SOURCE_BYTES": "thumb_max_source_bytes",
    "THUMB_MAX_PIXELS": "thumb_max_pixels",
    "THUMB_MAX_OUTPUT_PIXELS": "thumb_max_output_pixels",
}


@pytest.mark.parametrize(("name", "attribute"), NUMBERS.items())
def test_every_number_can_be_set(name: str, attribute: str) -> None:
    value = 0 if name == "THUMB_PNG_TOLERANCE" else 77
    assert getattr(Settings.from_env({**NAMES, name: str(value)}, files=True), attribute) == value


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["x", "-1", "1.5", "٣", "9" * 20, " 1"])
def test_a_bad_number_is_told_by_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Settings.from_env({**NAMES, name: value}, files=True)


def test_more_than_lambda_can_answer_is_no_inline_limit() -> None:
    with pytest.raises(ConfigError, match="INLINE_LIMIT_BYTES"):
        Settings.from_env({**NAMES, "INLINE_LIMIT_BYTES": "5000000"}, files=True)
