import re
from dataclasses import replace

import pytest

from pocketfiles.config import ConfigError, Settings
from tests.conftest import ROOT

NAMES = {"TABLE_NAME": "t", "BUCKET_NAME": "b"}
DEFAULTS = Settings(table_name="t", bucket_name="b")


def test_names_alone_give_the_defaults() -> None:
    assert Settings.from_env(NAMES, files=True) == DEFAULTS


def test_the_token_function_has_no_bucket() -> None:
    assert Settings.from_env(NAMES, files=False).bucket_name == ""


@pytest.mark.parametrize("name", ["TABLE_NAME", "BUCKET_NAME"])
def test_the_error_names_a_missing_variable(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Settings.from_env({**NAMES, name: ""}, files=True)


NUMBERS = {
    "CATALOGUE_TTL_SECONDS": lambda value: replace(DEFAULTS, catalogue_ttl=value),
    "LOG_PERCENT": lambda value: replace(DEFAULTS, log_percent=value),
    "CATALOGUE_STALE_SECONDS": lambda value: replace(DEFAULTS, catalogue_stale_seconds=value),
    "MAX_SYNC_AGE_SECONDS": lambda value: replace(DEFAULTS, max_sync_age=value),
    "INLINE_LIMIT_BYTES": lambda value: replace(DEFAULTS, inline_limit=value),
    "REDIRECT_SECONDS": lambda value: replace(DEFAULTS, redirect_seconds=value),
    **{
        f"RULE_{option.upper()}": lambda value, option=option: replace(
            DEFAULTS, rules=replace(DEFAULTS.rules, **{option: value})
        )
        for option in vars(DEFAULTS.rules)
    },
    **{
        f"THUMB_{option.upper()}": lambda value, option=option: replace(
            DEFAULTS, thumbs=replace(DEFAULTS.thumbs, **{option: value})
        )
        for option, default in vars(DEFAULTS.thumbs).items()
        if isinstance(default, int) and option != "max_memory"
    },
}
"""Each numeric variable, and the settings that it alone leads to."""


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_can_be_set(name: str) -> None:
    value = 0 if name == "THUMB_PNG_TOLERANCE" else 77
    assert Settings.from_env({**NAMES, name: str(value)}, files=True) == NUMBERS[name](value)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["x", "-1", "1.5", "٣", "9" * 20, " 1"])
def test_the_error_names_a_bad_number(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        Settings.from_env({**NAMES, name: value}, files=True)


@pytest.mark.parametrize(
    ("text", "formats"),
    [("", ("avif", "webp")), ("webp", ("webp",)), ("webp,avif", ("webp", "avif")), ("none", ())],
)
def test_the_formats_on_offer_are_a_list(text: str, formats: tuple[str, ...]) -> None:
    settings = Settings.from_env({**NAMES, "THUMB_FORMATS": text}, files=True)
    assert settings.thumbs.formats == formats


@pytest.mark.parametrize("text", ["jpeg", "avif,avif", "avif,", "avif, webp", "none,avif"])
def test_a_format_that_is_not_offered_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError, match="THUMB_FORMATS"):
        Settings.from_env({**NAMES, "THUMB_FORMATS": text}, files=True)


@pytest.mark.parametrize(("text", "on"), [("", False), ("no", False), ("yes", True)])
def test_the_edge_is_known_of_where_it_is_deployed(text: str, *, on: bool) -> None:
    settings = Settings.from_env({**NAMES, "CDN_DIRECT": text}, files=True)
    assert settings.cdn_direct is on


@pytest.mark.parametrize(("text", "on"), [("", True), ("yes", True), ("no", False)])
def test_media_ranges_can_be_turned_off(text: str, on: bool) -> None:
    settings = Settings.from_env({**NAMES, "MEDIA_RANGES": text}, files=True)
    assert settings.media_ranges is on


def test_the_error_names_a_bad_switch() -> None:
    with pytest.raises(ConfigError, match="MEDIA_RANGES"):
        Settings.from_env({**NAMES, "MEDIA_RANGES": "true"}, files=True)


@pytest.mark.parametrize(
    ("megabytes", "limit"),
    [("512", 312 * 1024 * 1024), ("1769", 400_000_000), ("10240", 400_000_000), ("128", 0)],
)
def test_a_thumb_may_take_what_the_functions_memory_leaves(megabytes: str, limit: int) -> None:
    env = {**NAMES, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": megabytes}
    assert Settings.from_env(env, files=True).thumbs.max_memory == limit


def test_an_inline_limit_above_what_lambda_can_return_is_refused() -> None:
    with pytest.raises(ConfigError, match="INLINE_LIMIT_BYTES"):
        Settings.from_env({**NAMES, "INLINE_LIMIT_BYTES": "5000000"}, files=True)


def test_the_readme_states_every_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert {name for name, _ in rows} >= set(NUMBERS)
    for name, default in rows:
        assert Settings.from_env({**NAMES, name: default}, files=True) == DEFAULTS, name
