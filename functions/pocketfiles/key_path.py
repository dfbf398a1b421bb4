"""A request whose path is an S3 key: what CloudFront asks when the bucket lacks an object.

CloudFront reads public files from the bucket by their keys. What is missing there it requests from
the API, by the same key behind ``/api/files`` and with the header ``x-path-is-key``, which its
origin ``api-by-key`` adds. Such a request is turned into the one that a client would send for the
same file. It is then decided like any other, so a key opens nothing that the file's own URL would
not.
"""

from dataclasses import replace

from pocketfiles import keys
from pocketfiles.http.messages import Request

HEADER = "x-path-is-key"
PREFIX = "/api/files/"
FORMATS = {"avif": "image/avif", "webp": "image/webp"}
"""Media type of the formats that a thumb's key may end in, beside the original's own."""


def as_file_request(request: Request) -> Request:
    """The request for the file that the path's key names; any other request unchanged.

    A thumb's size becomes the ``thumb`` parameter, and the format of its key the only one accepted.
    """
    if HEADER not in request.headers:
        return request
    headers = {name: value for name, value in request.headers.items() if name != HEADER}
    headers["accept"] = "*/*"
    match keys.parse(request.path.removeprefix(PREFIX)):
        case keys.Thumb(original, name):
            _, _, file = original.rpartition("/")
            size, format_name = _size_and_format(name, file)
            if format_name:
                headers["accept"] = FORMATS[format_name]
            path = PREFIX + original
            return replace(request, path=path, query={"thumb": size}, headers=headers)
        case _:
            return replace(request, query={}, headers=headers)


def _size_and_format(name: str, file: str) -> tuple[str, str]:
    """The size and the extra format in a name such as ``100x100_a.jpg.avif``."""
    for format_name in FORMATS:
        ending = f"_{file}.{format_name}"
        if name.endswith(ending):
            return name.removesuffix(ending), format_name
    return name.removesuffix(f"_{file}"), ""
