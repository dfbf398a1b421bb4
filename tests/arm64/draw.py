"""Make a thumb in each format with the layers of another architecture. Run by ``tests/arm64/run``.

Written for the emulated Python, which has the functions, their layers and nothing else.
"""

import platform
from io import BytesIO
from pathlib import Path

import apsw
import botocore.session
from PIL import Image

from pocketfiles.thumbs import libvips
from pocketfiles.thumbs.render import render
from pocketfiles.thumbs.size import ThumbSize

PHOTOS = Path("local/demo/pb_data/storage/pbc_1063624087/photo0000000001")
SIZE = ThumbSize(100, 100)
CASES = (
    ("photo_ik2461xl3x.png", "", "image/png"),
    ("photo_u8xiok0v9c.jpg", "", "image/jpeg"),
    ("photo_u8xiok0v9c.jpg", "avif", "image/avif"),
    ("photo_u8xiok0v9c.jpg", "webp", "image/webp"),
    ("photo_g7h7r4cjvw.webp", "", "image/webp"),
    ("still_rjrzgi1rdj.gif", "", "image/gif"),
)
"""The demo's file, the format that is asked for, and the type of the thumb."""


def main() -> None:
    assert platform.machine() == "aarch64", platform.machine()
    for name, format_name, content_type in CASES:
        thumb = render((PHOTOS / name).read_bytes(), SIZE, format_name=format_name)
        assert thumb.content_type == content_type, thumb.content_type
        image = Image.open(BytesIO(thumb.body))
        image.load()
        assert image.size == (100, 100), image.size
        print(f"{name} {content_type} {len(thumb.body)} bytes", flush=True)
    assert botocore.session.get_session().get_service_model("s3")
    assert libvips.load() is not None
    print(f"libvips and SQLite {apsw.sqlitelibversion()} are loaded")


if __name__ == "__main__":
    main()
