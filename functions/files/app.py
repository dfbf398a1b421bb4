"""GET, HEAD and OPTIONS of a file, and the JSON 404 of every other path and method."""

import os
import time
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pocketfiles import aws, gateway
from pocketfiles.access import Access
from pocketfiles.catalogue.cached import Catalogue, Reader
from pocketfiles.catalogue.table import Table
from pocketfiles.config import Settings
from pocketfiles.deliver import Deliverer
from pocketfiles.serve import FileService, Store
from pocketfiles.storage import Storage
from pocketfiles.thumbs.make import Picture, Render, ThumbMaker
from pocketfiles.thumbs.size import ThumbSize

log = Logger()


@cache
def service() -> FileService:
    """The use case with its real parts, built at the first request."""
    settings = Settings.from_env(os.environ, files=True)
    table = Table(aws.client("dynamodb"), settings.table_name)
    storage = Storage(aws.client("s3"), settings.bucket_name, aws.presigning_client)
    return assemble(settings, table, storage)


def assemble(settings: Settings, table: Reader, storage: Store) -> FileService:
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

        options = render.Options(
            jpeg_quality=settings.thumb_jpeg_quality,
            webp_quality=settings.thumb_webp_quality,
            max_source_bytes=settings.thumb_max_source_bytes,
            max_pixels=settings.thumb_max_pixels,
            max_output_pixels=settings.thumb_max_output_pixels,
        )
        return render.render(data, size, options)

    return render_thumb


@log.inject_lambda_context(log_event=False)  # whatever the environment says: it holds tokens
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point: a payload-2.0 event in, a payload-2.0 response out."""
    with aws.within(context.get_remaining_time_in_millis() / 1000):
        return gateway.answer(event, lambda request: service().answer(request, time.time()), log)
