"""The settings of the functions, read once from the environment that template.yaml gives them.

Every default stands here and nowhere else in the code. Tests compare the template and the README
with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pocketfiles.errors import PocketFilesError

MAX_INLINE_BYTES = 4 * 1024 * 1024
"""Largest body sent inline: base64 makes 5.6 MB of it, and a Lambda response may have 6 MB."""

MEGABYTE = 1024 * 1024

MAX_LAMBDA_MEMORY = 10_240
"""Most memory of a Lambda function, in megabytes."""

IDLE_MEMORY = 200
"""Megabytes that the function takes without a thumb: Python, the SDK, Pillow, libvips, a reply."""


class ConfigError(PocketFilesError):
    """A variable is missing or out of range. ``reason`` names it."""


@dataclass(frozen=True)
class ThumbOptions:
    """Encoder settings and limits of a thumb (docs/performance.md has the measurements).

    ``formats``: what clients may ask for beside the original's format, best first: ``avif``,
    ``webp``. ``png_tolerance``: maximum error per channel, on a scale of 0 to 255, in PNG thumbs
    of many colours; 0 is lossless. Limits in bytes and pixels.
    """

    jpeg_quality: int = 85
    webp_quality: int = 80
    avif_quality: int = 66
    png_tolerance: int = 1
    max_source_bytes: int = 50 * 1024 * 1024
    max_pixels: int = 60_000_000
    max_output_pixels: int = 16_777_216
    max_memory: int = 400_000_000
    formats: tuple[str, ...] = ("avif", "webp")


@dataclass(frozen=True)
class RuleLimits:
    """How much one view rule may read and work. Time is no limit, so that a decision does not
    depend on the processor.

    ``max_rows``: records of one collection; ``max_bytes``: of all records; ``max_steps``:
    instructions of SQLite's virtual machine, where ten characters that ``~`` may have to compare,
    or ten bytes of JSON that are read for a row, count as one.
    """

    max_rows: int = 1000
    max_bytes: int = 64 * 1024 * 1024
    max_steps: int = 50_000_000


_THUMBS = ThumbOptions()
_RULES = RuleLimits()


@dataclass(frozen=True)
class Settings:
    """The settings of both functions. Sizes in bytes, times in seconds."""

    table_name: str
    bucket_name: str = ""
    origin_secret: str = field(default="", repr=False)
    trusted_proxies: str = ""
    catalogue_ttl: int = 1
    catalogue_stale_seconds: int = 60
    max_sync_age: int = 0
    inline_limit: int = MAX_INLINE_BYTES
    redirect_seconds: int = 900
    media_ranges: bool = True
    cdn_direct: bool = False
    log_percent: int = 100
    audit_log_group: str = ""
    audit_log_stream: str = ""
    rules: RuleLimits = _RULES
    thumbs: ThumbOptions = _THUMBS

    @classmethod
    def from_env(cls, env: Mapping[str, str], *, files: bool) -> "Settings":
        """The settings of one function; ``files`` for the files function, which needs a bucket.

        Raises ``ConfigError`` for a missing name or a number out of range.
        """
        return cls(
            table_name=_text(env, "TABLE_NAME"),
            bucket_name=_text(env, "BUCKET_NAME") if files else "",
            origin_secret=env.get("ORIGIN_SECRET", ""),
            trusted_proxies=env.get("TRUSTED_PROXIES", ""),
            catalogue_ttl=_number(env, "CATALOGUE_TTL_SECONDS", cls.catalogue_ttl, 0, 3600),
            catalogue_stale_seconds=_number(
                env, "CATALOGUE_STALE_SECONDS", cls.catalogue_stale_seconds, 0, 3600
            ),
            max_sync_age=_number(env, "MAX_SYNC_AGE_SECONDS", cls.max_sync_age, 0, 10**8),
            inline_limit=_number(env, "INLINE_LIMIT_BYTES", cls.inline_limit, 0, MAX_INLINE_BYTES),
            redirect_seconds=_number(env, "REDIRECT_SECONDS", cls.redirect_seconds, 1, 3600),
            media_ranges=_switch(env, "MEDIA_RANGES", cls.media_ranges),
            cdn_direct=_switch(env, "CDN_DIRECT", cls.cdn_direct),
            log_percent=_number(env, "LOG_PERCENT", cls.log_percent, 1, 100),
            audit_log_group=env.get("AUDIT_LOG_GROUP", ""),
            audit_log_stream=env.get("AUDIT_LOG_STREAM", ""),
            rules=_rule_limits(env),
            thumbs=_thumb_options(env),
        )


def _rule_limits(env: Mapping[str, str]) -> RuleLimits:
    return RuleLimits(
        max_rows=_number(env, "RULE_MAX_ROWS", _RULES.max_rows, 0, 100_000),
        max_bytes=_number(env, "RULE_MAX_BYTES", _RULES.max_bytes, 0, 2**31),
        max_steps=_number(env, "RULE_MAX_STEPS", _RULES.max_steps, 0, 10**12),
    )


def _thumb_options(env: Mapping[str, str]) -> ThumbOptions:
    return ThumbOptions(
        jpeg_quality=_number(env, "THUMB_JPEG_QUALITY", _THUMBS.jpeg_quality, 1, 95),
        webp_quality=_number(env, "THUMB_WEBP_QUALITY", _THUMBS.webp_quality, 1, 100),
        avif_quality=_number(env, "THUMB_AVIF_QUALITY", _THUMBS.avif_quality, 1, 100),
        png_tolerance=_number(env, "THUMB_PNG_TOLERANCE", _THUMBS.png_tolerance, 0, 1),
        max_source_bytes=_number(env, "THUMB_MAX_SOURCE_BYTES", _THUMBS.max_source_bytes, 0, 2**31),
        max_pixels=_number(env, "THUMB_MAX_PIXELS", _THUMBS.max_pixels, 0, 10**9),
        max_output_pixels=_number(
            env, "THUMB_MAX_OUTPUT_PIXELS", _THUMBS.max_output_pixels, 0, 10**9
        ),
        max_memory=_memory_for_thumbs(env),
        formats=thumb_formats(env.get("THUMB_FORMATS", "")),
    )


def thumb_formats(text: str) -> tuple[str, ...]:
    """The formats of ``THUMB_FORMATS``: names joined by commas; ``none`` offers none.

    Empty text gives the default. Raises ``ConfigError``.
    """
    if not text:
        return _THUMBS.formats
    if text == "none":
        return ()
    chosen = tuple(text.split(","))
    are_known = set(chosen) <= set(_THUMBS.formats)
    has_repeated = len(set(chosen)) < len(chosen)
    if has_repeated or not are_known:
        raise ConfigError("THUMB_FORMATS is not none or a list of avif and webp")
    return chosen


def _memory_for_thumbs(env: Mapping[str, str]) -> int:
    """What is left of the function's memory, which Lambda names, but no more than the default."""
    megabytes = _number(
        env, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", MAX_LAMBDA_MEMORY, 128, MAX_LAMBDA_MEMORY
    )
    free = max(0, megabytes - IDLE_MEMORY) * MEGABYTE
    return min(free, _THUMBS.max_memory)


def _text(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if not value:
        raise ConfigError(f"{name} is missing")
    return value


def _number(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name, "")
    if not text:
        return default
    is_number = text.isascii() and text.isdigit()
    if not is_number or not least <= int(text) <= most:
        raise ConfigError(f"{name} is not a whole number from {least} to {most}")
    return int(text)


def _switch(env: Mapping[str, str], name: str, default: bool) -> bool:
    text = env.get(name, "")
    if text not in {"", "yes", "no"}:
        raise ConfigError(f"{name} is neither yes nor no")
    return text == "yes" if text else default
