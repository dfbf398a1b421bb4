"""GET, HEAD and OPTIONS of a file, and the JSON 404 of every other path and method."""

import os
import secrets
import time
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger

from pocketfiles import aws, gateway
from pocketfiles.access import Access
from pocketfiles.catalogue.cached import Catalogue
from pocketfiles.catalogue.table import Table
from pocketfiles.config import Settings
from pocketfiles.deliver import Deliverer
from pocketfiles.serve import FileService
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
    catalogue = Catalogue(table, settings.catalogue_ttl, time.monotonic)
    return FileService(
        catalogue=catalogue,
        store=storage,
        access=Access(catalogue, settings.rule_max_rows),
        thumbs=ThumbMaker(
            storage,
            renderer(settings),
            inline_limit=settings.inline_limit,
            max_source_bytes=settings.thumb_max_source_bytes,
            clock=time.monotonic,
        ),
        deliverer=Deliverer(
            storage,
            inline_limit=settings.inline_limit,
            redirect_seconds=settings.redirect_seconds,
            boundary=lambda: secrets.token_hex(30),
        ),
        inline_limit=settings.inline_limit,
    )


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


@log.inject_lambda_context
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point: a payload-2.0 event in, a payload-2.0 response out."""
    return gateway.answer(event, lambda request: service().answer(request, time.time()), log)
