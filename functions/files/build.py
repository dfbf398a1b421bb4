"""The files function's parts put together, over any table and bucket."""

import os
import time

from pocketfiles.access import Access
from pocketfiles.catalogue.cached import Catalogue, Reader
from pocketfiles.config import Settings
from pocketfiles.deliver import Deliverer
from pocketfiles.serve import FileService, Store
from pocketfiles.thumb_store import Picture, Render, ThumbMaker
from pocketfiles.thumbs.size import ThumbSize
from pocketfiles.thumbs.task import Options


def file_service(settings: Settings, table: Reader, storage: Store) -> FileService:
    """The use case over any table and bucket."""
    catalogue = Catalogue(table, settings.catalogue_ttl, time.monotonic)
    limits = {"inline_limit": settings.inline_limit}
    thumbs = ThumbMaker(
        storage,
        renderer(settings),
        max_source_bytes=settings.thumb_max_source_bytes,
        clock=time.monotonic,
        **limits,
    )
    deliverer = Deliverer(
        storage,
        redirect_seconds=settings.redirect_seconds,
        boundary=lambda: os.urandom(30).hex(),
        **limits,
    )
    access = Access(catalogue, settings.rule_max_rows)
    return FileService(catalogue, storage, access, thumbs, deliverer, **limits)


def renderer(settings: Settings) -> Render:
    """A renderer that loads Pillow when the first thumb is made."""

    def render_thumb(data: bytes, size: ThumbSize) -> Picture:
        from pocketfiles.thumbs import render  # noqa: PLC0415 - Pillow, for requests that make a thumb alone

        options = Options(
            jpeg_quality=settings.thumb_jpeg_quality,
            webp_quality=settings.thumb_webp_quality,
            png_tolerance=settings.thumb_png_tolerance,
            max_source_bytes=settings.thumb_max_source_bytes,
            max_pixels=settings.thumb_max_pixels,
            max_output_pixels=settings.thumb_max_output_pixels,
        )
        return render.render(data, size, options)

    return render_thumb
