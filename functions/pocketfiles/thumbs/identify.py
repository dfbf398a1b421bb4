"""Tells the picture formats apart by their first bytes, and reads the header."""

from pocketfiles.errors import ThumbFailed
from pocketfiles.thumbs.formats import (
    gif,
    jpeg,
    png,
    png_chunks,
    webp,
)
from pocketfiles.thumbs.formats.header import Header


def read(data: bytes) -> Header:
    """The header of a JPEG, PNG, GIF or WebP picture.

    Raises ThumbFailed: ``unsupported`` (none of these formats, or a rare kind of JPEG), ``corrupt``
    (a broken structure, or a width or height of 0), ``truncated``, ``too-many-chunks``.
    """
    try:
        header = _read(data)
    except IndexError as error:
        raise ThumbFailed("truncated") from error
    if not (header.width and header.height):
        raise ThumbFailed("corrupt")
    return header


def _read(data: bytes) -> Header:
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.read(data)
    if data.startswith(png_chunks.SIGNATURE):
        return png.read(data)
    if data.startswith(gif.SIGNATURES):
        return gif.read(data)
    if webp.is_webp(data):
        return webp.read(data)
    raise ThumbFailed("unsupported")
