"""``put``: upload files to a field of a record, or set other fields; a missing record is created.

A file replaces the one in a single field and is added to a multiple one.
"""

import argparse
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

from pocketfiles.catalogue.model import Collection, Field
from pocketfiles.locate import path_of
from pocketfiles.thumbs.size import THUMBABLE

from ..errors import AdminError
from ..wording import counted
from . import arguments, output

_EXAMPLE = "put photos holiday0000001 image beach.jpg --set owner=userada00000000 --stack acme"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "put", __doc__, _EXAMPLE)
    arguments.add_record(parser)
    parser.add_argument("field", metavar="FIELD", nargs="?", help="a file field")
    parser.add_argument(
        "files", metavar="FILE", nargs="*", type=Path, default=[], help="files to upload"
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="another field's value; ids of a multiple relation with commas between",
    )
    arguments.add_target(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Upload, update, and print where each file is served."""
    values = dict(_pair(text) for text in parsed.set)
    records = arguments.records_of(parsed)
    collection = records.collection(parsed.collection)
    field = file_field(collection, parsed.field) if parsed.field else None
    if field and not parsed.files:
        raise AdminError("name at least one file to upload")
    if field and not field.multiple and len(parsed.files) > 1:
        raise AdminError(f"field {field.name} holds one file")
    size = sum(path.stat().st_size for path in parsed.files if path.is_file())
    with output.byte_bar(size) as on_bytes:
        stored, new = records.put(collection, parsed.record, field, parsed.files, values, on_bytes)
    origin = parsed.deployment.url
    urls = [origin + path_of(collection.name, parsed.record, name) for name in stored]
    for path, url in zip(parsed.files, urls, strict=True):
        note = " (protected: add ?token=)" if field and field.protected else ""
        output.say(f"{path} -> {url}{note}")
    if field and len(urls) == 1:
        for line in _thumbs(urls[0], field):
            output.say(line)
    done = "created" if new else "updated"
    output.say(
        f"{done} {collection.name}/{parsed.record}: "
        f"{counted(len(stored), 'file')} stored, {counted(len(values), 'field')} set"
    )
    return 0


def file_field(collection: Collection, name: str) -> Field:
    """Find a file field of the collection. Raises ``AdminError``."""
    field = collection.field(name)
    if field is None or field.type != "file":
        known = ", ".join(each.name for each in collection.file_fields)
        raise AdminError(f"{collection.name} has no file field {name}; it has: {known or 'none'}")
    return field


def _thumbs(url: str, field: Field) -> Iterator[str]:
    """Where the thumbs of a picture that everybody may see are served."""
    content_type, _ = mimetypes.guess_type(url, strict=False)
    if content_type in THUMBABLE and not field.protected:
        for size in field.thumbs:
            yield f"thumb {size}: {url}?{urlencode({'thumb': size})}"


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise AdminError(f"--set {text}: NAME=VALUE is expected")
    return name, value
