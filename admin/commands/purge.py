"""``purge``: ask CloudFront to forget a file, a record's files or a whole collection's.

With `--stack NAME`, every command does so by itself for what it removes, replaces or closes.
CloudFront cannot make browsers forget.
"""

import argparse
from urllib.parse import unquote, urlsplit

from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.table import Table

from ..errors import AdminError
from ..sync import invalidation
from ..target.deployment import Deployment
from . import arguments, output

_EXAMPLE = "purge photos holiday0000001 --stack pocketfiles"
_FILE_SEGMENTS = 5  # api, files, collection, record, file


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "purge", __doc__, _EXAMPLE)
    parser.add_argument("what", metavar="URL|COLLECTION", help="a file's URL, or a name or id")
    parser.add_argument("record", metavar="RECORD", nargs="?", default="", help="one record's id")
    arguments.add_table(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Ask, and print the paths."""
    target = arguments.deployment_of(parsed)
    if not target.distribution:
        raise AdminError("this deployment names no CloudFront distribution: give --stack NAME")
    collection, record = _named(parsed.what, parsed.record)
    paths = _paths(target, collection, record)
    target.edge().invalidate(paths)
    output.say(f"asked CloudFront to forget {', '.join(paths)}")
    return 0


def _named(what: str, record: str) -> tuple[str, str]:
    """The collection and the record that the arguments name; an empty record for all of them."""
    if "/" not in what:
        return what, record
    segments = [unquote(each) for each in urlsplit(what).path.strip("/").split("/")]
    if len(segments) != _FILE_SEGMENTS or segments[:2] != ["api", "files"]:
        raise AdminError(f"{what} is no file's URL: /api/files/COLLECTION/RECORD/FILE")
    return segments[2], segments[3]


def _paths(target: Deployment, name_or_id: str, record: str) -> list[str]:
    _, dynamodb = target.clients()
    collection = snapshot_of(Table(dynamodb, target.table)).collections.find(name_or_id)
    if collection is None:
        raise AdminError(f"there is no collection {name_or_id}")
    return invalidation.folder_paths(collection.id, record)
