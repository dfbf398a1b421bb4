"""Builds the files function's use case over any table and bucket, and its audit log."""

import os
import time
from collections.abc import Mapping

from pocketfiles import audit_log as audits
from pocketfiles import aws
from pocketfiles.access import Access
from pocketfiles.catalogue.cached import Catalogue, Generations
from pocketfiles.config import ConfigError, Settings
from pocketfiles.deliver import Deliverer, Limits
from pocketfiles.serve import FileService, Store
from pocketfiles.thumb_store import Picture, Render, ThumbMaker
from pocketfiles.thumbs.size import ThumbSize


def file_service(settings: Settings, table: Generations, storage: Store) -> FileService:
    """The use case over any table and bucket."""
    catalogue = Catalogue(
        table, settings.catalogue_ttl, time.monotonic, settings.catalogue_stale_seconds
    )
    thumbs = ThumbMaker(
        storage,
        renderer(settings),
        inline_limit=settings.inline_limit,
        max_source_bytes=settings.thumbs.max_source_bytes,
        clock=time.time,
    )
    limits = Limits(settings.inline_limit, settings.redirect_seconds, settings.media_ranges)
    deliverer = Deliverer(storage, limits, boundary=lambda: os.urandom(30).hex())
    access = Access(settings.rules)
    return FileService(
        catalogue,
        storage,
        access,
        thumbs,
        deliverer,
        inline_limit=settings.inline_limit,
        max_sync_age=settings.max_sync_age,
        thumb_formats=settings.thumbs.formats,
        cdn_direct=settings.cdn_direct,
    )


def audit_log(env: Mapping[str, str]) -> audits.AuditLog | None:
    """The audit log, if the settings name one.

    None where the settings are wrong: every request fails then, before it opens a file.
    """
    try:
        settings = Settings.from_env(env, files=True)
    except ConfigError:
        return None
    if not settings.audit_log_group:
        return None
    client = aws.client("logs", audits.TIMEOUTS)
    return audits.AuditLog(client, settings.audit_log_group, settings.audit_log_stream)


def renderer(settings: Settings) -> Render:
    """A renderer that loads Pillow when the first thumb is made."""

    def render_thumb(data: bytes, size: ThumbSize, format_name: str) -> Picture:
        from pocketfiles.thumbs import render  # noqa: PLC0415 - only making thumbs needs Pillow

        return render.render(data, size, settings.thumbs, format_name)

    return render_thumb
