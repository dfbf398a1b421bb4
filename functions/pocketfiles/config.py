"""The functions' settings, read once from the environment that template.yaml gives them."""

from collections.abc import Mapping
from dataclasses import dataclass

from pocketfiles.errors import PocketFilesError


class ConfigError(PocketFilesError):
    """A variable is missing or no number; ``reason`` names it."""


@dataclass(frozen=True)
class Settings:
    """Every setting of both functions; sizes in bytes, times in seconds."""

    table_name: str
    bucket_name: str = ""
    origin_secret_arn: str = ""
    catalogue_ttl: int = 1
    inline_limit: int = 4 * 1024 * 1024
    redirect_seconds: int = 900
    rule_max_rows: int = 1000
    thumb_jpeg_quality: int = 85
    thumb_webp_quality: int = 80
    thumb_png_tolerance: int = 1
    thumb_max_source_bytes: int = 50 * 1024 * 1024
    thumb_max_pixels: int = 60_000_000
    thumb_max_output_pixels: int = 16_777_216

    @classmethod
    def from_env(cls, env: Mapping[str, str], *, files: bool) -> "Settings":
        """The settings of one function. ``files`` tells the files function's, which needs a bucket.

        Raises ``ConfigError`` for a missing name or a value out of its range.
        """
        return cls(
            table_name=_text(env, "TABLE_NAME"),
            bucket_name=_text(env, "BUCKET_NAME") if files else "",
            origin_secret_arn=env.get("ORIGIN_SECRET_ARN", ""),
            catalogue_ttl=_number(env, "CATALOGUE_TTL_SECONDS", cls.catalogue_ttl, 0, 3600),
            inline_limit=_number(env, "INLINE_LIMIT_BYTES", cls.inline_limit, 0, cls.inline_limit),
            redirect_seconds=_number(env, "REDIRECT_SECONDS", cls.redirect_seconds, 1, 3600),
            rule_max_rows=_number(env, "RULE_MAX_ROWS", cls.rule_max_rows, 0, 100_000),
            thumb_jpeg_quality=_number(env, "THUMB_JPEG_QUALITY", cls.thumb_jpeg_quality, 1, 95),
            thumb_webp_quality=_number(env, "THUMB_WEBP_QUALITY", cls.thumb_webp_quality, 1, 100),
            thumb_png_tolerance=_number(env, "THUMB_PNG_TOLERANCE", cls.thumb_png_tolerance, 0, 1),
            thumb_max_source_bytes=_number(
                env, "THUMB_MAX_SOURCE_BYTES", cls.thumb_max_source_bytes, 0, 2**31
            ),
            thumb_max_pixels=_number(env, "THUMB_MAX_PIXELS", cls.thumb_max_pixels, 0, 10**9),
            thumb_max_output_pixels=_number(
                env, "THUMB_MAX_OUTPUT_PIXELS", cls.thumb_max_output_pixels, 0, 10**9
            ),
        )


def _text(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise ConfigError(f"{name} is missing")
    return value


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ConfigError(f"{name} is not a whole number from {least} to {most}")
    return int(text)
