"""Binary formats that are recognised by their first bytes, with PocketBase's names for them.

These are the formats for which the package filetype has no signature or another name.
"""

import re
from collections.abc import Callable
from typing import NamedTuple


class Signature(NamedTuple):
    """Bytes at a place, and the content type of a file that has them there."""

    offset: int
    magic: bytes
    content_type: str


SIGNATURES = (
    Signature(0, b"\xff\x0a", "image/jxl"),
    Signature(0, b"\x00\x00\x00\x0cJXL \x0d\x0a\x87\x0a", "image/jxl"),
    Signature(0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    Signature(0, b"wOFF", "font/woff"),
    Signature(0, b"wOF2", "font/woff2"),
    Signature(0, b"glTF\x02\x00\x00\x00", "model/gltf-binary"),
    Signature(0, b"glTF\x01\x00\x00\x00", "model/gltf-binary"),
    Signature(0, b"PAR1", "application/vnd.apache.parquet"),
    Signature(0, b"MZ", "application/vnd.microsoft.portable-executable"),
    Signature(0, b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel", "video/x-ms-asf"),
    Signature(0, b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    Signature(0, b"d8:announce", "application/x-bittorrent"),
    Signature(0, b"#EXTM3U", "application/vnd.apple.mpegurl"),
    Signature(60, b"BOOKMOBI", "application/x-mobipocket-ebook"),
    Signature(128, b"DICM", "application/dicom"),
)

RENAMED = {
    "audio/mp4": "audio/x-m4a",
    "audio/ogg": "application/ogg",
    "audio/x-aiff": "audio/aiff",
    "audio/x-flac": "audio/flac",
    "audio/x-wav": "audio/wav",
    "image/apng": "image/vnd.mozilla.apng",
    "image/jpx": "image/jp2",
}
"""PocketBase's names for formats that filetype recognises under other names."""

NOT_RECOGNISED = frozenset({"application/font-sfnt", "image/vnd.dwg"})
"""Formats of filetype whose few bytes PocketBase does not take for proof."""

_VIDEO_MP4 = "video/mp4"
_BRANDS = {
    "audio/mp4": ("F4A ", "F4B ", "M4B ", "M4P "),
    "audio/x-m4a": ("M4A ",),
    "image/avif": ("avif", "avis"),
    "image/heic": ("heic", "heix"),
    "image/heic-sequence": ("hevc", "hevx"),
    "image/heif": ("mif1", "heim", "heis", "avic"),
    "image/heif-sequence": ("msf1", "hevm", "hevs", "avcs"),
    "video/3gpp": ("3gp1", "3gp2", "3gp3", "3gp4", "3gp5", "3gp6", "3gp7", "3gs7", "3ge6", "3ge7"),
    "video/3gpp2": ("3g24", "3g25", "3g26", "3g2a", "3g2b", "3g2c", "KDDI"),
    "video/quicktime": ("qt  ", "mqt "),
    "video/x-m4v": ("M4V ", "M4VH", "M4VP"),
}
_TYPE_OF_BRAND = {brand: kind for kind, brands in _BRANDS.items() for brand in brands}
"""Content type by the major brand of an ISO base media file (ISO/IEC 14496-12 §4.3)."""

_FTYP = slice(4, 8)
_MAJOR_BRAND = slice(8, 12)
_ZIP_MEMBER = b"PK\x03\x04"
_ZIP_NAME = 30
"""Where a member's name begins, from its signature on (APPNOTE.TXT §4.3.7)."""
_ANDROID = (b"AndroidManifest.xml", b"classes.dex", b"resources.arsc")
_PDF = b"%PDF-"
_PDF_BYTES = 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SFNT = {b"\x00\x01\x00\x00": "font/ttf", b"OTTO": "font/otf"}
_FIRST_TABLE_TAG = slice(12, 16)
_TABLE_TAG = re.compile(rb"[A-Za-z0-9/ ]{4}")


def recognise(head: bytes) -> str:
    """Return the content type of a binary file; empty if it is none of the formats here."""
    for signature in SIGNATURES:
        if head.startswith(signature.magic, signature.offset):
            return signature.content_type
    return next(filter(None, (look(head) for look in _LOOKS)), "")


def is_ole(head: bytes) -> bool:
    """Whether it is a compound file of Microsoft's, whatever is stored in it."""
    return head.startswith(_OLE)


def _iso_media(head: bytes) -> str:
    if head[_FTYP] != b"ftyp":
        return ""
    return _TYPE_OF_BRAND.get(head[_MAJOR_BRAND].decode("latin-1"), _VIDEO_MP4)


def _zip(head: bytes) -> str:
    if not head.startswith(_ZIP_MEMBER):
        return ""
    names = [
        head[match.start() + _ZIP_NAME :] for match in re.finditer(re.escape(_ZIP_MEMBER), head)
    ]
    if any(name.startswith(_ANDROID) for name in names):
        return "application/vnd.android.package-archive"
    if any(name.startswith(b"META-INF/MANIFEST.MF") for name in names):
        return "application/java-archive"
    return ""


def _pdf(head: bytes) -> str:
    """A PDF's header may stand anywhere in the first KiB, as its readers accept it."""
    return "application/pdf" if _PDF in head[:_PDF_BYTES] else ""


def _font(head: bytes) -> str:
    """A font begins with the tags of its tables; four bytes alone would be found in other files."""
    kind = _SFNT.get(head[:4], "")
    return kind if _TABLE_TAG.fullmatch(head[_FIRST_TABLE_TAG]) else ""


_LOOKS: tuple[Callable[[bytes], str], ...] = (_iso_media, _zip, _pdf, _font)
